"""How late the loop is: who asks to be woken after half a second, and is woken later.

A loop that is late is one that something blocks; all else in the daemon is as late.
"""

from __future__ import annotations

import asyncio
from collections import deque

EVERY_SECONDS = 0.5
_KEPT = 120  # a minute of beats


class Pulse:
    """The last minute of the loop's lateness; ``beat`` runs as long as the daemon."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=_KEPT)
        self._expected = 0.0

    async def beat(self) -> None:
        """Measure, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._expected = loop.time() + EVERY_SECONDS
            await asyncio.sleep(EVERY_SECONDS)
            self._late.append(max(0.0, loop.time() - self._expected))

    @property
    def last_seconds(self) -> float:
        """How late the loop was at the last beat, or is now, which may be worse."""
        now = asyncio.get_running_loop().time()
        overdue = now - self._expected if self._expected else 0.0
        return max(0.0, overdue, self._late[-1] if self._late else 0.0)

    @property
    def worst_seconds(self) -> float:
        """How late at worst in the last minute."""
        return max(self.last_seconds, *self._late, 0.0)
