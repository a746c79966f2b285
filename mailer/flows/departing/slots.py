"""Slots as the flows need them: what happens once for a publication and a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mailer.edition.agenda import Departure
from mailer.phrases import NOTHING, Phrase


class SlotState(StrEnum):
    """Where a slot stands; only DUE ever changes."""

    DUE = "due"
    DEPARTED = "departed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot whose hour came near at least once.

    ``due`` is the hour last seen for it. ``fence`` proves a claim, as a delivery's does.
    ``run`` is what carries it, once departed; ``reason`` says why a due one has not
    left, or why it was missed.
    """

    publication: str
    day: date
    due: datetime
    state: SlotState
    owner: str = ""
    lease_until: datetime | None = None
    fence: int = 0
    run: str = ""
    reason: Phrase = NOTHING


class Slots(Protocol):
    """The table of slots. Every method is durable when it returns; StoreError."""

    async def open(self, departure: Departure) -> Slot:
        """The slot of *departure*, made if it is not there; a due one takes its hour."""

    async def claim(
        self, slot: Slot, *, owner: str, now: datetime, lease: timedelta
    ) -> Slot | None:
        """Be the only one who decides about *slot* until the lease ends; None if not."""

    async def release(self, slot: Slot, *, reason: Phrase) -> bool:
        """Give a claimed slot back, still due; whether *reason* is news."""

    async def settle(
        self, slot: Slot, state: SlotState, *, run: str = "", reason: Phrase = NOTHING
    ) -> bool:
        """End a claimed slot for good; False if the claim was lost meanwhile."""

    async def slots(
        self, *, publication: str | None = None, limit: int | None = None
    ) -> Sequence[Slot]:
        """Slots, the latest date first."""
