"""``mailer pause, cancel``: a run stopped by hand, whichever process sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, RunArgument, YesOption
from mailer.cli.sending.following import tell_daemon
from mailer.cli.sending.outcome import run_called, run_json
from mailer.cli.vocabulary import counted, word
from mailer.delivery.report import balance_line
from mailer.errors import GuardError, InputError
from mailer.phrases import Phrase, say, verbatim

if TYPE_CHECKING:
    from mailer.flows.ports import Run
    from mailer.stores import Stores

ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why; kept with the run and shown in status.")
]


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.command("pause")(pause)
    app.command("cancel")(cancel)


def pause(
    ctx: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run or edition; else what is sent."),
    ] = None,
    reason: ReasonOption = "",
    json: JsonOption = False,
) -> None:
    """Hold a run, whoever sends it, until `mailer resume RUN`.

    What is on the wire is finished, at most one message a connection.
    """
    run_async(_pause(invocation(ctx), run, reason, json=json))


def cancel(
    ctx: typer.Context,
    run: RunArgument,
    reason: ReasonOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """End a run for good: who was not written to yet is withdrawn.

    The edition may be mended and sent anew, to whoever has no copy.
    """
    run_async(_cancel(invocation(ctx), run, reason, yes=yes, json=json))


async def _pause(
    call: Invocation, name: str | None, reason: str, *, json: bool
) -> None:
    async with call.house.stores() as stores:
        found = await (run_called(name, stores) if name else _the_one(stores))
        run = await stores.control.pause(found, reason=_by_hand(reason))
        await tell_daemon(call, "heed", run=run.name)
        held = say(
            "{run} is held. What is on the wire is finished, nothing more leaves.",
            run=run.name,
        )
        call.err.tell(held)
        tally = await stores.ledger.tally(run)
        call.err.tell(say("  {balance}", balance=balance_line(tally)))
        call.err.tell(
            say(
                "  mailer resume {run} goes on, mailer cancel {run} ends it.",
                run=run.name,
            )
        )
        if json:
            call.print_json(run_json(call, run, tally))


async def _cancel(
    call: Invocation, name: str, reason: str, *, yes: bool, json: bool
) -> None:
    from mailer.flows.sending.steer import cancel as cancel_run

    async with call.house.stores() as stores:
        run = await run_called(name, stores)
        if run.finished is not None and run.state != "cancelled":
            message = say(
                "{run} is finished ({state})", run=run.name, state=word(run.state)
            )
            raise GuardError(message, hint=f"mailer status {run.name}")
        tally = await stores.ledger.tally(run)
        have = say(
            "{run}: {accepted}, they keep it; {waiting}, they would not get it.",
            run=run.name,
            accepted=counted("accepted", tally.accepted),
            waiting=counted("waiting", tally.waiting),
        )
        call.err.tell(have)
        if not yes:
            call.confirm(say("Cancel {run} for good?", run=run.name))
        run = await cancel_run(
            run,
            stores.ledger,
            reason=verbatim(reason),
            now=call.house.clock.now(),
        )
        await tell_daemon(call, "heed", run=run.name)
        tally = await stores.ledger.tally(run)
        call.err.tell(say("{run} is cancelled.", run=run.name))
        call.err.tell(say("  {balance}", balance=balance_line(tally)))
        if tally.waiting:
            call.err.tell(say("  What is on the wire is finished first."))
        if json:
            call.print_json(run_json(call, run, tally))


async def _the_one(stores: Stores) -> Run:
    """The only run that is being sent; InputError unless there is exactly one."""
    runs = [r for r in await stores.ledger.runs() if r.state == "sending"]
    if len(runs) == 1:
        return runs[0]
    message = say("say which run") if runs else say("no run is being sent")
    names = ", ".join(run.name for run in runs)
    raise InputError(message, hint=names or "mailer status")


def _by_hand(reason: str) -> Phrase:
    if reason:
        return say("held by the operator: {reason}", reason=reason)
    return say("held by the operator")
