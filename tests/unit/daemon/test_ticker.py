"""Ticks come, whatever the wall clock does, and one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from mailer.daemon.ticker import Ticker
from mailer.errors import StoreError
from mailer.phrases import say
from mailer.wiring import SystemClock

TICK = timedelta(milliseconds=50)
SEVEN = datetime(2026, 3, 14, 6, tzinfo=UTC)


class Work:
    """Counts ticks; each is a moment that can be waited for."""

    def __init__(self, inside: Callable[[], Awaitable[None]] | None = None) -> None:
        self.count = 0
        self._inside = inside
        self._came = asyncio.Condition()

    async def __call__(self) -> None:
        self.count += 1
        async with self._came:
            self._came.notify_all()
        if self._inside:
            await self._inside()

    async def ticks(self, more: int = 2) -> None:
        wanted = self.count + more
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: self.count >= wanted)


@pytest.mark.parametrize(
    "step", [timedelta(hours=1), -timedelta(hours=1), timedelta(days=20_000)]
)
async def test_a_clock_that_jumps_stops_no_tick(step: timedelta) -> None:
    """An hour forward, an hour back, from 1970 to today: the next tick comes as soon as ever."""
    with time_machine.travel(SEVEN) as clock:
        work = Work()
        ticker = Ticker(work, every=TICK, wall=SystemClock())
        ticker.start()
        await work.ticks()
        clock.shift(step)
        await work.ticks(4)
        await ticker.stop()


async def test_a_tick_that_fails_is_not_the_last() -> None:
    """Neither what is foreseen nor what is not."""
    faults = [StoreError(say("the disk is full")), ZeroDivisionError()]

    async def fail() -> None:
        if faults:
            raise faults.pop()

    work = Work(fail)
    ticker = Ticker(work, every=TICK, wall=SystemClock())
    ticker.start()
    await work.ticks(4)
    await ticker.stop()
    assert faults == []


async def test_stopping_waits_for_the_tick_under_way() -> None:
    """It may be opening a run: it is not torn apart."""
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def long() -> None:
        begun.set()
        for _ in range(100):
            await asyncio.sleep(0)
        ended.set()

    ticker = Ticker(Work(long), every=TICK, wall=SystemClock())
    ticker.start()
    await begun.wait()
    await ticker.stop()
    assert ended.is_set()


async def test_a_departure_does_not_wait_for_the_next_tick() -> None:
    """The tick after comes at the very moment, if that is earlier."""
    seen: list[datetime] = []
    again = asyncio.Event()
    clock = SystemClock()

    async def look() -> None:
        seen.append(clock.now())
        if len(seen) == 1:
            ticker.not_later_than(seen[0] + TICK)
            ticker.not_later_than(seen[0] + timedelta(hours=9))
        else:
            again.set()

    ticker = Ticker(Work(look), every=timedelta(hours=1), wall=clock)
    ticker.start()
    async with asyncio.timeout(10):
        await again.wait()
    await ticker.stop()
    assert seen[1] - seen[0] >= TICK
