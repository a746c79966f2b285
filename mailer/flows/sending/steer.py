"""Ending a run by hand, so that its balance sheet still adds up."""

from __future__ import annotations

from datetime import datetime

from mailer.errors import GuardError
from mailer.flows.ports import Ledger, Run, RunState
from mailer.phrases import Phrase


async def cancel(run: Run, ledger: Ledger, *, reason: Phrase, now: datetime) -> Run:
    """End *run*: nothing more leaves, what waits is withdrawn.

    A sender that lives finishes what is on the wire and writes what became of it; of
    one that died, what it was handing over is in doubt. Said again, it finishes what
    was not finished the first time. GuardError if *run* was sent.
    """
    if run.state is not RunState.CANCELLED:
        run = await ledger.cancel(run, now=now, reason=reason)
    try:
        async with ledger.sole_sender(run):
            await ledger.recover(run, now=now, all_leases=True)
    except GuardError:
        return run  # it is being sent: its sender does the rest when it stops
    await ledger.withdraw(run, now=now)
    return run
