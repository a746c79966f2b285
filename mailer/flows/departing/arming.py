"""Opening a run on what was approved: armed until it departs, or without a grace."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from mailer.delivery.canary import NOBODY, Canary
from mailer.edition.agenda import Departure
from mailer.errors import NotFoundError
from mailer.flows.approvals import Approvals
from mailer.flows.departing.approve import Clearance, as_approved, clearance_of, cleared
from mailer.flows.editing.assembled import Assembled, require_clean
from mailer.flows.ports import Ledger, Run
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.flows.editing.assemble import Newsroom

log = structlog.get_logger()


async def arm(
    assembled: Assembled,
    clearance: Clearance,
    ledger: Ledger,
    *,
    now: datetime,
    departs: datetime | None,
    canary: Canary = NOBODY,
    proposal: int | None = None,
) -> Run:
    """Open the run of *assembled* on what *clearance* froze, to leave at *departs*.

    Its readers are those of the *proposal*, if that still stands. Without *departs*, or
    with one that has passed, there is no grace. GuardError if the approval was taken
    back, or an earlier run is not finished.
    """
    has_grace = departs is not None and departs > now
    run = await ledger.open_run(
        clearance.frozen or assembled.frozen,
        now=now,
        accepted=assembled.accepted,
        approval=clearance.approval,
        departs=departs if has_grace else None,
        canary=canary,
        proposal=proposal,
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
    canary: Canary = NOBODY,
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
    # Here and not above: whoever arms what is assembled already needs no typesetting.
    from mailer.flows.editing.assemble import assemble

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
        canary=canary,
    )
