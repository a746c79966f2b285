"""The Slots port in memory: as quick as a simulated year needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from mailer.edition.agenda import Departure
from mailer.flows.departing.slots import Slot, SlotState
from mailer.phrases import NOTHING, Phrase


class FakeSlots:
    """A dictionary with a unique key: publication and local date."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, date], Slot] = {}

    async def open(self, departure: Departure) -> Slot:
        key = (departure.publication, departure.day)
        fresh = Slot(
            publication=departure.publication,
            day=departure.day,
            due=departure.due,
            state=SlotState.DUE,
        )
        found = self.rows.setdefault(key, fresh)
        if found.state is SlotState.DUE:
            self.rows[key] = replace(found, due=departure.due)
        return self.rows[key]

    async def claim(
        self, slot: Slot, *, owner: str, now: datetime, lease: timedelta
    ) -> Slot | None:
        found = self.rows[slot.publication, slot.day]
        held = found.lease_until is not None and found.lease_until >= now
        if found.state is not SlotState.DUE or held:
            return None
        return self._keep(
            replace(found, owner=owner, lease_until=now + lease, fence=found.fence + 1)
        )

    async def release(self, slot: Slot, *, reason: Phrase) -> bool:
        kept = self._change(slot, owner="", lease_until=None, reason=reason)
        return kept and reason != slot.reason

    async def settle(
        self, slot: Slot, state: SlotState, *, run: str = "", reason: Phrase = NOTHING
    ) -> bool:
        return self._change(slot, state=state, run=run, lease_until=None, reason=reason)

    async def slots(
        self, *, publication: str | None = None, limit: int | None = None
    ) -> Sequence[Slot]:
        found = [
            slot
            for slot in self.rows.values()
            if publication in {None, slot.publication}
        ]
        found.sort(key=lambda slot: slot.publication)
        found.sort(key=lambda slot: slot.day, reverse=True)
        return found[:limit]

    def _change(self, slot: Slot, **values: object) -> bool:
        found = self.rows[slot.publication, slot.day]
        if found.state is not SlotState.DUE or found.fence != slot.fence:
            return False
        self._keep(replace(found, **values))  # type: ignore[arg-type]  # our own names
        return True

    def _keep(self, slot: Slot) -> Slot:
        self.rows[slot.publication, slot.day] = slot
        return slot
