"""One run, from its frozen audience to a balance sheet that adds up.

The story: be the only sender of this run, settle what a dead one left, then let every
connection carry one delivery after another: claim, look again, wait for the pace,
envelope, mark *handing over* durably, body, judge the reply, write what became of it.
What was deferred comes back when its time has come. Whatever stops the run, every
delivery stands in the ledger with a state and a reason.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from mailer.audience.token import Keyring
from mailer.delivery.dkim import Template
from mailer.delivery.ledger import State
from mailer.delivery.message import Envelope
from mailer.delivery.reader import Reader, address_reader
from mailer.delivery.reply import Attempt, Fault, Outcome, Stage, Verdict, judge
from mailer.delivery.retry import next_attempt
from mailer.delivery.signer import Signer
from mailer.delivery.throttle import Bucket
from mailer.edition.model import Variant
from mailer.errors import InputError, RelayError, StoreError
from mailer.flows.letters import templates_of
from mailer.flows.ports import (
    Claim,
    Clock,
    Ledger,
    Relay,
    Run,
    RunState,
    Session,
    Settlement,
)
from mailer.phrases import NOTHING, Phrase, say, verbatim
from mailer.rendering.model import Frozen

log = structlog.get_logger()

_BATCH = 50  # claims per statement and connection pool; few enough to give back quickly
_MAX_WAIT = timedelta(minutes=5)
"""Wake up now and then: an operator's `retry` may have made something due."""

_RELAY_DELAYS = (timedelta(seconds=10), timedelta(minutes=1))
"""A stumble of the relay is retried sooner than a reader's mailbox is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a run is, and what it does about doubt.

    ``delays`` are the waits between attempts, the last one repeating until
    ``give_up_after`` the start of the run; ``linger`` is how long a sender without
    daemon stays for the next attempt; ``resend_doubt`` trades at most once for at
    least once; ``store_patience`` is how long an outcome is offered to a database
    that does not take it.
    """

    delays: Sequence[timedelta]
    give_up_after: timedelta
    linger: timedelta
    lease: timedelta = timedelta(minutes=5)
    resend_doubt: bool = False
    store_patience: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PacedRelay:
    """A relay and the bucket all its connections draw from; None: as fast as it takes."""

    relay: Relay
    bucket: Bucket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingDesk:
    """Everything a run is sent with. ``chance`` gives numbers in [0, 1) for jitter."""

    ledger: Ledger
    relays: Sequence[PacedRelay]
    clock: Clock
    keyring: Keyring
    signers: Sequence[Signer]
    policy: Policy
    worker: str
    chance: Callable[[], float]
    public_url: str | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)


async def send(run: Run, desk: SendingDesk) -> Run:
    """Send *run* until nothing waits, or until something stops it.

    Returns the run as it stands then: SENT, or PAUSED with the reason. Raises
    GuardError if another process sends it, StoreError if the ledger cannot be read.
    """
    async with desk.ledger.sole_sender(run):
        await _recover(run, desk)
        run = await desk.ledger.mark_run(run, RunState.SENDING, now=desk.clock.now())
        frozen = await desk.ledger.frozen(run)
        sending = _Sending(run, frozen, desk)
        reason = await sending.until_done()
        state = RunState.PAUSED if reason else RunState.SENT
        log.info("run.ended", run=run.name, state=str(state), reason=str(reason))
        try:
            return await desk.ledger.mark_run(
                run, state, now=desk.clock.now(), reason=reason
            )
        except StoreError:
            if not reason:
                raise
            # What stopped the run, a full disk say, keeps it from being marked too. Its
            # rows tell the truth, and the next sender settles them.
            return replace(run, state=state, reason=reason)


async def _recover(run: Run, desk: SendingDesk) -> None:
    """Settle what an earlier sender left behind; safe because we are the only one."""
    found = await desk.ledger.recover(run, now=desk.clock.now(), all_leases=True)
    if found.released or found.in_doubt:
        log.warning(
            "run.recovered",
            run=run.name,
            released=found.released,
            in_doubt=found.in_doubt,
        )
    if desk.policy.resend_doubt:
        await desk.ledger.reopen(run, states=[State.IN_DOUBT], now=desk.clock.now())


class _Sending:
    """One run being sent by this process: its queue, its workers, and why it stops."""

    def __init__(self, run: Run, frozen: Frozen, desk: SendingDesk) -> None:
        self.run = run
        self.frozen = frozen
        self.desk = desk
        self.templates: Mapping[Variant, Template] = templates_of(
            frozen,
            date=run.started,
            public_url=desk.public_url,
            signers=desk.signers,
        )
        self.give_up = run.started + desk.policy.give_up_after
        self.zone = ZoneInfo(frozen.publication.timezone)
        self.claims: deque[Claim] = deque()
        self.claiming = asyncio.Lock()
        self.reason = NOTHING

    async def until_done(self) -> Phrase:
        """Rounds of sending with waits between; the reason it stopped, or empty."""
        while not self.reason:
            if self.desk.clock.now() >= self.give_up:
                await self.desk.ledger.expire(self.run, now=self.desk.clock.now())
            await self._round()
            if self.desk.stop.is_set():
                self._halt(say("stopped by the operator"))
            if self.reason:
                break
            upcoming = await self.desk.ledger.next_attempt(self.run)
            if upcoming is None:
                break
            wait = upcoming - self.desk.clock.now()
            if wait > self.desk.policy.linger:
                local = upcoming.astimezone(self.zone)
                wait_until = say(
                    "deferred deliveries wait until {day}, {hour}",
                    day=local.date(),
                    hour=f"{local:%H:%M %Z}",
                )
                self._halt(wait_until)
                break
            await self.desk.clock.wait(self.desk.stop, min(wait, _MAX_WAIT))
        return self.reason

    async def _round(self) -> None:
        """Let every connection of every relay work until nothing is due."""
        async with asyncio.TaskGroup() as workers:
            for paced in self.desk.relays:
                for _ in range(paced.relay.connections):
                    workers.create_task(self._work(paced))
        if self.claims:
            await self._give_back(list(self.claims))
            self.claims.clear()

    async def _work(self, paced: PacedRelay) -> None:
        """One connection after another, as long as there is something to carry."""
        while (claim := await self._next()) is not None:
            try:
                async with paced.relay.session() as session:
                    await self._carry(session, paced, claim)
            except RelayError as error:
                self._halt(verbatim(error))
                await self._give_back([claim])
            except StoreError as error:
                self._halt(_unwritten(error))

    async def _carry(
        self, session: Session, paced: PacedRelay, claim: Claim | None
    ) -> None:
        """Deliveries over one connection, until it closes or nothing is due."""
        while claim is not None:
            await self._deliver(session, paced, claim)
            if not session.is_open:
                return
            claim = await self._next()

    async def _deliver(self, session: Session, paced: PacedRelay, claim: Claim) -> None:
        """One delivery, whole: pace, second look, hand-over, outcome."""
        await self._keep_pace(paced)
        if self.desk.stop.is_set() or self.reason:
            await self._give_back([claim])
            return
        if not await self.desk.ledger.still_wanted(claim, now=self.desk.clock.now()):
            return
        template = self.templates[claim.variant]
        try:
            reader = self._reader(claim)
        except InputError as error:
            await self._settle(_unwritable(claim, paced.relay.name, error))
            return
        attempt = await session.deliver(
            Envelope(return_path=template.return_path, recipient=claim.email),
            lambda: template.write(reader),
            handing_over=lambda: self.desk.ledger.hand_over(
                claim, now=self.desk.clock.now()
            ),
        )
        await self._settle(self._settlement(claim, attempt))

    def _reader(self, claim: Claim) -> Reader:
        return address_reader(
            subscriber=claim.subscriber,
            email=claim.email,
            name=claim.name,
            publication=self.frozen.publication,
            edition=self.frozen.edition,
            variant=claim.variant,
            keyring=self.desk.keyring,
            public_url=self.desk.public_url,
        )

    def _settlement(self, claim: Claim, attempt: Attempt) -> Settlement:
        """Where the delivery goes after *attempt*, and when it is tried again."""
        verdict = judge(attempt)
        now = self.desk.clock.now()
        later: datetime | None = None
        match verdict.outcome:
            case Outcome.ACCEPTED:
                state = State.ACCEPTED
            case _ if verdict.fault is Fault.RUN:
                # Our own configuration is refused, not this reader: nobody pays for it.
                refused = say(
                    "{relay} refuses this run: {reason}",
                    relay=attempt.relay,
                    reason=verdict.reason,
                )
                self._halt(refused)
                state, later = State.DUE, now
            case Outcome.REFUSED:
                state = State.REFUSED
            case Outcome.IN_DOUBT if not self.desk.policy.resend_doubt:
                state = State.IN_DOUBT
            case _:
                later = self._retry_at(claim, verdict, now)
                state = State.EXPIRED if later is None else State.DUE
        return Settlement(
            claim=claim,
            state=state,
            attempt=attempt,
            verdict=verdict,
            next_attempt=later,
        )

    def _retry_at(
        self, claim: Claim, verdict: Verdict, now: datetime
    ) -> datetime | None:
        delays = tuple(self.desk.policy.delays)
        if verdict.fault is Fault.RELAY:
            shortest = min(_RELAY_DELAYS[0], delays[0])
            delays = (shortest, *_RELAY_DELAYS[1:], *delays)
        return next_attempt(
            attempts=claim.attempts + 1,
            now=now,
            delays=delays,
            jitter=self.desk.chance(),
            give_up=self.give_up,
        )

    async def _settle(self, settlement: Settlement) -> None:
        """Write an outcome; keep offering it to a database that does not take it.

        What cannot be written stays *handing over*, and so in doubt: never lost.
        """
        deadline = self.desk.clock.monotonic() + (
            self.desk.policy.store_patience.total_seconds()
        )
        while True:
            try:
                await self.desk.ledger.settle(settlement, now=self.desk.clock.now())
            except StoreError as error:
                self._halt(_unwritten(error))
                if self.desk.clock.monotonic() >= deadline:
                    raise
                await self.desk.clock.wait(asyncio.Event(), timedelta(seconds=1))
            else:
                return

    async def _next(self) -> Claim | None:
        """The next delivery to carry; None when nothing is due or the run stops."""
        async with self.claiming:
            if self.desk.stop.is_set() or self.reason:
                return None
            if not self.claims:
                try:
                    batch = await self.desk.ledger.claim(
                        self.run,
                        worker=self.desk.worker,
                        limit=_BATCH,
                        now=self.desk.clock.now(),
                        lease=self.desk.policy.lease,
                    )
                except StoreError as error:
                    self._halt(_unwritten(error))
                    return None
                self.claims.extend(batch)
            return self.claims.popleft() if self.claims else None

    async def _keep_pace(self, paced: PacedRelay) -> None:
        if paced.bucket is None:
            return
        now = self.desk.clock.monotonic()
        pause = paced.bucket.reserve(now) - now
        if pause > 0:
            await self.desk.clock.wait(self.desk.stop, timedelta(seconds=pause))

    async def _give_back(self, claims: Sequence[Claim]) -> None:
        try:
            await self.desk.ledger.release(claims)
        except StoreError as error:
            # Still ours on paper; the next sender's recovery makes them due again.
            log.warning("claims.kept", run=self.run.name, reason=str(error))

    def _halt(self, reason: Phrase) -> None:
        """Stop claiming; what is on the wire is finished."""
        if not self.reason:
            self.reason = reason
            log.warning("run.halted", run=self.run.name, reason=str(reason))


def _unwritten(error: StoreError) -> Phrase:
    return say("the ledger cannot be written: {reason}", reason=error)


def _unwritable(claim: Claim, relay: str, error: InputError) -> Settlement:
    """A reader to whom no message can be addressed: refused, by us and by name."""
    return Settlement(
        claim=claim,
        state=State.REFUSED,
        attempt=Attempt(relay=relay, stage=Stage.CONNECT, reply=None),
        verdict=Verdict(
            outcome=Outcome.REFUSED, fault=Fault.MESSAGE, reason=error.message
        ),
    )
