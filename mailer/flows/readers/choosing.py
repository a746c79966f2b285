"""What a reader chooses: publications, rhythm, pause, language, plain text, measurement.

Whoever holds a link from a reader's mail may choose for them, and is never asked to log
in. So a choice can always be seen on the page and made again, what it joined can be left
with one click, and nothing on the page tells more of the address than its mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

import structlog

from mailer.audience.bearer import Bearer, read_bearer
from mailer.audience.subscriber import How, Rhythm, Standing, Subscriber
from mailer.audience.token import Keyring, Purpose
from mailer.errors import TokenError
from mailer.flows.ports import Clock, Readers

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How somebody wants to get one publication; ``wording`` is what joining it said."""

    rhythm: Rhythm = Rhythm.EVERY
    paused_until: date | None = None
    wording: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What somebody has chosen; what is None, or not named, stays as it is.

    ``takes`` maps a publication to how it is wanted, or to None: not any more.
    ``tracking_wording`` is what stood beside the box for measurement. ``how`` is the way
    by which it came, for the log.
    """

    takes: Mapping[str, Taking | None] = field(default_factory=dict)
    lang: str | None = None
    text_only: bool | None = None
    tracking: bool | None = None
    tracking_wording: str = ""
    how: How = How.PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a choice changed: publications joined and left, and whether anything did."""

    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    changed: bool = False


class Preferences(Protocol):
    """The port to what readers choose. Durable when it returns; StoreError."""

    async def choose(
        self, subscriber: int, choices: Choices, *, publication: str, now: datetime
    ) -> Chosen | None:
        """Write down what differs, and log what was agreed to; None for nobody.

        Who joins is active at once: the link proves the mailbox. An address that is
        suppressed joins nothing. *publication* is the one whose mail led here. Who
        pauses is taken out of the runs that have not reached them yet.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosingDesk:
    """What choosing needs."""

    preferences: Preferences
    readers: Readers
    keyring: Keyring
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """Whose preferences a link opens, and from which publication's mail it came."""

    bearer: Bearer
    person: Subscriber


async def who_chooses(
    token: str, desk: ChoosingDesk, purpose: Purpose = Purpose.PREFERENCES
) -> Chooser | None:
    """Whom *token* lets choose; None if nobody we still know takes, or took, that paper."""
    try:
        bearer = read_bearer(desk.keyring, purpose, token)
    except TokenError:
        return None
    person = await desk.readers.known(bearer.subscriber)
    if person is None or not person.email:
        return None
    if all(taken.publication != bearer.publication for taken in person.subscriptions):
        return None
    return Chooser(bearer=bearer, person=person)


async def choose(
    chooser: Chooser, choices: Choices, desk: ChoosingDesk
) -> Chosen | None:
    """Write *choices* down; None if the reader is gone meanwhile. StoreError: ask again."""
    bearer = chooser.bearer
    chosen = await desk.preferences.choose(
        bearer.subscriber,
        choices,
        publication=bearer.publication,
        now=desk.clock.now(),
    )
    if chosen is not None and chosen.changed:
        log.info(
            "reader.chose",
            subscriber=bearer.subscriber,
            joined=list(chosen.joined),
            left=list(chosen.left),
        )
    return chosen


def takes(person: Subscriber, publication: str) -> bool:
    """Whether *person* is written to for *publication*, paused or not."""
    return any(
        taken.publication == publication and taken.standing is Standing.ACTIVE
        for taken in person.subscriptions
    )
