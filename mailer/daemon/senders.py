"""Every run that is to be sent gets one sender in this process, and no more.

A run says by its state in the ledger that it is to be sent; who opened it does not
matter: the calendar, a command, or a process that died over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from mailer.errors import GuardError, MailerError
from mailer.flows.departing.depart import depart
from mailer.flows.ports import Clock, Ledger, Run, RunState
from mailer.flows.sending.send import STOPPED, SendingDesk
from mailer.phrases import Phrase

log = structlog.get_logger()

_SHORT = timedelta(minutes=1)
"""How long a run that another process sends, or that just failed, is left alone."""

_LONGEST = timedelta(minutes=15)
"""The longest pause before a run that stopped by itself is tried again."""

_ENDLESS = timedelta(days=3650)
"""A daemon stays for the next attempt, however late."""

_RECENT = 200
"""Runs looked at; what is unfinished is among the newest."""


class Senders:
    """The runs under way in this process, each a task with a stop of its own."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        desk: Callable[[], SendingDesk],
        ended: Callable[[Run], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._desk = desk
        self._ended = ended
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stops: dict[int, asyncio.Event] = {}
        self._later: dict[int, float] = {}
        self._tries: dict[int, int] = {}
        self._said: dict[int, Phrase] = {}
        self.draining = False

    @property
    def under_way(self) -> frozenset[int]:
        """The keys of the runs that are being sent here."""
        return frozenset(self._tasks)

    async def look(self, *, eager: bool = False) -> None:
        """Begin whatever is to be sent; *eager*: what failed a moment ago, too."""
        if self.draining:
            return
        if eager:
            self._later.clear()
            self._tries.clear()
            self._said.clear()
        now = self._clock.monotonic()
        for run in await self._ledger.runs(limit=_RECENT):
            waits = self._later.get(run.id, now) > now
            if not is_to_be_sent(run) or run.id in self._tasks or waits:
                continue
            stop = self._stops[run.id] = asyncio.Event()
            task = asyncio.create_task(self._send(run, stop), name=run.name)
            self._tasks[run.id] = task

    def stop(self, run: Run) -> None:
        """Have *run* finish what is on the wire, and no more."""
        if run.id in self._stops:
            self._stops[run.id].set()

    async def drain(self) -> None:
        """Begin nothing more, finish what is on the wire, and wait for that."""
        self.draining = True
        for stop in self._stops.values():
            stop.set()
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def settled(self, run: Run) -> None:
        """Wait until *run* is not being sent here."""
        if run.id in self._tasks:
            await asyncio.wait([self._tasks[run.id]])

    async def _send(self, run: Run, stop: asyncio.Event) -> None:
        try:
            log.info("run.taken", run=run.name)
            left = await depart(run, replace(self._desk(), stop=stop))
            if left.state is RunState.PAUSED:
                self._wait(run)
            if self._said.get(run.id) != left.reason or left.finished:
                await self._ended(left)
            self._said[run.id] = left.reason
        except GuardError as error:
            log.info("run.elsewhere", run=run.name, reason=str(error))
            self._later[run.id] = self._clock.monotonic() + _SHORT.total_seconds()
        except MailerError as error:
            log.warning("run.failed", run=run.name, reason=str(error))
            self._wait(run)
        except Exception:
            log.exception("run.failed", run=run.name)
            self._wait(run)
        finally:
            self._stops.pop(run.id, None)
            self._tasks.pop(run.id, None)

    def _wait(self, run: Run) -> None:
        """Leave *run* alone for a while, longer each time."""
        count = self._tries[run.id] = self._tries.get(run.id, 0) + 1
        pause = min(_SHORT * 2 ** (count - 1), _LONGEST)
        self._later[run.id] = self._clock.monotonic() + pause.total_seconds()


def is_to_be_sent(run: Run) -> bool:
    """Whether a daemon goes on with *run* by itself.

    A pause that nobody has asked for ends by itself: a relay that was down, a disk that
    was full. Who pressed Ctrl-C wants to be asked.
    """
    if run.state is RunState.PAUSED:
        return not run.held and run.reason.english != STOPPED.english
    return run.state in {RunState.ARMED, RunState.SENDING}


def patient(desk: SendingDesk, catch_up: timedelta) -> SendingDesk:
    """*desk* for a process that stays, and hands what is left to the next one."""
    policy = replace(desk.policy, linger=_ENDLESS, catch_up=catch_up)
    return replace(desk, policy=policy, has_heir=True)
