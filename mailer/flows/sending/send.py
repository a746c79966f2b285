"""One run, from its frozen audience to a balance sheet that adds up.

The story: be the only sender of this run, settle what a dead one left, then let every
connection carry one message after another: claim, wait for the pace, envelope, mark
*handing over* durably, body, judge the reply, write what became of it. What was deferred
comes back when its time has come. Whatever stops the run, every delivery stands in the
ledger with a state and a reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from mailer.delivery.ledger import State
from mailer.errors import GuardError, StoreError
from mailer.flows.ports import Claim, Run, RunState
from mailer.flows.sending.ahead import Ahead
from mailer.flows.sending.bookkeeper import Bookkeeper, unwritten
from mailer.flows.sending.desk import Policy, SendingDesk
from mailer.flows.sending.letters import Letters
from mailer.flows.sending.limits import Watch
from mailer.flows.sending.patience import Patience
from mailer.flows.sending.round import Round
from mailer.phrases import NOTHING, Phrase, say

__all__ = ["STOPPED", "Policy", "SendingDesk", "lend_a_hand", "send"]

log = structlog.get_logger()

STOPPED = say("stopped by the operator")
"""Why a run pauses whose sender was told to stop; ``has_heir`` leaves it sending."""

_LOOK = timedelta(seconds=1)
"""How often those who share a run look what the others have left."""

_MAX_WAIT = timedelta(minutes=5)
"""Wake up now and then: an operator's `retry` may have made something due."""


async def send(run: Run, desk: SendingDesk) -> Run:
    """Send *run* until nothing waits, or until something stops it.

    Returns the run as it stands then: SENT, or PAUSED with the reason, or CANCELLED by
    somebody; SENDING still if the desk was told to stop and has an heir. Raises
    GuardError if another process sends it or somebody has stopped it, StoreError if the
    ledger cannot be read.
    """
    async with desk.ledger.sole_sender(run), desk.traffic:
        await _recover(run, desk)
        run = await desk.ledger.mark_run(run, RunState.SENDING, now=desk.clock.now())
        sending = _Sending(run, await _letters(run, desk), desk)
        await sending.until_done()
        return await _end(run, desk, sending)


async def lend_a_hand(run: Run, desk: SendingDesk) -> None:
    """Carry what is due of *run* beside its sender, for as long as it is being sent.

    For another process, perhaps on another machine, that shares the ledger: claims,
    fences and leases keep the two apart. The sender alone says how the run stands; what
    dies with a helper is settled by it when the lease ends. StoreError as ``send``.
    """
    async with desk.traffic:
        helper = _Sending(run, await _letters(run, desk), desk)
        await helper.until_not_wanted()
    if helper.held:
        await desk.ledger.mark_run(
            run,
            RunState.PAUSED,
            now=desk.clock.now(),
            reason=helper.reason,
            held=True,
            patient_from=helper.patience.since,
        )


async def _letters(run: Run, desk: SendingDesk) -> Letters:
    frozen = await desk.ledger.frozen(run)
    return Letters(frozen, desk.stationery, date=run.started, run=run.id)


async def _end(run: Run, desk: SendingDesk, sending: _Sending) -> Run:
    """Mark how the run stands; what an operator made of it meanwhile stays."""
    reason = sending.reason
    state = RunState.PAUSED if reason else RunState.SENT
    if reason == STOPPED and desk.has_heir:
        return await _bequeath(run, desk, sending)
    log.info("run.ended", run=run.name, state=str(state), reason=str(reason))
    now = desk.clock.now()
    try:
        left = await desk.ledger.mark_run(
            run,
            state,
            now=now,
            reason=reason,
            held=sending.held,
            patient_from=sending.patience.since,
        )
        if left.state is RunState.CANCELLED:
            await desk.ledger.withdraw(left, now=now)
    except StoreError:
        if not reason:
            raise
        # What stopped the run, a full disk say, keeps it from being marked too. Its
        # rows tell the truth, and the next sender settles them.
        return replace(run, state=state, reason=reason)
    return left


async def _bequeath(run: Run, desk: SendingDesk, sending: _Sending) -> Run:
    """Leave *run* sending for whoever comes next, unless somebody has stopped it."""
    now = desk.clock.now()
    try:
        since = sending.patience.since
        return await desk.ledger.mark_run(
            run, RunState.SENDING, now=now, patient_from=since
        )
    except GuardError:
        left = await desk.ledger.find_run(run.name) or run
        if left.state is RunState.CANCELLED:
            await desk.ledger.withdraw(left, now=now)
        return left


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
    """Rounds of sending with waits between, and why they stop."""

    def __init__(self, run: Run, letters: Letters, desk: SendingDesk) -> None:
        self.run, self.letters, self.desk = run, letters, desk
        publication = letters.frozen.publication
        self.patience = Patience(run, publication, desk.policy.give_up_after)
        self.watch = Watch(desk.policy.limits, desk.clock)
        self.reason = NOTHING
        self.held = False
        self._round: Round | None = None
        self.books = Bookkeeper(
            run,
            desk.ledger,
            desk.clock,
            meter=desk.meter,
            patience=desk.policy.store_patience,
            halt=self.halt,
        )

    async def until_done(self) -> None:
        """Send until nothing waits, or ``reason`` says why it stopped before."""
        async with self._kept():
            await self._send_canary()
            while not self.reason:
                await self._send_what_is_due()
                if self.reason or not await self._wait_for_the_next():
                    break

    async def until_not_wanted(self) -> None:
        """Help whoever sends the run, until it is not being sent any more."""
        async with self._kept():
            while not self.reason and await self._is_being_sent():
                await self._send_what_is_due()
                await self.desk.clock.wait(self.desk.stop, _LOOK)

    async def _is_being_sent(self) -> bool:
        """Whether there is something to help with: a canary goes ahead alone."""
        known = await self.desk.ledger.find_run(self.run.name)
        while known is not None and known.state is RunState.SENDING:
            if not known.canary or await Ahead(known, self.desk).has_others():
                return True
            if await self.desk.clock.wait(self.desk.stop, _LOOK):
                return False
            known = await self.desk.ledger.find_run(self.run.name)
        return False

    @asynccontextmanager
    async def _kept(self) -> AsyncIterator[None]:
        """The books are kept, and a stop is heeded, while the caller sends."""
        tasks = [
            asyncio.create_task(self.books.keep()),
            asyncio.create_task(self._heed_the_stop()),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.desk.meter.ended(self.run)
        if self.books.defect is not None:
            raise self.books.defect

    def halt(self, reason: Phrase) -> None:
        """Claim nothing more; what is on the wire is finished."""
        if not self.reason:
            self.reason = reason
            log.warning("run.halted", run=self.run.name, reason=str(reason))
        if self._round is not None:
            self._round.end()

    def hold(self, reason: Phrase) -> None:
        """Stop as by ``halt``, and until somebody has looked."""
        self.held = self.held or not self.reason
        self.halt(reason)

    async def _heed_the_stop(self) -> None:
        await self.desk.stop.wait()
        self.halt(STOPPED)

    async def _send_canary(self) -> None:
        """Those who go ahead, if there are any, and the wait for what becomes of them."""
        ahead = Ahead(self.run, self.desk)
        left = await ahead.left()
        while left and not self.reason:
            await self._send_what_is_due(most=left)
            before, left = left, await ahead.left()
            if left == before:
                break  # nothing more is due
        if not self.reason and (reason := await ahead.wait(self.watch)):
            self.hold(reason)

    async def _send_what_is_due(self, most: int | None = None) -> None:
        if self.desk.stop.is_set():
            self.halt(STOPPED)
            return
        if self.desk.clock.now() >= self.patience.give_up:
            await self.desk.ledger.expire(self.run, now=self.desk.clock.now())
        self._round = Round(
            self.run,
            self.letters,
            self.desk,
            self.books,
            patience=self.patience,
            watch=self.watch,
            halt=self.halt,
            hold=self.hold,
            most=most,
        )
        left = await self._round.carry_out()
        await self.books.all_written()
        self._round = None
        await self._give_back(left)

    async def _wait_for_the_next(self) -> bool:
        """Wait until something is due; False if nothing is, or not soon enough."""
        upcoming = await self.desk.ledger.next_attempt(self.run)
        if upcoming is None:
            return False
        now = self.desk.clock.now()
        opening = now + timedelta(seconds=self.desk.traffic.opens_in())
        wait = max(upcoming, opening) - now
        if self.desk.is_shared and wait <= self.desk.policy.lease:
            wait = min(wait, _LOOK)  # what waits may be on the way with a helper
        elif wait > self.desk.policy.linger:
            self.halt(self._waits_until(upcoming, opening))
            return False
        await self.desk.clock.wait(self.desk.stop, min(wait, _MAX_WAIT))
        await self.desk.ledger.recover(
            self.run, now=self.desk.clock.now(), all_leases=False
        )
        return True

    def _waits_until(self, upcoming: datetime, opening: datetime) -> Phrase:
        zone = ZoneInfo(self.letters.frozen.publication.timezone)
        local = max(upcoming, opening).astimezone(zone)
        day, hour = local.date(), f"{local:%H:%M %Z}"
        if opening > upcoming:
            return say(
                "no relay takes more before {day}, {hour}: a quota is spent, or it asked to slow down",
                day=day,
                hour=hour,
            )
        return say("deferred deliveries wait until {day}, {hour}", day=day, hour=hour)

    async def _give_back(self, claims: Sequence[Claim]) -> None:
        try:
            await self.desk.ledger.release(claims)
        except StoreError as error:
            # Still ours on paper; the next sender's recovery makes them due again.
            log.warning("claims.kept", run=self.run.name, reason=str(error))
            self.halt(unwritten(error))
