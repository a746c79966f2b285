"""``mailer reconcile``: deliveries in doubt, ended by evidence or by your word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, RunArgument, YesOption
from mailer.cli.sending.outcome import run_called
from mailer.cli.vocabulary import ledger_reason, word
from mailer.delivery.ledger import State
from mailer.delivery.report import balance_line
from mailer.errors import GuardError, InputError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.flows.ports import Run
    from mailer.flows.sending.reconcile import Case
    from mailer.stores import Stores


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("reconcile")(reconcile)


def reconcile(
    ctx: typer.Context,
    run: RunArgument,
    evidence: Annotated[
        list[Path] | None,
        typer.Option(
            "--evidence",
            metavar="PATH",
            help="Mails to look through: a file, an mbox, a Maildir, a folder.",
        ),
    ] = None,
    accepted: Annotated[
        bool, typer.Option("--accepted", help="Your word: the rest has arrived.")
    ] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Your word: the rest has not; send it again.")
    ] = False,
    address: Annotated[
        list[str] | None,
        typer.Option("--address", help="Your word is for this reader only."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be, change nothing.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Settle what is in doubt: by bounces, notices and copies, else by your word.

    Evidence comes first: what is proved to have been taken is never sent again.
    """
    if accepted and due:
        message = say("--accepted or --due, not both")
        raise InputError(message, hint=say("--address says whom one of them is for"))
    if address and not (accepted or due):
        message = say("--address needs a word: --accepted or --due")
        raise InputError(message)
    said = State.ACCEPTED if accepted else State.DUE if due else None
    call = invocation(ctx)
    raise typer.Exit(
        run_async(
            _reconcile(
                call,
                run,
                evidence or (),
                said,
                address or (),
                dry_run=dry_run,
                yes=yes,
                json=json,
            )
        )
    )


async def _reconcile(
    call: Invocation,
    name: str,
    paths: Sequence[Path],
    said: State | None,
    addresses: Iterable[str],
    *,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> int:
    from mailer.flows.sending.reconcile import decide, hear, open_cases

    async with call.house.stores() as stores:
        run = await run_called(name, stores)
        if not dry_run:
            await _recover(call, run, stores)
            await _settle_reports(call, stores)
        doubts = await stores.control.doubts(run)
        cases = open_cases(doubts, await stores.ledger.frozen(run), call.house.keyring)
        cases = hear(cases, _mails(paths))
        if said is not None:
            cases = decide(cases, said, _known(addresses, cases, run))
        ended = [r for case in cases.values() if (r := case.resolution) is not None]
        _show(call, run, cases)
        if ended and not dry_run:
            if not yes:
                _warn(call, [each.state for each in ended])
                call.confirm(
                    say_many(
                        "Settle {count} delivery so?",
                        "Settle {count} deliveries so?",
                        len(ended),
                    )
                )
            now = call.house.clock.now()
            count = await stores.control.resolve(run, ended, now=now)
            call.err.tell(say_many("{count} settled.", "{count} settled.", count))
        tally = await stores.ledger.tally(run)
        call.err.tell(say("  {balance}", balance=balance_line(tally)))
        if not dry_run and any(each.state is State.DUE for each in ended):
            call.err.tell(say("  mailer resume {run} sends it again.", run=run.name))
        if json:
            rows = [_json(case) for case in cases.values()]
            head = {"schema": 1, "run": run.name, "dry_run": dry_run}
            call.print_json({**head, "in_doubt": tally.in_doubt, "cases": rows})
    return 1 if tally.in_doubt else 0


async def _recover(call: Invocation, run: Run, stores: Stores) -> None:
    """What a sender that died was handing over is in doubt too; a live one keeps it."""
    try:
        async with stores.ledger.sole_sender(run):
            now = call.house.clock.now()
            await stores.ledger.recover(run, now=now, all_leases=True)
    except GuardError:
        call.err.tell(say("{run} is being sent: its doubts so far.", run=run.name))


async def _settle_reports(call: Invocation, stores: Stores) -> None:
    """What came back and was not settled yet may end a doubt by itself."""
    from mailer.flows.returning.aftermath import settle_open
    from mailer.intake import intake_desk

    desk = intake_desk(call.house, stores)
    while await settle_open(desk):
        pass


def _mails(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    from mailer.transport.mailfiles import read_mails

    return ((str(path), raw) for path, raw in read_mails(paths))


def _known(
    addresses: Iterable[str], cases: Mapping[str, Case], run: Run
) -> frozenset[str]:
    """*addresses* as the ledger writes them; InputError at one that is not in doubt."""
    from mailer.audience.address import address_key, read_address

    there = {address_key(case.doubt.email): case.doubt.email for case in cases.values()}
    wanted = set()
    for typed in addresses:
        key = address_key(read_address(typed))
        if key not in there:
            message = say(
                "{address} is not in doubt in {run}", address=typed, run=run.name
            )
            raise InputError(message, hint=f"mailer log {run.name} --address {typed}")
        wanted.add(there[key])
    return frozenset(wanted)


def _warn(call: Invocation, ends: Sequence[State]) -> None:
    if State.DUE in ends:
        doubt = say(
            "What is in doubt may have arrived: those readers could get it twice."
        )
        call.err.tell(doubt, style="yellow")


def _show(call: Invocation, run: Run, cases: Mapping[str, Case]) -> None:
    """Each doubt with the name of its message, for the relay's log, and its end."""
    from mailer.language import moment

    if not cases:
        call.err.tell(say("Nothing is in doubt in {run}.", run=run.name))
        return
    for case in cases.values():
        doubt = case.doubt
        when = moment(doubt.since.astimezone(call.house.zone), call.speech.lang)
        call.err.tell(doubt.email)
        where = say("{when}, {relay}", when=when, relay=doubt.relay)
        since = where if doubt.relay else when
        reason = ledger_reason(doubt.reason)
        why = say("  {since}: {reason}", since=since, reason=reason)
        call.err.tell(why, style="dim")
        call.err.tell(f"  {case.message_id}", style="dim")
        call.err.tell(say("  → {end}", end=_end(case)), style=_STYLES[case.state])
    if all(case.state is None for case in cases.values()):
        hint = say(
            "The relay's log may know these Message-IDs; then say --accepted or --due,"
            " for all or with --address. Bounces and copies: --evidence PATH."
        )
        call.err.tell(hint)


_STYLES = {
    State.ACCEPTED: "green",
    State.BOUNCED: "red",
    State.DUE: "yellow",
    None: "",
}


def _end(case: Case) -> Phrase | str:
    if case.state is None:
        return say("stays in doubt")
    if case.source:
        return say(
            "{state}: {words} ({source})",
            state=word(case.state),
            words=case.words,
            source=case.source,
        )
    return case.words


def _json(case: Case) -> dict[str, object]:
    doubt = case.doubt
    return {
        "email": doubt.email,
        "variant": str(doubt.variant),
        "relay": doubt.relay,
        "reason": doubt.reason,
        "since": doubt.since.isoformat(),
        "message_id": case.message_id,
        "becomes": None if case.state is None else str(case.state),
        "words": str(case.words),
        "source": case.source,
    }
