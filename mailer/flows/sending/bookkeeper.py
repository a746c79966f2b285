"""Group commits: whatever gathered while the last one ran goes into the next.

The promise stands on three laws. A body leaves only after its mark is durable. One
commit marks at most one message of a connection. An outcome is in the same commit as the
next mark of its connection, or in an earlier one. So after a crash at most one message
per connection is unknown, whatever else was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

import structlog

from mailer.errors import StoreError
from mailer.flows.ports import Claim, Clock, Ledger, Run, RunState, Settlement
from mailer.flows.sending.meter import Meter
from mailer.phrases import Phrase, say

log = structlog.get_logger()

_AGAIN = timedelta(seconds=1)
_SHORTEST = 0.001  # seconds: uvloop counts milliseconds, and takes less for nothing
_NEAR = 3  # times as long as that wait: who is away for longer is not back in time


class Asker(Protocol):
    """Who asks for a mark, one at a time.

    ``marked_at`` is when the last one was durable, by the clock of the loop; None: none.
    """

    marked_at: float | None

    def prepare(self) -> None:
        """The mark is on its way to the disk: what comes next can be made ready."""

    def marked(self, held: bool) -> None:
        """Whether the mark holds; once, as soon as that is durable."""


class Bookkeeper:
    """Writes what happens to the deliveries of *run*; ``keep`` runs as long as it is sent.

    *halt* is told why nothing more should be sent. An outcome that the database does not
    take is offered for *patience*; what cannot be written stays *handing over*, and so in
    doubt: never lost.
    """

    def __init__(
        self,
        run: Run,
        ledger: Ledger,
        clock: Clock,
        *,
        meter: Meter,
        patience: timedelta,
        halt: Callable[[Phrase], None],
    ) -> None:
        self._run, self._ledger, self._clock = run, ledger, clock
        self._meter = meter
        self._patience = patience
        self._halt = halt
        self._outcomes: list[Settlement] = []
        self._asked: list[tuple[Claim, Asker]] = []
        self._something = asyncio.Event()
        self._company = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()
        self._loop = asyncio.get_running_loop()
        self._took = 0.0  # seconds, the last commit
        self._away = 0.0  # seconds, from a mark to the next question of who asked last
        self.defect: Exception | None = None  # what nobody foresaw
        self.busy = 0  # connections with a message on the way

    def book(self, settlement: Settlement) -> None:
        """Have an outcome written with the next commit."""
        if self.defect is not None:
            return  # it stays *handing over*, and so in doubt
        self._outcomes.append(settlement)
        self._stir()

    def ask(self, claim: Claim, asker: Asker) -> None:
        """Have *claim* marked as being handed over; *asker* is told when it is."""
        if self.defect is not None:
            asker.marked(False)
            return
        if asker.marked_at is not None:
            self._away = self._loop.time() - asker.marked_at
        self._asked.append((claim, asker))
        self._stir()

    async def all_written(self) -> None:
        """Wait until nothing waits to be written."""
        await self._written.wait()

    async def keep(self) -> None:
        """Commit, group after group; cancelled at the end of the run.

        An error that nobody foresaw stops the run instead of this task alone, for whoever
        waits for a mark would wait for ever; ``until_done`` raises it.
        """
        asked: list[tuple[Claim, Asker]] = []
        try:
            while True:
                await self._something.wait()
                await self._wait_for_company()
                self._something.clear()
                outcomes, self._outcomes = self._outcomes, []
                asked, self._asked = self._asked, []
                await self._commit(outcomes, asked)
                if not (self._outcomes or self._asked):
                    self._written.set()
        except Exception as error:  # noqa: BLE001 - raised again by the run
            self.defect = error
            self._halt(say("defect: {error}", error=repr(error)))
            for _, asker in (*asked, *self._asked):
                with suppress(RuntimeError):  # it may have been answered
                    asker.marked(False)
            self._asked.clear()
            self._written.set()

    def _stir(self) -> None:
        self._written.clear()
        self._something.set()
        if len(self._asked) >= self.busy:
            self._company.set()

    async def _wait_for_company(self) -> None:
        """Let every connection that is busy ask before committing.

        Else they fall into two halves that take turns, each waiting for the other's
        flush, and a commit serves half as many. Not longer than the last commit took, or
        than a timer can be told to wait; and not at all where the relay is so far away
        that nobody would be back by then.
        """
        most = max(self._took, _SHORTEST)
        if len(self._asked) >= self.busy or self._away > _NEAR * most:
            return
        self._company.clear()
        timer = self._loop.call_later(most, self._company.set)
        await self._company.wait()
        timer.cancel()

    async def _commit(
        self, outcomes: list[Settlement], asked: list[tuple[Claim, Asker]]
    ) -> None:
        defects: list[Exception] = []

        def prepare() -> None:
            try:
                for _, asker in asked:
                    asker.prepare()
            except Exception as error:  # noqa: BLE001 - raised below, not by the loop
                defects.append(error)

        deadline = self._clock.monotonic() + self._patience.total_seconds()
        while True:
            begun = self._loop.time()
            try:
                committed = await self._ledger.commit(
                    self._run,
                    settlements=outcomes,
                    marks=[claim for claim, _ in asked],
                    now=self._clock.now(),
                    meanwhile=prepare if asked else None,
                )
            except StoreError as error:
                if error.temporary and self._clock.monotonic() < deadline:
                    log.warning("ledger.waits", run=self._run.name, reason=str(error))
                    await self._clock.wait(asyncio.Event(), _AGAIN)
                    continue
                self._halt(unwritten(error))
                held = [False] * len(asked)
                if outcomes:
                    log.exception(
                        "ledger.gave_up", run=self._run.name, in_doubt=len(outcomes)
                    )
            else:
                held = list(committed.held)
                marked = [
                    claim
                    for (claim, _), holds in zip(asked, held, strict=True)
                    if holds
                ]
                self._meter.committed(self._run, outcomes, marked)
                if committed.state is not RunState.SENDING:
                    self._halt(committed.reason or say("stopped by the operator"))
            ended = self._loop.time()
            self._took = ended - begun
            for (_, asker), holds in zip(asked, held, strict=True):
                asker.marked_at = ended
                asker.marked(holds)
            if defects:
                raise defects[0]
            return


def unwritten(error: StoreError) -> Phrase:
    """Why a run cannot go on, when it is the database."""
    return say("the ledger cannot be written: {reason}", reason=error)
