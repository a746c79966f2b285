"""A clock that tests move: waiting is over at once, and time has passed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

SATURDAY = datetime(2026, 3, 14, 6, 0, tzinfo=UTC)


class FakeClock:
    """The Clock port. Waiters are woken in the order of their hours.

    ``look`` is how many seconds pass while somebody reads it: none, unless told.
    """

    def __init__(self, now: datetime = SATURDAY) -> None:
        self.start = now
        self.elapsed = 0.0
        self.look = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        self.elapsed += self.look
        return self.elapsed

    def advance(self, duration: timedelta) -> None:
        self.elapsed += duration.total_seconds()

    async def wait(self, event: asyncio.Event, duration: timedelta) -> bool:
        hour = self.elapsed + duration.total_seconds()
        await asyncio.sleep(0)
        if event.is_set():
            return True
        self.elapsed = max(self.elapsed, hour)
        return False
