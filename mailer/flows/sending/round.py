"""A round: every connection carries what is due, until nothing is or the run ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta

import structlog

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Fault
from mailer.errors import InputError, RelayError, StoreError
from mailer.flows.ports import Claim, Run
from mailer.flows.sending.bookkeeper import Bookkeeper, unwritten
from mailer.flows.sending.carrier import RunCarrier
from mailer.flows.sending.desk import PacedRelay, SendingDesk
from mailer.flows.sending.letters import Letters
from mailer.flows.sending.limits import Watch
from mailer.flows.sending.patience import Patience
from mailer.flows.sending.queue import BATCH, Queue
from mailer.flows.sending.settling import put_off, settled, unwritable
from mailer.phrases import Phrase, say, verbatim

log = structlog.get_logger()

_AGAIN = timedelta(seconds=1)


class _Lane:
    """One relay at work: its pace, and the carriers that wait for it."""

    def __init__(self, paced: PacedRelay) -> None:
        self.relay, self.bucket = paced.relay, paced.bucket
        self.waiting: deque[RunCarrier] = deque()
        self.has_waiting = asyncio.Event()
        self._reserved: float | None = None

    def pause(self, now: float) -> float:
        """Seconds until a message may go."""
        if self.bucket is None:
            return 0.0
        if self._reserved is None:
            self._reserved = self.bucket.reserve(now)
        return max(0.0, self._reserved - now)

    def spend(self) -> None:
        """A message goes."""
        self._reserved = None


class Round:
    """What is due, on its way over every connection of every relay."""

    def __init__(
        self,
        run: Run,
        letters: Letters,
        desk: SendingDesk,
        books: Bookkeeper,
        *,
        patience: Patience,
        watch: Watch,
        halt: Callable[[Phrase], None],
        hold: Callable[[Phrase], None],
        most: int | None = None,
    ) -> None:
        """Claim at most *most*. *hold* is told why only somebody's word goes on."""
        self.run, self.letters, self.desk, self.books = run, letters, desk, books
        self.is_over = False
        self._patience, self._watch = patience, watch
        self._halt, self._hold = halt, hold
        self._most = most
        self._queue = Queue(self._claim)
        self._queue.batch = self._batch()
        self._lanes = {paced.relay.name: _Lane(paced) for paced in desk.relays}
        self._carriers: set[RunCarrier] = set()
        self._hungry: set[RunCarrier] = set()  # idle for want of claims
        self._opening = 0

    async def carry_out(self) -> list[Claim]:
        """Let every connection work until nothing is due; the claims that are left."""
        async with asyncio.TaskGroup() as round_:
            filling = round_.create_task(self._queue.fill(self._feed))
            pacing = [
                round_.create_task(self._keep_pace(x)) for x in self._lanes.values()
            ]
            async with asyncio.TaskGroup() as connections:
                for lane in self._lanes.values():
                    for _ in range(lane.relay.connections):
                        connections.create_task(self._connect(lane))
            self._queue.close()
            await filling
            for task in pacing:
                task.cancel()
        return self._queue.empty()

    def end(self) -> None:
        """Hand nothing more over; what is on the way is finished."""
        self.is_over = True
        self._queue.close()
        for carrier in list(self._carriers):
            carrier.session.leave()

    # -- what a carrier asks for ------------------------------------------------

    def take(self, carrier: RunCarrier) -> Claim | None:
        """The next claim for *carrier*, if there is one and the pace allows."""
        if self.is_over or self._queue.is_dry:
            carrier.session.leave()
            return None
        lane = self._lanes[carrier.relay]
        if len(self._queue) and (pause := lane.pause(self.desk.clock.monotonic())):
            if pause > self.desk.policy.idle.total_seconds():
                carrier.session.leave()
            elif carrier not in lane.waiting:
                lane.waiting.append(carrier)
                lane.has_waiting.set()
            return None
        while (claim := self._queue.take()) is not None:
            if not (wait := self._watch.wait(claim)):
                lane.spend()
                return claim
            until = self.desk.clock.now() + timedelta(seconds=wait)
            self.books.book(put_off(claim, carrier.relay, until))
        if self._queue.is_dry:
            carrier.session.leave()
            self._queue.changed.set()
            self._feed()
        else:
            self._hungry.add(carrier)
        return None

    def put_back(self, claim: Claim) -> None:
        """A claim that was not begun."""
        self._queue.put_back(claim)
        self._feed()

    def written(self, claim: Claim) -> tuple[Envelope, bytes]:
        """The message to the reader of *claim*."""
        return self.letters.write(claim)

    def refused(self, claim: Claim, relay: str, error: InputError) -> None:
        """Book a reader to whom no message can be addressed."""
        self.books.book(unwritable(claim, relay, error))

    def answered(self, claim: Claim, attempt: Attempt) -> None:
        """Book what became of an attempt."""
        settlement = settled(
            claim,
            attempt,
            policy=self.desk.policy,
            now=self.desk.clock.now(),
            give_up=self._patience.give_up,
            jitter=self.desk.chance(),
        )
        if settlement.verdict.fault is Fault.RUN:
            refused = say(
                "{relay} refuses this run: {reason}",
                relay=attempt.relay,
                reason=settlement.verdict.reason,
            )
            self._halt(refused)
        elif reason := self._watch.heed(claim, settlement.verdict):
            self._hold(reason)
        self.books.book(settlement)

    # -- what goes on meanwhile -------------------------------------------------

    async def _connect(self, lane: _Lane) -> None:
        """One connection after another, as long as there is something to carry."""
        while await self._is_wanted(lane):
            try:
                async with lane.relay.session() as session:
                    self._opening -= 1
                    await self._carry(
                        RunCarrier(session, lane.relay.name, self, self.books)
                    )
            except RelayError as error:
                self._opening -= 1
                self._halt(verbatim(error))

    async def _carry(self, carrier: RunCarrier) -> None:
        self._carriers.add(carrier)
        try:
            await carrier.session.carry(carrier)
        finally:
            self._carriers.discard(carrier)
            self._hungry.discard(carrier)

    async def _is_wanted(self, lane: _Lane) -> bool:
        """Wait until another connection has something to do; False when none will."""
        while not (self.is_over or self._queue.is_dry):
            pause = lane.pause(self.desk.clock.monotonic())
            if pause > self.desk.policy.idle.total_seconds():
                await self.desk.clock.wait(self.desk.stop, timedelta(seconds=pause))
            elif len(self._queue) > self._opening:
                self._opening += 1
                return True
            else:
                self._queue.changed.clear()
                await self._queue.changed.wait()
        return False

    async def _keep_pace(self, lane: _Lane) -> None:
        """Wake the carriers that wait for the pace, each at its moment."""
        while True:
            await lane.has_waiting.wait()
            if pause := lane.pause(self.desk.clock.monotonic()):
                await self.desk.clock.wait(self.desk.stop, timedelta(seconds=pause))
            if lane.waiting:
                lane.waiting.popleft().session.wake()
            if not lane.waiting:
                lane.has_waiting.clear()

    def _feed(self) -> None:
        """There are claims again, or there will be none: tell the idle."""
        while self._hungry and (len(self._queue) or self._queue.is_dry):
            self._hungry.pop().session.wake()

    async def _claim(self, limit: int) -> list[Claim]:
        """More of what is due, unless enough is or the ledger cannot be written."""
        policy, clock = self.desk.policy, self.desk.clock
        deadline = clock.monotonic() + policy.store_patience.total_seconds()
        if self._most is not None:
            limit = min(limit, self._most)
        while limit and not self.is_over:
            try:
                claims = await self.desk.ledger.claim(
                    self.run,
                    worker=self.desk.worker,
                    limit=limit,
                    now=clock.now(),
                    lease=policy.lease,
                )
            except StoreError as error:
                if not error.temporary or clock.monotonic() >= deadline:
                    self._halt(unwritten(error))
                    break
                await clock.wait(self.desk.stop, _AGAIN)
            else:
                self._patience.see(claims, clock.now())
                if self._most is not None:
                    self._most -= len(claims)
                return claims
        return []

    def _batch(self) -> int:
        """No more than the pace carries away while the lease lasts."""
        rates = [paced.bucket for paced in self.desk.relays]
        if None in rates:
            return BATCH
        second = sum(bucket.rate for bucket in rates if bucket)
        return max(
            1, min(BATCH, int(second * self.desk.policy.lease.total_seconds() / 4))
        )
