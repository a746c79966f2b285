"""The relay book, kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailer.errors import StoreError
from mailer.flows.sending.relaying import RelayPage, Sighting
from mailer.phrases import say


class MemoryRelayBook:
    """The RelayBook port. ``broken``: the store answers nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, RelayPage] = {}
        self.broken = False
        self.notes = 0

    async def pages(self) -> list[RelayPage]:
        self._answer()
        return [self.kept[name] for name in sorted(self.kept)]

    async def pause(self, relay: str, *, by: str, now: datetime) -> bool:
        page = self._page(relay)
        if page.is_paused:
            return False
        self.kept[relay] = replace(page, paused_by=by, paused_at=now)
        return True

    async def resume(self, relay: str, *, now: datetime) -> bool:
        page = self._page(relay)
        self.kept[relay] = replace(page, paused_by="", paused_at=None, resumed_at=now)
        return page.is_paused

    async def note(self, sightings: Sequence[Sighting]) -> None:
        self._answer()
        self.notes += 1
        for each in sightings:
            self.kept[each.relay] = replace(self._page(each.relay), sighting=each)

    def _page(self, relay: str) -> RelayPage:
        return self.kept.get(relay) or RelayPage(relay=relay)

    def _answer(self) -> None:
        if self.broken:
            raise StoreError(say("the disk is full"))
