"""The life of the daemon: start, tick, send, reload, drain.

Started, it brings the database to the newest schema, gives an account of what it found,
and goes on with every run that somebody left behind. At each tick the calendar is looked
at; whatever is to be sent gets a sender. The first signal to stop finishes what is on
the wire, the second leaves. A configuration that cannot be used is refused, and the old
one stays in force.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, assert_never

import structlog

from mailer.api import Api
from mailer.daemon.collector import Collector
from mailer.daemon.control import ControlSocket
from mailer.daemon.gatherer import Gatherer
from mailer.daemon.heeding import heeding
from mailer.daemon.herald import Herald
from mailer.daemon.housekeeper import Housekeeper
from mailer.daemon.listening import answering, publishing
from mailer.daemon.manager import ServiceManager
from mailer.daemon.observer import Observer
from mailer.daemon.occupancy import occupying
from mailer.daemon.orders import Orders
from mailer.daemon.postman import Postman
from mailer.daemon.senders import Senders, is_to_be_sent, patient
from mailer.daemon.ticker import Ticker
from mailer.daemon.tidings import told_to_people
from mailer.daemon.tower import Tower
from mailer.delivery.report import balance_line
from mailer.errors import ConfigError, GuardError, MailerError, StoreError
from mailer.flows.departing.schedule import Kind, News
from mailer.flows.ports import Run, RunState
from mailer.flows.sending.meter import Meter
from mailer.flows.sending.send import SendingDesk
from mailer.phrases import Phrase, say
from mailer.stores import Stores
from mailer.wiring import House

log = structlog.get_logger()

Tell = Callable[[Phrase], None]


class Daemon:
    """One process that watches the calendar and sends what is to be sent.

    ``open_house`` reads the configuration anew; ``tell`` says to people what happens.
    """

    def __init__(
        self,
        open_house: Callable[[], House],
        tell: Tell,
        environ: Mapping[str, str],
    ) -> None:
        self._open_house = open_house
        self._tell = tell
        self._manager = ServiceManager(environ)
        self._meter = Meter()
        self._stop = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._jobs: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    async def live(self) -> None:
        """Serve until a signal says stop; ConfigError or StoreError before that."""
        house = await asyncio.to_thread(self._checked)
        async with AsyncExitStack() as stack:
            stack.enter_context(occupying(house.loaded.socket()))
            stores = await stack.enter_async_context(house.stores())
            self._move_in(house, stores)
            self._senders = Senders(
                stores.ledger,
                house.clock,
                desk=lambda: self._desk,
                ended=self._ended,
            )
            self._herald = Herald(self._home, stores.relay_book)
            self._gatherer = Gatherer(self._home, stores, self._tell)
            self._housekeeper = Housekeeper(
                self._home, stores, lambda: bool(self._senders.under_way)
            )
            self._postman = Postman(self._home, stores, lambda: self._desk.traffic)
            self._collector = Collector(
                self._home,
                stores,
                herald=self._herald,
                meter=self._meter,
                tell=self._tell,
            )
            await self._account(stores)
            stack.enter_context(heeding(lambda _: self._drain(), self._read_again))
            orders = Orders(stores, house.clock, self._senders, self._facts)
            await self._listen(house, orders, stack)
            self._observer = Observer(
                stores,
                self._meter,
                house=self._home,
                tower=lambda: self._tower,
                traffic=lambda: self._desk.traffic,
            )
            api = Api(self._home, stores)
            admin = house.settings.web.admin
            private = answering(admin, self._observer, api, self._tell)
            await stack.enter_async_context(private)
            public = publishing(self._home, stores, self._tell, self._postman.wake)
            await stack.enter_async_context(public)
            await stack.enter_async_context(self._collector.listening())
            ticker = Ticker(
                self._tick, every=house.settings.daemon.tick, wall=house.clock
            )
            ticker.start()
            self._ticker = ticker
            beating = asyncio.create_task(self._beat())
            self._manager.ready(await self._status())
            await self._tell_next()
            await self._stop.wait()
            self._observer.is_stopping = True
            self._manager.stopping("finishing what is on the wire")
            await ticker.stop()
            await self._gatherer.stop()
            await self._housekeeper.stop()
            await self._postman.stop()
            await self._collector.stop()
            await self._senders.drain()
            await self._herald.stop()
            beating.cancel()
            if self._watching is not None:
                self._watching.cancel()  # claimed for ten minutes, then tried again
                await asyncio.gather(self._watching, return_exceptions=True)

    def _home(self) -> House:
        return self._house

    # -- one after the other ---------------------------------------------------

    async def _tick(self) -> None:
        """Whose hour has come leaves; what is to be sent is sent."""
        if self._stop.is_set():
            return
        self._gatherer.look()
        try:
            await self._look_at_the_calendar()
        except StoreError as error:
            self._herald.database(error)
            raise
        self._herald.database(None)

    async def _look_at_the_calendar(self) -> None:
        try:
            for news in await self._tower.tick():
                self._report(news)
        finally:
            await self._senders.look()
        self._observer.ticked()
        self._keep_watch()
        self._housekeeper.look()
        self._postman.wake()
        self._collector.look()
        await self._herald.look()
        upcoming = await self._tower.upcoming()
        if upcoming is not None:
            self._ticker.not_later_than(upcoming.due - self._tower.ahead)
        self._manager.status(await self._status())

    def _keep_watch(self) -> None:
        """See to the departures ahead, beside the ticks: a relay may take its time."""
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            for departure, need in await self._tower.watch():
                self._tell(told_to_people(departure, need))
                self._herald.need(departure, need)
        except MailerError as error:
            log.error("watch.failed", reason=str(error))  # noqa: TRY400 - no defect
        except Exception:
            log.exception("watch.failed")

    def _report(self, news: News) -> None:
        where = {"slot": f"{news.departure.publication} {news.departure.day}"}
        reason = str(news.reason)
        match news.kind:
            case Kind.DEPARTED | Kind.LATE:
                log.info("slot.departed", run=news.run and news.run.name, **where)
                assert news.run is not None  # noqa: S101 - it departed by it
                if news.kind is Kind.LATE:
                    told = say(
                        "{run} leaves, {reason}", run=news.run.name, reason=news.reason
                    )
                else:
                    hour = f"{news.departure.local:%H:%M}"
                    told = say("{run} leaves at {hour}", run=news.run.name, hour=hour)
            case Kind.WAITING:
                log.warning("slot.waiting", reason=reason, **where)
                told = say(
                    "{publication} of {date} does not leave: {reason}",
                    publication=news.departure.publication,
                    date=news.departure.day.isoformat(),
                    reason=news.reason,
                )
            case Kind.MISSED:
                log.error("slot.missed", reason=reason, **where)
                told = say(
                    "{publication} of {date} is held: {reason}",
                    publication=news.departure.publication,
                    date=news.departure.day.isoformat(),
                    reason=news.reason,
                )
                self._beside(self._tower.tell_held(news.departure, news.reason))
            case other:
                assert_never(other)
        self._tell(told)
        self._herald.news(news)

    def _beside(self, story: Coroutine[Any, Any, None]) -> None:
        """Do *story* beside everything else; what fails of it is logged."""

        async def told() -> None:
            try:
                await story
            except MailerError as error:
                log.warning("beside.failed", reason=str(error))
            except Exception:
                log.exception("beside.failed")

        job = asyncio.create_task(told())
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _ended(self, run: Run) -> None:
        """Say how a run ended, with its balance sheet."""
        tally = await self._stores.ledger.tally(run)
        sheet = balance_line(tally)
        self._herald.ended(run, tally)
        self._beside(self._collector.ended(run))
        if run.state is RunState.SENT:
            self._tell(say("{run} is sent: {balance}", run=run.name, balance=sheet))
        elif run.state in {RunState.SENDING, RunState.ARMED}:
            self._tell(
                say(
                    "{run} waits for the next start: {balance}",
                    run=run.name,
                    balance=sheet,
                )
            )
        else:
            self._tell(
                say(
                    "{run} stands still, {reason}: {balance}",
                    run=run.name,
                    reason=run.reason,
                    balance=sheet,
                )
            )

    async def _account(self, stores: Stores) -> None:
        """What an earlier process left, and what becomes of it."""
        unfinished = [r for r in await stores.ledger.runs() if r.finished is None]
        for run in reversed(unfinished):
            balance = balance_line(await stores.ledger.tally(run))
            if not is_to_be_sent(run):
                found = say(
                    "found {run} paused, {reason}: mailer resume {run} goes on",
                    run=run.name,
                    reason=run.reason,
                )
            else:
                found = say("found {run} unfinished: it goes on", run=run.name)
            self._tell(found)
            self._tell(say("  {balance}", balance=balance))
        if not unfinished:
            self._tell(say("no run was left unfinished"))

    async def _tell_next(self) -> None:
        upcoming = await self._tower.upcoming()
        if upcoming is None:
            self._tell(say("ready; no departure ahead"))
            return
        ready = say(
            "ready; next: {what}, {moment}",
            what=upcoming.edition or upcoming.publication,
            moment=f"{upcoming.local:%Y-%m-%d %H:%M %Z}",
        )
        self._tell(ready)

    # -- the configuration -----------------------------------------------------

    def _checked(self) -> House:
        """A house in which everything that a send needs can be read; ConfigError."""
        house = self._open_house()
        house.newsroom.check()
        _ = house.keyring, house.signers, house.relays()
        return house

    def _move_in(self, house: House, stores: Stores) -> None:
        self._house = house
        self._stores = stores
        desk = replace(house.desk(stores), meter=self._meter)
        self._desk: SendingDesk = patient(desk, house.settings.send.catch_up)
        self._tower = Tower(
            house, stores, owner=f"{socket.gethostname()}:{os.getpid()}"
        )

    def _read_again(self) -> None:
        self._beside(self._reload())

    async def _reload(self) -> None:
        """Read configuration and themes anew; a running send keeps what it began with."""
        async with self._reloading:
            self._manager.reloading()
            try:
                house = await asyncio.to_thread(self._checked)
                self._refuse_other_store(house)
                self._move_in(house, self._stores)
            except MailerError as error:
                log.warning("config.refused", reason=str(error))
                refused = say(
                    "the new configuration is refused, the old one stays in force:\n"
                    "{reason}",
                    reason=error,
                )
                self._tell(refused)
            else:
                log.info("config.reloaded")
                self._tell(say("configuration and themes were read again"))
            self._manager.ready(await self._status())

    def _refuse_other_store(self, house: House) -> None:
        if house.loaded.database_url() != self._house.loaded.database_url():
            message = say("[storage] names another database: that needs a restart")
            raise ConfigError(message, file=str(house.loaded.path or ""))

    # -- who is spoken to ------------------------------------------------------

    async def _listen(
        self, house: House, orders: Orders, stack: AsyncExitStack
    ) -> None:
        path = house.loaded.socket()
        try:
            await stack.enter_async_context(ControlSocket(path, orders.by_name))
        except GuardError as error:
            # Two daemons are safe: slots and runs are won one by one.
            log.warning("control.taken", path=str(path))
            self._tell(say("{reason}: commands speak to that one", reason=error))

    async def _facts(self) -> dict[str, Any]:
        """What the daemon knows of itself, for ``status``."""
        upcoming = await self._tower.upcoming()
        return {
            "pid": os.getpid(),
            "sending": sorted(self._senders.under_way),
            "stopping": self._stop.is_set(),
            "next": None
            if upcoming is None
            else {
                "publication": upcoming.publication,
                "date": upcoming.day.isoformat(),
                "leaves": upcoming.local.isoformat(),
                "edition": upcoming.edition,
            },
        }

    async def _status(self) -> str:
        """One line for the service manager, in English as all it shows."""
        if self._senders.under_way:
            runs = await self._stores.ledger.runs(limit=20)
            said = []
            for run in runs:
                if run.id in self._senders.under_way:
                    tally = await self._stores.ledger.tally(run)
                    done = tally.audience - tally.waiting
                    said.append(f"{run.edition}: {done}/{tally.audience}")
            return f"Sending {', '.join(said)}"
        upcoming = await self._tower.upcoming()
        if upcoming is None:
            return "No departure ahead"
        return f"Next: {upcoming.publication}, {upcoming.local:%a %d %b %H:%M %Z}"

    async def _beat(self) -> None:
        """Tell the service manager that the loop turns."""
        every = self._manager.heartbeat
        while every is not None:
            self._manager.alive()
            await asyncio.sleep(every.total_seconds())

    def _drain(self) -> None:
        self._tell(say("stopping: what is on the wire is finished first"))
        self._stop.set()
