"""A round: every connection carries what is due, until nothing is or the run ends.

Connections that have nothing to carry are idle; an usher wakes them when a claim has
come, the pace allows it and it is their relay's turn.
"""

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
from mailer.flows.sending.carriage import Relay
from mailer.flows.sending.carrier import RunCarrier
from mailer.flows.sending.desk import SendingDesk
from mailer.flows.sending.letters import Letters
from mailer.flows.sending.limits import Watch
from mailer.flows.sending.patience import Patience
from mailer.flows.sending.queue import BATCH, Queue
from mailer.flows.sending.settling import REJECTED, SLOW, put_off, settled, unwritable
from mailer.phrases import Phrase, say

log = structlog.get_logger()

_AGAIN = timedelta(seconds=1)
_LOOK = 2.0
"""Seconds between two looks at what others say, while nothing can be carried."""

_SHORTEST = 0.001
"""Seconds: no timer is kept more exactly."""


class _Team:
    """One relay at work: its connections, those on their way, and those without work."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.patience = relay.idle.total_seconds()
        self.carriers: set[RunCarrier] = set()
        self.idle: deque[RunCarrier] = deque()
        self.opening = 0

    @property
    def held(self) -> int:
        """Connections that are open, or about to be."""
        return len(self.carriers) + self.opening


class Round:
    """What is due, on its way over every connection of every relay.

    *halt* is told why the run must stop, *hold* why only somebody's word goes on.
    """

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
        """Claim at most *most*."""
        self.run, self.letters, self.desk, self.books = run, letters, desk, books
        self.traffic = desk.traffic
        self.is_over = False
        self._patience, self._watch = patience, watch
        self._halt, self._hold = halt, hold
        self._most = most
        quarter = desk.policy.lease.total_seconds() / 4
        self._queue = Queue(
            self.traffic,
            self._claim,
            batch=self.traffic.batch(BATCH, quarter),
            stir=self._stir,
        )
        self._horizon = quarter
        self._teams = {relay.name: _Team(relay) for relay in self.traffic.relays}
        self._ended = asyncio.Event()
        self._stirred = asyncio.Event()  # claims, idle connections: the usher looks
        self._changed = asyncio.Event()  # claims, relays: who connects looks

    async def carry_out(self) -> list[Claim]:
        """Let every connection work until nothing is due; the claims that are left."""
        async with asyncio.TaskGroup() as round_:
            filling = round_.create_task(self._queue.fill())
            helpers = [
                round_.create_task(self._usher()),
                round_.create_task(self._mind_the_relays()),
            ]
            async with asyncio.TaskGroup() as connections:
                for team in self._teams.values():
                    for _ in range(team.relay.connections):
                        connections.create_task(self._connect(team))
            self._queue.close()
            await filling
            for task in helpers:
                task.cancel()
        return self._queue.empty()

    def end(self) -> None:
        """Hand nothing more over; what is on the way is finished."""
        self.is_over = True
        self._ended.set()
        self._queue.close()
        for team in self._teams.values():
            for carrier in list(team.carriers):
                carrier.session.leave()

    # -- what a carrier asks for ------------------------------------------------

    def take(self, carrier: RunCarrier) -> Claim | None:
        """The next claim for *carrier*, if the pace allows and it is its relay's turn."""
        team = self._teams[carrier.relay]
        self.traffic.look()
        if self.is_over or self._queue.is_dry or self._is_surplus(team):
            carrier.session.leave()
            return None
        if (claim := self._next_for(team)) is not None:
            return claim
        if self._queue.is_dry:
            carrier.session.leave()
            self._stir()
            return None
        wait = self._queue.wait(carrier.relay)
        if wait is not None and wait > team.patience:
            carrier.session.leave()
        elif carrier not in team.idle:
            team.idle.append(carrier)
            self._stirred.set()
        return None

    def take_ahead(self, carrier: RunCarrier) -> Claim | None:
        """The claim that *carrier* would be given next, if there is one already."""
        team = self._teams[carrier.relay]
        may = not self.is_over and not self._is_surplus(team)
        return self._next_for(team) if may else None

    def put_back(self, claim: Claim) -> None:
        """A claim that was not begun."""
        self._queue.put_back(claim)

    def written(self, claim: Claim) -> tuple[Envelope, bytes]:
        """The message to the reader of *claim*."""
        return self.letters.write(claim)

    def refused(self, claim: Claim, relay: str, error: InputError) -> None:
        """Book a reader to whom no message can be addressed."""
        self.books.book(unwritable(claim, relay, error))

    def answered(self, claim: Claim, attempt: Attempt, *, carried: int) -> None:
        """Book what became of an attempt, and learn from it.

        A session that ends after messages that went well has had its share: the next
        connection, not a lower pace.
        """
        settlement = settled(
            claim,
            attempt,
            policy=self.desk.policy,
            now=self.desk.clock.now(),
            give_up=self._patience.give_up,
            jitter=self.desk.chance(),
        )
        verdict = settlement.verdict
        if attempt.made_sense:
            self.traffic.spoke(attempt.relay)
        reply = attempt.reply
        if not (carried and reply and reply.ends_session):
            self.traffic.heard(attempt, verdict, self._queue.lane(claim))
        if verdict.fault is Fault.RUN:
            refused = say(
                "{relay} refuses this run: {reason}",
                relay=attempt.relay,
                reason=verdict.reason,
            )
            self._halt(refused)
        elif reason := self._watch.heed(claim, verdict):
            self._hold(reason)
        self.books.book(settlement)

    # -- whose turn it is ---------------------------------------------------------

    def _next_for(self, team: _Team) -> Claim | None:
        if self._is_turn_of(team):
            while (claim := self._queue.take(team.relay.name)) is not None:
                if not (wait := self._watch.wait(claim)):
                    self._took(team)
                    return claim
                self._put_off(claim, team.relay.name, wait, REJECTED)
        return None

    def _is_surplus(self, team: _Team) -> bool:
        """Whether *team* holds more connections than it should by now."""
        if len(team.carriers) == 1 and len(self._teams) == 1:
            return False
        allowed = self.traffic.board.connections(team.relay.name, self.traffic.now())
        return len(team.carriers) > allowed

    def _is_turn_of(self, team: _Team) -> bool:
        if len(self._teams) == 1:
            return True
        able = _able(self._waits())
        is_turn = self._may(team.relay.name, [*able, team.relay.name])
        if not is_turn and able:
            self._stirred.set()
        return is_turn

    def _may(self, relay: str, able: list[str]) -> bool:
        """Whether *relay*, of those that are *able*, is the one to take a claim now."""
        return (
            len(self._teams) == 1
            or self.traffic.is_trying(relay)
            or self.traffic.board.may_take(relay, self.traffic.now(), able)
        )

    def _took(self, team: _Team) -> None:
        if len(self._teams) > 1:
            self.traffic.board.took(team.relay.name)
            self._stirred.set()  # it may be another's turn now

    def _waits(self) -> dict[str, float]:
        """Seconds until each relay that has an idle connection may take a claim, if any."""
        idle = [name for name, team in self._teams.items() if team.idle]
        waits = ((name, self._queue.wait(name)) for name in idle)
        return {name: wait for name, wait in waits if wait is not None}

    async def _usher(self) -> None:
        """Wake idle connections, each when there is something for it."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while (pause := self._wake_who_may()) is not None:
                await self.desk.clock.wait(
                    self._stirred, timedelta(seconds=max(_SHORTEST, pause))
                )
                self._stirred.clear()
                self.traffic.look()
                for claim, seconds in self._queue.late(self._horizon):
                    self._put_off(claim, "", seconds, SLOW)

    def _wake_who_may(self) -> float | None:
        """Wake everybody who may take a claim; seconds until the next may, or None."""
        if self.is_over or self._queue.is_dry:
            for team in self._teams.values():
                while team.idle:
                    team.idle.popleft().session.wake()
            return None
        waits = self._waits()
        for _ in range(len(self._queue)):
            able = _able(waits)
            name = next((relay for relay in able if self._may(relay, able)), None)
            if name is None:
                break
            self._teams[name].idle.popleft().session.wake()
            waits = self._waits()
        # By the same look at the clock: who could not go yet must not seem able by now.
        pauses = [wait for wait in waits.values() if wait]
        for name, wait in waits.items():
            team = self._teams[name]
            while team.idle and wait > team.patience:
                team.idle.popleft().session.leave()
        return min((*pauses, _LOOK)) if pauses else None

    # -- connections --------------------------------------------------------------

    async def _connect(self, team: _Team) -> None:
        """One connection after another, as long as there is something to carry."""
        while await self._is_wanted(team):
            opening = True
            try:
                async with team.relay.session() as session:
                    team.opening -= 1
                    opening = False
                    self.traffic.connected(team.relay.name)
                    await self._carry(
                        team, RunCarrier(session, team.relay.name, self, self.books)
                    )
            except RelayError as error:
                team.opening -= opening
                self._lost(team, error)

    async def _carry(self, team: _Team, carrier: RunCarrier) -> None:
        team.carriers.add(carrier)
        self.desk.meter.opened(team.relay.name)
        try:
            await carrier.session.carry(carrier)
        finally:
            carrier.rest()
            team.carriers.discard(carrier)
            self.desk.meter.closed(team.relay.name)
            if carrier in team.idle:
                team.idle.remove(carrier)
        if carrier.silent_at is not None and not carrier.heard_sense:
            error = self.traffic.silent(team.relay.name, carrier.silent_at)
            if error is not None:
                raise error

    def _lost(self, team: _Team, error: RelayError) -> None:
        self.traffic.failed(
            team.relay.name, error, held=len(team.carriers), jitter=self.desk.chance()
        )
        self._stir()

    async def _is_wanted(self, team: _Team) -> bool:
        """Wait until another connection has something to do; False when none will."""
        name = team.relay.name
        while not (self.is_over or self._queue.is_dry or self.traffic.opens_in()):
            wait = self._queue.wait(name)
            allowed = self.traffic.board.connections(name, self.traffic.now())
            if team.held < allowed and wait is not None:
                if wait > team.patience:
                    await self.desk.clock.wait(
                        self._changed, timedelta(seconds=min(wait, _LOOK))
                    )
                    self._changed.clear()
                    continue
                if len(self._queue) > sum(t.opening for t in self._teams.values()):
                    team.opening += 1
                    return True
            self._changed.clear()
            await self._changed.wait()
        return False

    async def _mind_the_relays(self) -> None:
        """Hear of relays that are back; stop where nobody carries for too long."""
        linger = self.desk.policy.linger.total_seconds()
        while not self.is_over:
            if reason := self.traffic.gives_up(linger):
                self._halt(reason)
                return
            now = self.traffic.now()
            wake = self.traffic.board.wake_at(now)
            if wake is None and not self.traffic.is_watched:
                self._changed.clear()
                await self._changed.wait()
                continue
            pause = _LOOK if wake is None else min(_LOOK, wake - now)
            await self.desk.clock.wait(
                self._ended, timedelta(seconds=max(_SHORTEST, pause))
            )
            self.traffic.look()
            self._stir()

    # -- claims -------------------------------------------------------------------

    def _stir(self) -> None:
        """Claims or relays have changed: let everybody look who waits."""
        self._stirred.set()
        self._changed.set()

    def _put_off(self, claim: Claim, relay: str, seconds: float, why: Phrase) -> None:
        until = self.desk.clock.now() + timedelta(seconds=seconds)
        self.books.book(put_off(claim, relay, until, why))

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


def _able(waits: dict[str, float]) -> list[str]:
    return [relay for relay, wait in waits.items() if wait == 0]
