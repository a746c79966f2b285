"""The grace before a run: armed, with everything frozen and nothing leaving yet.

Whoever changes their mind cancels the run, from any process, and nobody was written to.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from mailer.edition.agenda import Departure
from mailer.errors import NotFoundError
from mailer.flows.approvals import Approvals
from mailer.flows.approve import Clearance, as_approved, clearance_of, cleared
from mailer.flows.assemble import Assembled, Newsroom, assemble, require_clean
from mailer.flows.ports import Ledger, Run, RunState
from mailer.flows.send import SendingDesk, send
from mailer.phrases import say

log = structlog.get_logger()

_LOOK = timedelta(seconds=1)
"""How soon a waiting sender hears that its run was cancelled elsewhere."""


async def arm(
    assembled: Assembled,
    clearance: Clearance,
    ledger: Ledger,
    *,
    now: datetime,
    departs: datetime | None,
) -> Run:
    """Open the run of *assembled* on what *clearance* froze, to leave at *departs*.

    Without *departs*, or with one that has passed, there is no grace. GuardError if the
    approval was taken back, or an earlier run is not finished.
    """
    has_grace = departs is not None and departs > now
    run = await ledger.open_run(
        clearance.frozen or assembled.frozen,
        now=now,
        accepted=assembled.accepted,
        approval=clearance.approval,
        departs=departs if has_grace else None,
    )
    log.info("run.opened", run=run.name, state=str(run.state), departs=str(departs))
    return run


async def arm_departure(
    departure: Departure,
    newsroom: Newsroom,
    approvals: Approvals,
    ledger: Ledger,
    *,
    auto: bool,
    now: datetime,
) -> Run:
    """Open the run of the edition that fits *departure*; what keeps it back is raised.

    GuardError if nobody approved it, or it was edited since; EditionError if checks
    block it. A late one has no grace: its hour has passed.
    """
    if departure.edition is None:
        message = say("no edition is dated {date}", date=departure.day.isoformat())
        raise NotFoundError(message)
    # As of its own day: what catches up after midnight is not yesterday's paper. In a
    # thread, for another run may be under way.
    assembled = await asyncio.to_thread(
        assemble, departure.edition, newsroom, today=departure.day
    )
    require_clean(as_approved(assembled, await clearance_of(assembled, approvals)))
    clearance = await cleared(assembled, approvals, auto=auto, now=now)
    return await arm(
        as_approved(assembled, clearance),
        clearance,
        ledger,
        now=now,
        departs=departure.due,
    )


async def depart(run: Run, desk: SendingDesk) -> Run:
    """Wait until *run* departs, then send it; one without grace leaves at once.

    Returns it CANCELLED if somebody did that meanwhile, and still ARMED if the desk was
    told to stop: who resumes it waits for what is left of its grace.
    """
    run = await wait_out(run, desk)
    if run.state in {RunState.ARMED, RunState.CANCELLED}:
        return run
    return await send(run, desk)


async def wait_out(run: Run, desk: SendingDesk) -> Run:
    """*run* after its grace: sending, cancelled, or armed still if the desk stops."""
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
