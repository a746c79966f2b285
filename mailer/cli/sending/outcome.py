"""One run, found by its name: how it stands or ended, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from mailer.cli.vocabulary import word
from mailer.delivery.report import Tally, as_json, balance_line
from mailer.errors import NotFoundError
from mailer.phrases import lasting, say, say_many

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.flows.ports import Run
    from mailer.stores import Stores


async def run_called(name: str, stores: Stores) -> Run:
    """The run called *name*, or the newest of an edition; NotFoundError."""
    run = await stores.ledger.find_run(name)
    if run is None:
        known = ", ".join(r.name for r in await stores.ledger.runs(limit=5))
        message = say("no run {name}", name=name)
        raise NotFoundError(
            message, hint=say("the newest: {names}", names=known) if known else ""
        )
    return run


def run_json(call: Invocation, run: Run, tally: Tally) -> dict[str, object]:
    """A run and what it amounts to, for programs."""
    row = as_json(
        tally,
        run=run.name,
        edition=run.edition,
        state=str(run.state),
        seconds=_seconds(call, run),
    )
    row["reason"] = str(run.reason)
    row["held"] = run.held
    row["segment"] = run.segment or None
    return row | {"accepted_rules": [asdict(each) for each in run.accepted]}


def _seconds(call: Invocation, run: Run) -> float:
    end: datetime = run.finished or call.house.clock.now()
    return round((end - run.started).total_seconds(), 3)


def print_end(call: Invocation, run: Run, tally: Tally) -> None:
    """How a run ended, its balance sheet, and what can be done now."""
    spent = lasting(_seconds(call, run))
    if run.state == "cancelled":
        mark, style = "!", "yellow"
        gone = tally.accepted + tally.refused + tally.in_doubt
        words = say_many(
            "was cancelled; {count} message had left",
            "was cancelled; {count} messages had left",
            gone,
        )
        words = words if gone else say("was cancelled: nothing left")
    elif run.state == "armed":
        mark, style = "!", "yellow"
        words = say("is armed: nothing has left")
    elif run.finished is not None:
        mark, style = "✓", "green"
        words = say("finished in {time}", time=spent)
    else:
        mark, style = "!", "yellow"
        words = say("{state}: {reason}", state=word(run.state), reason=run.reason)
    call.err.print(f"[{style}]{mark}[/{style}] {run.name} ", end="")
    call.err.tell(words)
    call.err.tell(say("  {balance}", balance=balance_line(tally)))
    if run.finished is None:
        call.err.tell(say("  mailer resume {run} goes on.", run=run.name))
    if tally.refused or tally.in_doubt or tally.expired:
        call.err.tell(say("  mailer status {run} says who, and why.", run=run.name))
    if tally.in_doubt:
        held = say_many(
            "  {count} in doubt is not sent again by itself: "
            "mailer retry {run} --in-doubt",
            "  {count} in doubt are not sent again by themselves: "
            "mailer retry {run} --in-doubt",
            tally.in_doubt,
            run=run.name,
        )
        call.err.tell(held, style="yellow")
