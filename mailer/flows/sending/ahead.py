"""The canary of a run: how many are still to go ahead, and the wait for what becomes of them."""

from __future__ import annotations

from datetime import timedelta

import structlog

from mailer.delivery.ledger import State
from mailer.flows.ports import Run, RunState
from mailer.flows.sending.desk import SendingDesk
from mailer.flows.sending.limits import Watch
from mailer.phrases import NOTHING, Phrase, say

log = structlog.get_logger()

_LOOK = timedelta(seconds=2)
"""How soon a waiting sender hears that its run was stopped elsewhere."""

_ENDS = (
    State.ACCEPTED,
    State.REFUSED,
    State.IN_DOUBT,
    State.EXPIRED,
    State.BOUNCED,
    State.COMPLAINED,
)
_CAME_BACK = {State.BOUNCED, State.COMPLAINED}


class Ahead:
    """Those who go ahead of *run*, counted from its rows: a restart changes nothing."""

    def __init__(self, run: Run, desk: SendingDesk) -> None:
        self._run, self._desk = run, desk

    async def left(self) -> int:
        """How many are still to go ahead; 0 if nobody is, or all others have begun."""
        if not self._run.canary:
            return 0
        tally = await self._desk.ledger.tally(self._run)
        tried = tally.audience - (tally.waiting - tally.deferred)
        return max(0, self._run.canary - tried)

    async def has_others(self) -> bool:
        """Whether more have begun than go ahead: then the wait is over."""
        tally = await self._desk.ledger.tally(self._run)
        tried = tally.audience - (tally.waiting - tally.deferred)
        return tried > self._run.canary

    async def wait(self, watch: Watch) -> Phrase:
        """Let the others wait, if they have not begun; why they should not, or nothing."""
        if not self._run.canary:
            return NOTHING
        ledger, clock = self._desk.ledger, self._desk.clock
        tally = await ledger.tally(self._run)
        if tally.waiting == tally.deferred:
            return NOTHING  # nobody is left to wait
        ended = await ledger.entries(
            self._run, states=_ENDS, limit=self._run.canary + 1
        )
        if not ended or len(ended) > self._run.canary:
            return NOTHING
        until = max(e.updated for e in ended) + self._desk.policy.canary_wait
        log.info("run.canary", run=self._run.name, ahead=len(ended), until=str(until))
        while (left := until - clock.now()) > timedelta(0):
            if await clock.wait(self._desk.stop, min(left, _LOOK)):
                return NOTHING  # told to stop: whoever resumes waits for the rest
            known = await ledger.find_run(self._run.name)
            if known is not None and known.state is not RunState.SENDING:
                return known.reason or say("stopped by the operator")
        return await self._judge(watch)

    async def _judge(self, watch: Watch) -> Phrase:
        """What came back meanwhile counts as what was refused."""
        reason = NOTHING
        for entry in await self._desk.ledger.entries(self._run, states=[*_CAME_BACK]):
            reason = reason or watch.heed_bounce(entry.email)
        return reason
