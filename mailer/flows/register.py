"""Where many editions stand at once, for a list: from what is written down alone.

Nothing is rendered: an approval counts as it was given, whether or not the edition is
still what was approved. ``outlook`` asks that of one edition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mailer.edition.states import EditionState, Facts, state_of
from mailer.flows.approvals import Approvals
from mailer.flows.ports import Ledger, Run

_RUNS = 500
"""Newest runs that are looked through; an edition with an older one is long gone."""


async def states_of(
    editions: Sequence[str],
    departing: Mapping[str, datetime],
    ledger: Ledger,
    approvals: Approvals,
) -> dict[str, EditionState]:
    """The state of each of *editions*; *departing* is when those on the calendar leave."""
    newest: dict[str, Run] = {}
    for run in await ledger.runs(limit=_RUNS):
        newest.setdefault(run.edition, run)
    found = {}
    for name in editions:
        ran = newest.get(name)
        standing = await approvals.standing(name)
        facts = Facts(
            approved=standing.at if standing else None,
            departs=departing.get(name),
            run=EditionState(ran.state) if ran else None,
            opened=ran.started if ran else None,
        )
        found[name] = state_of(facts)
    return found
