"""``mailer status``: the runs, and what became of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption
from mailer.cli.readers.letters import backlog_words
from mailer.cli.sending.following import daemon_says, is_there
from mailer.cli.sending.outcome import run_called, run_json
from mailer.cli.sending.screen import runs_table
from mailer.cli.vocabulary import acceptances, ledger_reason, word
from mailer.cli.words import Words
from mailer.delivery.ledger import State
from mailer.delivery.reply import TOO_BIG
from mailer.delivery.report import balance_line
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.flows.ports import Entry
    from mailer.flows.returning.arrivals import Toll
    from mailer.stores import Stores

_SHOWN = 50  # readers named on a screen; JSON names them all
_TOLD = (State.IN_DOUBT, State.REFUSED, State.EXPIRED, State.WITHDRAWN, State.DUE)
"""Whose delivery has something to say, the most pressing first."""


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("status")(status)


def status(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]", help="A run or an edition: who did not get it."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 20,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only whether a daemon runs: 0 or 69.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show the daemon, and the runs, the newest first, counted from their rows."""
    call = invocation(ctx)
    if quiet:
        raise typer.Exit(0 if is_there(call) else 69)
    run_async(_runs(call, limit, json=json) if name is None else _run(call, name, json))


async def _runs(call: Invocation, limit: int, *, json: bool) -> None:
    from mailer.flows.readers.letterbook import backlog

    async with call.house.stores() as stores:
        runs = await stores.ledger.runs(limit=limit)
        counted = [(run, await stores.ledger.tally(run)) for run in runs]
        came_back = await _came_back(call, stores)
        letters = await backlog(stores.letter_book, call.house.clock.now())
    daemon = daemon_says(call, "status")
    if json:
        rows = [run_json(call, run, tally) for run, tally in counted]
        told = [asdict(toll) for toll in came_back]
        row = {
            "schema": 1,
            "daemon": daemon,
            "runs": rows,
            "came_back": told,
            "letters": asdict(letters),
        }
        call.print_json(row)
        return
    _tell_daemon(call, daemon)
    for each in backlog_words(letters):
        call.out.tell(
            say("! {what} ({command})", what=each, command="mailer letters list")
        )
    if not counted:
        call.out.tell(say("No run yet. mailer send next --dry-run shows the plan."))
        return
    call.out.print(runs_table(call, counted))
    for run, tally in counted:
        if run.finished is None:
            why = run.reason or word(run.state)
            call.out.tell(say("! {run}: {why}", run=run.name, why=why))
            call.out.tell(say("  {balance}", balance=balance_line(tally)))
    for toll in came_back:
        call.out.tell(_worry(toll))


async def _came_back(call: Invocation, stores: Stores) -> list[Toll]:
    """Of the newest editions those of which so much came back that it needs a person."""
    from mailer.flows.returning.arrivals import RECENT

    intake = call.house.settings.intake
    blocked, ratio = intake.alert_blocked, intake.alert_ratio
    tolls = await stores.arrivals.tolls(since=call.house.clock.now() - RECENT)
    return [toll for toll in tolls if toll.worries(blocked=blocked, ratio=ratio)]


def _worry(toll: Toll) -> Phrase:
    return say(
        "! {edition}: {bounces}, {complaints}, {blame} ({command})",
        edition=toll.edition,
        bounces=say_many("{count} bounce", "{count} bounces", toll.hard + toll.soft),
        complaints=say_many("{count} complaint", "{count} complaints", toll.complaints),
        blame=say_many("{count} that blames us", "{count} that blame us", toll.ours),
        command="mailer bounces list",
    )


def _tell_daemon(call: Invocation, daemon: Mapping[str, Any] | None) -> None:
    """Whether anything leaves by itself, and what is next."""
    if daemon is None:
        call.out.tell(say("○ no daemon: nothing leaves by itself"), style="dim")
        return
    words = say("● the daemon runs, version {version}", version=daemon["version"])
    if daemon["stopping"]:
        words = say("● the daemon is stopping")
    elif upcoming := daemon["next"]:
        words = say(
            "{daemon}; next: {edition}, {moment}",
            daemon=words,
            edition=upcoming["edition"] or upcoming["publication"],
            moment=_moment(call, upcoming["leaves"]),
        )
    call.out.tell(words, style="green")


def _moment(call: Invocation, iso: str) -> str:
    from mailer.language import moment, weekday

    when = datetime.fromisoformat(iso).astimezone(call.house.zone)
    return f"{weekday(when, call.speech.lang)} {moment(when, call.speech.lang)}"


async def _run(call: Invocation, name: str, json: bool) -> None:
    """One run with everybody who has not got it, and why."""
    async with call.house.stores() as stores:
        run = await run_called(name, stores)
        tally = await stores.ledger.tally(run)
        entries = await stores.ledger.entries(run, states=_TOLD)
    told = sorted(
        (entry for entry in entries if entry.state is not State.DUE or entry.attempts),
        key=lambda entry: (_TOLD.index(entry.state), entry.email),
    )
    if json:
        row = {
            **run_json(call, run, tally),
            "not_accepted": list(map(entry_json, told)),
        }
        call.print_json({"schema": 1, "runs": [row]})
        return
    call.out.print(runs_table(call, [(run, tally)]))
    if run.segment:
        call.out.tell(say("  segment: {rule}", rule=run.segment))
    if run.accepted:
        call.out.tell(say("  accepted: {accepted}", accepted=acceptances(run.accepted)))
    if run.finished is None:
        why = run.reason or word(run.state)
        call.out.tell(say("! {run}: {why}", run=run.name, why=why))
    call.out.tell(say("  {balance}", balance=balance_line(tally)))
    if told:
        call.out.print(_table(call, told[:_SHOWN]))
    if big := sum(entry.reason.startswith(f"{TOO_BIG}:") for entry in told):
        words = say_many(
            "{count} was too big. A run keeps its content: raise the limit of the relay,"
            " or name another, then mailer retry {run} --refused",
            "{count} were too big. A run keeps its content: raise the limit of the relay,"
            " or name another, then mailer retry {run} --refused",
            big,
            run=run.name,
        )
        call.out.tell(words)
    if more := len(told) - len(told[:_SHOWN]):
        words = say_many(
            "{count} more: --json names everybody",
            "{count} more: --json names everybody",
            more,
        )
        call.out.tell(words)


def _table(call: Invocation, entries: Sequence[Entry]) -> Table:
    """State, address and reason; a long reason goes on below itself."""
    table = Table(box=None, show_header=False, pad_edge=True)
    table.add_column(no_wrap=True, min_width=9)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", style="dim")
    for entry in entries:
        shown = word("deferred" if entry.state is State.DUE else entry.state)
        why = call.said(ledger_reason(entry.reason))
        table.add_row(call.said(shown), Words(entry.email), Words(why))
    return table


def entry_json(entry: Entry) -> dict[str, object]:
    """A line of the ledger for programs."""
    later = entry.next_attempt
    return {
        "email": entry.email,
        "variant": str(entry.variant),
        "state": str(entry.state),
        "attempts": entry.attempts,
        "relay": entry.relay,
        "code": entry.code,
        "reason": entry.reason,
        "next_attempt": later.isoformat() if later else None,
        "updated": entry.updated.isoformat(),
    }
