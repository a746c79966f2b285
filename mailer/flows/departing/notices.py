"""What operators were told about a slot: a port, so that nobody is told twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Protocol

from mailer.edition.vigil import Need


class Notices(Protocol):
    """Needs that were met, by slot. Every method is durable when it returns."""

    async def met(self, publication: str, day: date) -> frozenset[Need]:
        """The needs of this slot that were met."""

    async def claim(
        self,
        publication: str,
        day: date,
        need: Need,
        *,
        now: datetime,
        lease: timedelta,
    ) -> bool:
        """Be the one who meets *need* until the lease ends; False if it is met.

        Also if somebody else is about to meet it.
        """

    async def settle(
        self, publication: str, day: date, need: Need, *, now: datetime
    ) -> None:
        """Keep that *need* is met, for good."""

    async def release(self, publication: str, day: date, need: Need) -> None:
        """Give a claim back: it could not be met, and is tried again."""
