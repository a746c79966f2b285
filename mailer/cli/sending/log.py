"""``mailer log``: who got it, who did not, when and why, line by line of the ledger."""

from __future__ import annotations

import json as jsons
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, read_domain_option, read_moment
from mailer.cli.sending.outcome import run_called
from mailer.cli.sending.status import entry_json
from mailer.cli.vocabulary import ledger_reason, word
from mailer.cli.words import Words
from mailer.delivery.ledger import State
from mailer.errors import InputError
from mailer.phrases import Phrase, did_you_mean, say

if TYPE_CHECKING:
    from mailer.flows.control import Line, Search
    from mailer.stores import Stores

_SHOWN = 50
_ROOMY = 110
"""Columns from which a reason has room beside its reader."""
_STATE = len("handing over")
_STYLES = {"accepted": "green", "refused": "red", "in doubt": "yellow"}
_WAITING = frozenset({State.DUE, State.CLAIMED, State.HANDING_OVER})
_DEFERRED = "deferred"
_GROUPS = {"waiting": _WAITING, _DEFERRED: frozenset[State]()}


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("log")(log)


def log(
    ctx: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run or an edition; else all runs."),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state", metavar="STATE", help="accepted, refused, deferred, in-doubt, …"
        ),
    ] = None,
    domain: Annotated[
        str, typer.Option("--domain", help="Readers there: orange.fr.")
    ] = "",
    relay: Annotated[str, typer.Option("--relay", help="Carried by this relay.")] = "",
    address: Annotated[str, typer.Option("--address", help="One reader.")] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="WHEN", help="2h, 3d, 2026-03-14, 2026-03-14T07:00."
        ),
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", "-n", min=0, help="The last so many; 0: all. [50; JSON: all]"
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show deliveries as the ledger holds them: who got it, who did not, and why.

    The lines that changed last, the newest below. --json prints one object a line, all
    of them unless --limit is given.
    """
    call = invocation(ctx)
    if limit is None:
        limit = 0 if json else _SHOWN
    states, deferred = _states(state or ())

    async def story() -> None:
        async with call.house.stores() as stores:
            from mailer.flows.control import Search

            search = Search(
                run=await run_called(run, stores) if run else None,
                states=states,
                deferred=deferred,
                domain=read_domain_option(domain),
                relay=relay,
                address=_address(address),
                since=read_moment(call, since),
            )
            await _show(call, stores, search, limit, json=json)

    run_async(story())


async def _show(
    call: Invocation, stores: Stores, search: Search, limit: int, *, json: bool
) -> None:
    show = _print_json if json else _printer(call, names_run=search.run is None)
    if not limit:
        found = False
        async for lines in stores.control.lines(search):
            show(lines)
            found = True
    else:
        # One more than is shown tells whether there are more.
        lines = await stores.control.latest(search, limit=limit + 1)
        found = bool(lines)
        show(lines[-limit:])
        if len(lines) > limit and not json:
            more = say("Older lines are not shown: --limit 0 shows all.")
            call.err.tell(more, style="dim")
    if not found:
        call.err.tell(say("No line of the ledger is like that."))


# -- what is asked for --------------------------------------------------------


def _states(words: Iterable[str]) -> tuple[frozenset[State], bool]:
    """The states that *words* name, and whether what is deferred is wanted."""
    known = {str(state): frozenset({state}) for state in State} | _GROUPS
    wanted: frozenset[State] = frozenset()
    deferred = False
    for typed in words:
        name = typed.strip().lower().replace("-", " ").replace("_", " ")
        if name not in known:
            message = say("there is no state {name}", name=repr(typed))
            raise InputError(message, hint=did_you_mean(name, known))
        wanted |= known[name]
        deferred |= name == _DEFERRED
    return wanted, deferred


def _address(text: str) -> str:
    from mailer.audience.address import read_address

    return read_address(text) if text else ""


# -- how it is shown ----------------------------------------------------------


def _printer(call: Invocation, *, names_run: bool) -> Callable[[Sequence[Line]], None]:
    """How lines are shown to people: in columns, or one a line where a pipe reads."""
    if not call.out.is_terminal:
        return lambda lines: _print_lines(call, lines, names_run=names_run)
    return lambda lines: _print_table(call, lines, names_run=names_run)


def _print_lines(call: Invocation, lines: Sequence[Line], *, names_run: bool) -> None:
    for line in lines:
        entry = line.entry
        when = entry.updated.astimezone(call.house.zone)
        words = [
            f"{when:%Y-%m-%d %H:%M:%S}",
            call.said(word(_state(line))).ljust(_STATE),
            entry.email,
            *([line.run] if names_run else []),
            entry.relay or "-",
            call.said(_told(call, line)),
        ]
        call.out.tell("  ".join(words).rstrip())


def _print_table(call: Invocation, lines: Sequence[Line], *, names_run: bool) -> None:
    """When, what and who on one line; by which way and why beside it, or below."""
    from mailer.language import moment

    roomy = call.out.width >= _ROOMY
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="dim", min_width=len("14 Mar 07:00:00"))
    table.add_column(no_wrap=True, min_width=_STATE)
    table.add_column(overflow="fold", min_width=30)
    if roomy:
        table.add_column(overflow="fold", style="dim")
    for line in lines:
        when = line.entry.updated.astimezone(call.house.zone)
        way = (line.run if names_run else "", line.entry.relay)
        told = call.said(_told(call, line))
        more = Words(" · ".join(filter(None, (*way, told))), style="dim")
        state = _state(line)
        who = Words(line.entry.email)
        if not roomy and more.plain:
            who.append("\n").append_text(more)
        table.add_row(
            f"{moment(when, call.speech.lang)}:{when:%S}",
            Words(call.said(word(state)), style=_STYLES.get(state, "")),
            who,
            *([more] if roomy else []),
        )
    call.out.print(table)


def _state(line: Line) -> str:
    entry = line.entry
    is_deferred = entry.state is State.DUE and entry.attempts > 0
    return _DEFERRED if is_deferred else str(entry.state)


def _told(call: Invocation, line: Line) -> Phrase:
    """Why the line stands where it stands, and when it goes on."""
    from mailer.language import moment

    reason = ledger_reason(line.entry.reason)
    if _state(line) != _DEFERRED or line.entry.next_attempt is None:
        return reason
    again = line.entry.next_attempt.astimezone(call.house.zone)
    return say(
        "{reason}; again {when}", reason=reason, when=moment(again, call.speech.lang)
    )


def _print_json(lines: Sequence[Line]) -> None:
    for line in lines:
        row = {"schema": 1, "run": line.run, "edition": line.edition}
        text = jsons.dumps(row | entry_json(line.entry), ensure_ascii=False)
        sys.stdout.write(text + "\n")
