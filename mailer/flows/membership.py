"""Who reads as a member, and until when: changed by a person, a roster or a program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from mailer.audience.subscriber import Tier
from mailer.errors import InputError
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
