"""The pace, kept in memory."""

from __future__ import annotations

from mailer.delivery.sharing import PaceAnswer, PaceReport, PaceState, meet
from mailer.errors import StoreError


class MemoryPaceKeeper:
    """The PaceKeeper port. ``broken``: the store does not take anything."""

    def __init__(self) -> None:
        self.state = PaceState()
        self.broken = False
        self.exchanges = 0

    async def load(self) -> PaceState:
        return self.state

    async def exchange(self, report: PaceReport) -> PaceAnswer:
        if self.broken:
            message = "the disk is full"
            raise StoreError(message)
        self.exchanges += 1
        answer = meet(self.state, report)
        self.state = answer.state
        return answer
