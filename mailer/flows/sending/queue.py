"""What is claimed and not yet on its way: filled from the ledger before it runs dry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from mailer.audience.address import domain_of
from mailer.delivery.lineup import Lineup
from mailer.flows.ports import Claim
from mailer.flows.sending.traffic import Traffic

BATCH = 500
"""Claims per statement, where nothing holds the pace back."""

_BATCHES = 4
"""Batches that are held at most: who waits for a slow lane keeps nobody else out."""

_SOON = 5.0
"""Seconds that a claim may wait for its lane where there is no room for others."""


class Queue:
    """Claims in memory. *refill* brings at most so many more, an empty list for no more.

    ``is_dry`` says that nothing is left, here or in the ledger, for this round. *stir* is
    told whenever that or the number of claims has changed.
    """

    def __init__(
        self,
        traffic: Traffic,
        refill: Callable[[int], Awaitable[list[Claim]]],
        *,
        batch: int,
        stir: Callable[[], None],
    ) -> None:
        self._traffic = traffic
        self._refill = refill
        self._batch = batch
        self._stir = stir
        self._line: Lineup[Claim] = Lineup()
        self._hungry = asyncio.Event()
        self._hungry.set()
        self._exhausted = self._closed = False

    def __len__(self) -> int:
        return len(self._line)

    @property
    def is_dry(self) -> bool:
        """Nothing more comes in this round."""
        return self._exhausted and not len(self._line)

    def take(self, relay: str) -> Claim | None:
        """The next claim that may go over *relay* now; None if none may."""
        traffic = self._traffic
        claim = self._line.take(relay, traffic.pace, traffic.now())
        self._look()
        if claim is not None and self.is_dry:
            self._stir()  # whoever waits for claims waits for nothing
        return claim

    def wait(self, relay: str) -> float | None:
        """Seconds until a claim may go over *relay*; None if none is here."""
        traffic = self._traffic
        return self._line.wait(relay, traffic.pace, traffic.now())

    def lane(self, claim: Claim) -> str:
        """The lane of the reader of *claim*."""
        return self._traffic.pace.lane(domain_of(claim.email))

    def put_back(self, claim: Claim) -> None:
        """A claim that was not begun goes first."""
        self._line.put_back(self.lane(claim), claim)
        self._stir()

    def late(self, horizon: float) -> list[tuple[Claim, float]]:
        """Take out what would wait longer than *horizon* seconds for a slow lane.

        Or longer than a few, where nobody else is left and there is no room for more.
        """
        if self._is_full and not self._line.in_line:
            horizon = min(horizon, _SOON)
        late = self._line.excess(self._traffic.pace, horizon, self._traffic.now())
        self._look()
        return late

    def close(self) -> None:
        """Fetch nothing more: the round is to end."""
        self._closed = True
        self._hungry.set()
        self._stir()

    def empty(self) -> list[Claim]:
        """Take out everything that is here, to be given back."""
        return self._line.empty()

    @property
    def _is_full(self) -> bool:
        return len(self._line) >= self._batch * _BATCHES

    def _look(self) -> None:
        """Have more fetched where few are left who need not wait for their lane."""
        if self._line.in_line <= self._batch // 2 and not self._is_full:
            self._hungry.set()

    async def fill(self) -> None:
        """Fetch claims whenever they run low, until the ledger has none."""
        while not self._exhausted:
            await self._hungry.wait()
            self._hungry.clear()
            claims = [] if self._closed else await self._refill(self._batch)
            self._exhausted = not claims
            for claim in claims:
                self._line.add(self.lane(claim), claim)
            self._stir()
