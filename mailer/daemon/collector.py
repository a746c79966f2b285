"""What comes back, taken in beside everything else: listened for, fetched, settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import structlog

from mailer.daemon import tidings
from mailer.daemon.herald import Herald
from mailer.errors import IntakeError, MailerError
from mailer.flows.ports import Run
from mailer.flows.returning.aftermath import settle_open
from mailer.flows.returning.arrivals import RECENT, Arrival, Toll, Upshot, Worry
from mailer.flows.returning.intake import IntakeDesk, Maildrop, collect
from mailer.flows.returning.refusals import sweep
from mailer.flows.sending.meter import Meter
from mailer.intake import door, intake_desk, listens_at, maildrops
from mailer.phrases import Phrase, say
from mailer.stores import Stores
from mailer.wiring import House

log = structlog.get_logger()

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_FAREWELL_SECONDS = 10.0
Tell = Callable[[Phrase], None]


class Collector:
    """Settles at every tick and whenever something comes in; empties mailboxes in turn."""

    def __init__(
        self,
        house: Callable[[], House],
        stores: Stores,
        *,
        herald: Herald,
        meter: Meter,
        tell: Tell,
    ) -> None:
        self._house, self._stores = house, stores
        self._herald, self._meter, self._tell = herald, meter, tell
        self._made: tuple[House, IntakeDesk, list[Maildrop]] | None = None
        self._stopping = False
        self._settling: asyncio.Task[None] | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._rung = False
        self._is_news = False
        self._judged: datetime | None = None
        self._fetched: datetime | None = None
        self._tidied: datetime | None = None
        self._said: set[tuple[str, ...]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Let mail in where ``[intake] listen`` says; nowhere if it is empty."""
        house = self._house()
        at = listens_at(house)
        async with AsyncExitStack() as stack:
            if at:
                from mailer.transport.reception import reception

                lmtp = house.settings.intake.protocol == "lmtp"
                entrance = door(self._house, lambda: self._desk()[0], self.wake)
                try:
                    where = await stack.enter_async_context(
                        reception(entrance, at=at, speaks_lmtp=lmtp)
                    )
                    log.info("intake.listens", address=where)
                except OSError as error:
                    reason = error.strerror or str(error)
                    log.warning("intake.taken", address=at, reason=reason)
                    words = say(
                        "[intake] listen: {address} cannot be had ({reason}): nobody"
                        " can bring what comes back",
                        address=at,
                        reason=reason,
                    )
                    self._tell(words)
            yield

    def look(self) -> None:
        """Settle what is open; fetch, where it is time."""
        self.wake()
        house = self._house()
        now, every = house.clock.now(), house.settings.intake.every
        is_time = (
            self._fetched is None or not timedelta(0) <= now - self._fetched < every
        )
        is_busy = self._fetching is not None and not self._fetching.done()
        if is_time and not is_busy and not self._stopping:
            self._fetched = now
            self._fetching = asyncio.create_task(self._fetch(now))

    def wake(self) -> None:
        """Settle what is open, now; what comes meanwhile is seen too."""
        if self._settling is not None and not self._settling.done():
            self._rung = True
        elif not self._stopping:
            self._settling = asyncio.create_task(self._settle())

    async def ended(self, run: Run) -> None:
        """Count what relays refused at once in *run*."""
        try:
            swept = await sweep(run, self._desk()[0])
        except MailerError as error:
            log.warning("refusals.failed", run=run.name, reason=str(error))
        except Exception:  # must not stop the daemon
            log.exception("refusals.failed", run=run.name)
        else:
            if swept:
                log.info("refusals.counted", run=run.name, count=swept)

    async def stop(self) -> None:
        """Finish what is being written; the rest is settled at the next start."""
        self._stopping = True
        tasks = [task for task in (self._settling, self._fetching) if task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_FAREWELL_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # -- what is done ------------------------------------------------------------

    async def _settle(self) -> None:
        self._rung = True
        while self._rung and not self._stopping:
            self._rung = False
            try:
                if await settle_open(self._desk()[0]):
                    self._rung = True  # there may be more
                    self._is_news = True
                elif self._is_news:
                    await self._judge_us()
            except MailerError as error:
                log.warning("intake.failed", reason=str(error))
                return
            except Exception:  # must not stop the daemon
                log.exception("intake.failed")
                return

    async def _fetch(self, now: datetime) -> None:
        desk, drops = self._desk()
        for drop in drops:
            try:
                if taken := await collect(drop, desk, is_enough=self._is_stopping):
                    log.info("intake.collected", way=drop.name, count=taken)
                    self.wake()
                self._said = {said for said in self._said if said[0] != drop.name}
            except MailerError as error:
                self._failed(drop, error)
            except Exception:  # must not stop the daemon
                log.exception("intake.failed", way=drop.name)
        if self._tidied is None or now - self._tidied >= _DAY:
            self._tidied = now
            await self._tidy(now)

    def _is_stopping(self) -> bool:
        return self._stopping

    def _failed(self, drop: Maildrop, error: MailerError) -> None:
        log.warning("intake.failed", way=drop.name, reason=str(error))
        key = (drop.name, str(error))
        if key not in self._said:
            self._said.add(key)
            self._tell(say("! {error}", error=error))
            if isinstance(error, IntakeError):
                self._herald.cry(tidings.mailbox_failing(error.way, error.message))

    async def _tidy(self, now: datetime) -> None:
        """Once a day: forget what is old, and count what a dead process did not."""
        intake = self._house().settings.intake
        try:
            await self._stores.arrivals.forget(
                mails=intake.keep_mails, arrivals=intake.keep, now=now
            )
            for run in await self._stores.ledger.runs(limit=50):
                if run.finished is not None and now - run.finished < RECENT:
                    await self.ended(run)
        except MailerError as error:
            log.warning("intake.failed", reason=str(error))
        except Exception:  # must not stop the daemon
            log.exception("intake.failed")

    async def _judge_us(self) -> None:
        """Tell operators, once for an edition, that what comes back is about them.

        It counts a whole edition, so not more often than once a minute.
        """
        house = self._house()
        now = house.clock.now()
        if self._judged is not None and now - self._judged < _MINUTE:
            return
        self._judged, self._is_news = now, False
        since = now - RECENT
        for toll in await self._stores.arrivals.tolls(since=since):
            for told in _grave(toll, house):
                key = (told.event, toll.edition)
                if key not in self._said:
                    self._said.add(key)
                    self._herald.cry(told)

    def _desk(self) -> tuple[IntakeDesk, list[Maildrop]]:
        house = self._house()
        if self._made is None or self._made[0] is not house:
            desk = intake_desk(house, self._stores, settled=self._count)
            self._made = house, desk, maildrops(house)
        return self._made[1], self._made[2]

    def _count(self, arrival: Arrival, upshot: Upshot) -> None:
        if upshot is not Upshot.UNPROVED:
            self._meter.came_back(arrival.kind)


def _grave(toll: Toll, house: House) -> list[tidings.Tidings]:
    """What of *toll* operators must hear."""
    intake = house.settings.intake
    told = {
        Worry.BLOCKED: tidings.blocked,
        Worry.BOUNCES: tidings.many_bounces,
        Worry.COMPLAINTS: tidings.many_complaints,
    }
    worries = toll.worries(blocked=intake.alert_blocked, ratio=intake.alert_ratio)
    return [told[worry](toll) for worry in worries]
