"""The grace before a run: armed, with everything frozen and nothing leaving yet.

Whoever changes their mind cancels the run, from any process, and nobody was written to.
Runs are armed in ``arming``; here they leave, without a renderer in memory.
"""

from __future__ import annotations

from datetime import timedelta

from mailer.flows.ports import Run, RunState
from mailer.flows.sending.send import SendingDesk, send
from mailer.phrases import lasting, say

_LOOK = timedelta(seconds=1)
"""How soon a waiting sender hears that its run was cancelled elsewhere."""


async def depart(run: Run, desk: SendingDesk) -> Run:
    """Wait until *run* departs, then send it; one without grace leaves at once.

    Returns it CANCELLED or PAUSED if somebody did that meanwhile, and still ARMED if the
    desk was told to stop: who resumes it waits for what is left of its grace. One that a
    dead machine left armed for longer than ``catch_up`` is cancelled: nothing has left,
    and whoever wants it sent opens another.
    """
    if late := _too_late(run, desk):
        reason = say(
            "{time} late, more than [send] catch_up", time=lasting(late.total_seconds())
        )
        return await desk.ledger.cancel(run, now=desk.clock.now(), reason=reason)
    left = await wait_out(run, desk)
    return left if stays(run, left) else await send(left, desk)


def stays(run: Run, left: Run) -> bool:
    """Whether *run*, which is *left* so after its grace, does not leave now.

    A paused run that is resumed had no grace to wait for, and leaves.
    """
    stopped = left.state in {RunState.ARMED, RunState.CANCELLED}
    return stopped or (run.state is RunState.ARMED and left.held)


def _too_late(run: Run, desk: SendingDesk) -> timedelta | None:
    """By how much an armed run has missed its departure, if that is too much."""
    catch_up = desk.policy.catch_up
    if run.state is not RunState.ARMED or run.departs is None or catch_up is None:
        return None
    late = desk.clock.now() - run.departs
    return late if late > catch_up else None


async def wait_out(run: Run, desk: SendingDesk) -> Run:
    """*run* after its grace: sending, stopped by somebody, or armed if the desk stops."""
    while run.state is RunState.ARMED and run.departs is not None:
        left = run.departs - desk.clock.now()
        if left <= timedelta(0):
            run = await desk.ledger.depart(run, now=desk.clock.now())
            continue
        await desk.clock.wait(desk.stop, min(left, _LOOK))
        if desk.stop.is_set():
            return run
        run = await desk.ledger.find_run(run.name) or run
    return run
