"""How the editions of coming departures stand, and which departures did not happen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.edition.agenda import Departure
from mailer.edition.states import EditionState, Facts, state_of
from mailer.errors import EditionError
from mailer.flows.approvals import Approvals
from mailer.flows.departing.approve import as_approved, clearance_of, refusal
from mailer.flows.departing.slots import Slot, Slots, SlotState
from mailer.flows.editing.assemble import Newsroom, assemble
from mailer.flows.ports import Ledger
from mailer.phrases import NOTHING, Phrase, say_many

_RECENT = timedelta(days=7)
"""What was missed longer ago is history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Where the edition of a departure stands; ``reason`` keeps it from leaving."""

    state: EditionState
    reason: Phrase = NOTHING


async def outlook(
    departure: Departure,
    newsroom: Newsroom,
    ledger: Ledger,
    approvals: Approvals,
    *,
    auto: bool,
    now: datetime,
) -> Outlook | None:
    """How the edition that fits *departure* stands now; None if none fits.

    It is rendered and compared with its approval, as at its hour. With *auto* clean
    checks are its approval.
    """
    if departure.edition is None:
        return None
    runs = await ledger.runs(edition=departure.edition, limit=1)
    run = EditionState(runs[0].state) if runs else None
    opened = runs[0].started if runs else None
    approved, reason = None, NOTHING
    try:
        assembled = await asyncio.to_thread(
            assemble, departure.edition, newsroom, today=departure.day
        )
    except EditionError as error:
        reason = _errors(departure.edition, len(error.findings))
    else:
        clearance = await clearance_of(assembled, approvals)
        if clearance.approval and clearance.holds:
            approved = clearance.approval.at
        elif not auto:
            reason = refusal(assembled, clearance)
        else:
            approved = now
        if errors := as_approved(assembled, clearance).errors:
            approved, reason = None, _errors(departure.edition, len(errors))
    facts = Facts(approved=approved, departs=departure.due, run=run, opened=opened)
    state = state_of(facts)
    left = state not in {EditionState.DRAFT, EditionState.SCHEDULED}
    return Outlook(state=state, reason=NOTHING if left else reason)


async def held(slots: Slots, ledger: Ledger, *, now: datetime) -> list[Slot]:
    """Slots whose hour has passed and whose edition has not left, the oldest first.

    One that was missed is told for a week, or until something of its publication left.
    """
    runs = await ledger.runs(limit=100)
    found = [
        slot
        for slot in await slots.slots(limit=100)
        if slot.state is not SlotState.DEPARTED
        and now - _RECENT < slot.due <= now
        and not any(
            run.publication == slot.publication and run.started >= slot.due
            for run in runs
        )
    ]
    return found[::-1]


def _errors(name: str, count: int) -> Phrase:
    return say_many(
        "{name} has {count} error: mailer check {name}",
        "{name} has {count} errors: mailer check {name}",
        count,
        name=name,
    )
