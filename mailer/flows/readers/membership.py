"""Who reads as a member, and until when: changed by a person, a roster or a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from mailer.audience.subscriber import Tier
from mailer.edition.calendar import instant
from mailer.errors import InputError
from mailer.flows.readers.correspondence import LetterKind, LetterOrder, Letters
from mailer.phrases import say


class Effect(StrEnum):
    """What a grant did."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one address may read of one publication; InputError if it makes no sense.

    ``until`` is the last day of the membership, None for one without end. ``source``
    says how they agreed to be written to, in the operator's or a program's words; who is
    not known is added only where there is one.
    """

    email: str
    publication: str
    tier: Tier
    until: date | None = None
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for what, said in (("name", self.name), ("consent", self.source)):
            if not said.isprintable():
                message = say("{what} has a character that nobody sees", what=what)
                raise InputError(message)
        if self.until is not None and self.tier is not Tier.MEMBER:
            message = say("only a membership has a last day")
            raise InputError(message, hint="--tier member --until 2027-01-31")


class Memberships(Protocol):
    """The tiers of subscriptions. Durable when it returns; StoreError."""

    async def grant(self, grant: Grant, *, now: datetime) -> Effect:
        """Give *grant*'s tier to its subscription, whatever its standing.

        Nobody is revived and nobody suppressed is added: who left may be a member, and
        is written to no more than before.
        """

    async def ending(
        self, publication: str, *, first: date, last: date
    ) -> Sequence[Ending]:
        """Active memberships whose last day is one of these, both included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Whose membership ends, and on which day; ``lang`` is empty for the usual one."""

    subscriber: int
    until: date
    lang: str = ""


async def remind(
    memberships: Memberships,
    letters: Letters,
    zones: Mapping[str, str],
    ahead: timedelta,
    now: datetime,
) -> int:
    """Write to members whose membership ends within *ahead*; to how many.

    Once for a last day: who gets another one is written to again. *zones* has the time
    zone of every publication.
    """
    written = 0
    for publication, zone in zones.items():
        today = now.astimezone(ZoneInfo(zone)).date()
        for each in await memberships.ending(
            publication, first=today, last=today + ahead
        ):
            order = LetterOrder(
                key=f"ending {publication} {each.subscriber} {each.until}",
                kind=LetterKind.ENDING,
                publication=publication,
                subscriber=each.subscriber,
                lang=each.lang,
                expires=instant(
                    datetime.combine(each.until + timedelta(days=1), time()), zone
                ),
                values={"until": each.until.isoformat()},
            )
            written += await letters.enqueue(order, now=now)
    return written
