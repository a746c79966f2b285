"""The pace, brought to the store now and then: kept for later, shared with others.

The sending loop asks ``Pace`` and never waits for the store: ``look`` starts an exchange
when it is time, and one that fails is tried again. While the store is silent quotas run
dry by themselves, for no credit is granted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from mailer.delivery.pace import Pace
from mailer.delivery.sharing import PaceAnswer, PaceReport, PaceState
from mailer.errors import StoreError

log = structlog.get_logger()


class PaceKeeper(Protocol):
    """The pace of sending, kept across restarts and shared by processes."""

    async def load(self) -> PaceState:
        """What is kept, to look at it."""

    async def exchange(self, report: PaceReport) -> PaceAnswer:
        """Bring *report* to what is kept, as ``sharing.meet`` says, in one transaction.

        Durable when it returns. StoreError, and then nothing has happened.
        """


class PaceExchange:
    """One process's pace and whoever keeps it. ``now``: seconds since the epoch."""

    def __init__(
        self, pace: Pace, keeper: PaceKeeper, now: Callable[[], float]
    ) -> None:
        self._pace = pace
        self._keeper = keeper
        self._now = now
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Take up what was kept, before the first message; StoreError."""
        await self._meet()

    def look(self) -> None:
        """Bring a report if it is time; returns at once. Call it before each message."""
        if self._running is None and self._pace.wants(self._now()):
            self._running = asyncio.create_task(self._try())

    async def close(self) -> None:
        """Wait for what is under way, and give back what was booked."""
        if self._running is not None:
            await self._running
        try:
            await self._meet(leaving=True)
        except StoreError as error:
            # At worst the credits are lost: they count as spent after some seconds.
            log.warning("pace.not_kept", reason=str(error))

    async def _try(self) -> None:
        try:
            await self._meet()
        except StoreError as error:
            log.warning("pace.not_kept", reason=str(error))
        finally:
            self._running = None

    async def _meet(self, *, leaving: bool = False) -> None:
        report = self._pace.report(self._now(), leaving=leaving)
        answer = await self._keeper.exchange(report)
        self._pace.adopt(answer, self._now())
