"""That something was saved, told to every page that is open."""

from __future__ import annotations

import asyncio


class Changes:
    """Whoever waits for the next change hears of it; ``told`` from the loop."""

    def __init__(self) -> None:
        self.count = 0
        self._happened = asyncio.Condition()

    async def tell(self) -> None:
        """Something was saved."""
        async with self._happened:
            self.count += 1
            self._happened.notify_all()

    async def after(self, seen: int) -> int:
        """The number of the next change after *seen*."""
        async with self._happened:
            await self._happened.wait_for(lambda: self.count != seen)
            return self.count
