"""What is claimed and not yet on its way: filled from the ledger before it runs dry."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from mailer.flows.ports import Claim

BATCH = 500
"""Claims per statement, where nothing holds the pace back."""


class Queue:
    """Claims in memory. *refill* brings at most so many more, an empty list for no more.

    ``is_dry`` says that nothing is left, here or in the ledger, for this round. Whoever
    waits for ``changed`` looks again.
    """

    def __init__(self, refill: Callable[[int], Awaitable[list[Claim]]]) -> None:
        self._refill = refill
        self._claims: deque[Claim] = deque()
        self._hungry = asyncio.Event()
        self._hungry.set()
        self._exhausted = self._closed = False
        self.changed = asyncio.Event()
        self.batch = BATCH

    def __len__(self) -> int:
        return len(self._claims)

    @property
    def is_dry(self) -> bool:
        """Nothing more comes in this round."""
        return self._exhausted and not self._claims

    def take(self) -> Claim | None:
        """The next claim, or None: none is here now."""
        if len(self._claims) <= self.batch // 2:
            self._hungry.set()
        return self._claims.popleft() if self._claims else None

    def put_back(self, claim: Claim) -> None:
        """A claim that was not begun goes first."""
        self._claims.appendleft(claim)
        self.changed.set()

    def close(self) -> None:
        """Fetch nothing more: the round is to end."""
        self._closed = True
        self._hungry.set()
        self.changed.set()

    def empty(self) -> list[Claim]:
        """Everything that is here, to be given back."""
        claims = list(self._claims)
        self._claims.clear()
        return claims

    async def fill(self, stir: Callable[[], None]) -> None:
        """Fetch claims whenever they run low, until the ledger has none; tell *stir*."""
        while not self._exhausted:
            await self._hungry.wait()
            self._hungry.clear()
            claims = [] if self._closed else await self._refill(self.batch)
            self._exhausted = not claims
            self._claims.extend(claims)
            self.changed.set()
            stir()
