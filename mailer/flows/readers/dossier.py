"""Everything held about one reader: shown to them as JSON, or erased at their word.

A link to leave or to choose lies in every edition, and editions are forwarded. So neither
the data nor their end is behind such a link: a letter to the address itself brings one
that works for a day. Nobody is asked to log in; the mailbox is the proof.

Sources: GDPR art. 15 and 20 (access, in a format that programs read), art. 17 (erasure).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from mailer.audience.bearer import Bearer, read_dated_bearer, spell
from mailer.audience.subscriber import Subscriber
from mailer.audience.token import Keyring, Purpose
from mailer.errors import TokenError
from mailer.flows.ports import Clock
from mailer.flows.readers.correspondence import LetterKind, LetterOrder, Letters

log = structlog.get_logger()

LIFE = timedelta(days=1)
"""For so long the link of the letter works."""

_OFTEN = timedelta(minutes=15)
"""Two letters to one reader lie so far apart, whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What is held about somebody: ``facts`` by kind, ready for JSON; each complete."""

    person: Subscriber
    facts: Mapping[str, object]

    def counts(self) -> Mapping[str, int]:
        """How many of each kind that there are several of."""
        return {
            kind: len(found)
            for kind, found in self.facts.items()
            if isinstance(found, list)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure took away, in rows of each kind, and the deliveries it blanked."""

    rows: Mapping[str, int]
    deliveries: int


class Dossiers(Protocol):
    """The port to what is held about one reader. StoreError."""

    async def read(self, subscriber: int) -> Dossier | None:
        """Everything held; None for nobody, or nobody any more."""

    async def erase(self, subscriber: int, *, now: datetime) -> Erased | None:
        """Take it all away for good, durably; None for nobody.

        What is left is a keyed hash of the address on the suppression list, so that no
        import brings it back, and lines of ended runs that name nobody. What is on the
        wire is let go.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierDesk:
    """What is needed to show and to erase."""

    dossiers: Dossiers
    letters: Letters
    keyring: Keyring
    clock: Clock


async def ask_for_data(bearer: Bearer, desk: DossierDesk, *, lang: str = "") -> None:
    """Have a letter sent to the reader that *bearer* names, with the link to their data."""
    now = desk.clock.now()
    order = LetterOrder(
        key=f"data {bearer.subscriber} {int(now.timestamp() // _OFTEN.total_seconds())}",
        kind=LetterKind.DATA,
        publication=bearer.publication,
        subscriber=bearer.subscriber,
        expires=now + LIFE,
        lang=lang,
        values={"asked": spell(now)},
    )
    await desk.letters.enqueue(order, now=now)
    log.info("data.asked", subscriber=bearer.subscriber)


async def open_dossier(token: str, desk: DossierDesk) -> tuple[Bearer, Dossier] | None:
    """What the bearer of *token* may see; None if it is not ours, too old, or nobody's."""
    bearer = _bearer(token, desk)
    if bearer is None:
        return None
    dossier = await desk.dossiers.read(bearer.subscriber)
    return None if dossier is None else (bearer, dossier)


async def erase(token: str, desk: DossierDesk) -> Bearer | None:
    """Erase the reader that *token* names; None if it is not ours, too old, or nobody's."""
    bearer = _bearer(token, desk)
    if bearer is None:
        return None
    erased = await desk.dossiers.erase(bearer.subscriber, now=desk.clock.now())
    if erased is None:
        return None
    log.info("reader.erased", subscriber=bearer.subscriber)
    return bearer


def _bearer(token: str, desk: DossierDesk) -> Bearer | None:
    try:
        bearer, asked = read_dated_bearer(desk.keyring, Purpose.DATA, token)
    except TokenError:
        return None
    return bearer if desk.clock.now() - asked <= LIFE else None
