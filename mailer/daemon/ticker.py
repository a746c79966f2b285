"""Something done at every tick, however long the machine slept and whatever clocks did.

APScheduler only ticks here: what is due once stands in the database. One job in memory;
after a nap it runs once, not once for every tick that was slept through.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from mailer.errors import MailerError

log = structlog.get_logger()


class Wall(Protocol):
    """The clock on the wall, as far as a ticker needs it."""

    def now(self) -> datetime:
        """The present moment in UTC."""


class _FromNow(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Next time so long from now.

    APScheduler's own interval counts every tick between the last one and now, one by
    one: after a clock was put right by years it would count for minutes.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(
        self,
        previous: datetime | None,  # noqa: ARG002 - APScheduler's shape
        now: datetime,
    ) -> datetime:
        """From *now*, whatever came before."""
        return now + self._every


class Ticker:
    """Does *work* now and then *every* so often, never twice at a time, until stopped."""

    def __init__(
        self, work: Callable[[], Awaitable[None]], *, every: timedelta, wall: Wall
    ) -> None:
        self._work = work
        self._every = every
        self._wall = wall
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._step: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()
        # It warns of every tick that is left out because one is still under way.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def start(self) -> None:
        """Begin with a tick at once."""
        self._job = self._scheduler.add_job(
            self._tick,
            _FromNow(self._every),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=self._wall.now(),
        )
        self._scheduler.start()
        self._step = asyncio.create_task(self._keep_step())

    def not_later_than(self, moment: datetime) -> None:
        """Have the next tick at *moment*, if it would come later."""
        upcoming = self._job.next_run_time
        if upcoming is not None and self._wall.now() < moment < upcoming:
            self._job.modify(next_run_time=moment)

    async def stop(self) -> None:
        """No further tick; one that is under way comes to its end first."""
        if self._step is not None:
            self._step.cancel()
            await asyncio.gather(self._step, return_exceptions=True)
        self._scheduler.pause()
        async with self._busy:
            self._scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        async with self._busy:
            try:
                await self._work()
            except MailerError as error:
                log.warning("tick.failed", reason=str(error))
            except Exception:  # the outermost loop: the next tick must come
                log.exception("tick.failed")

    async def _keep_step(self) -> None:
        """Tick when a clock that was put back would make the scheduler wait for it.

        It reckons with the wall clock: an hour back, and it would sleep for an hour.
        """
        while True:
            await asyncio.sleep(self._every.total_seconds())
            now = self._wall.now()
            upcoming = self._job.next_run_time
            if upcoming is not None and upcoming - now > 2 * self._every:
                log.warning("clock.put_back", by=str(upcoming - now))
                self._job.modify(next_run_time=now)
