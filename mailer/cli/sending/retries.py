"""``mailer retry``: what did not arrive, and who has joined since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, RunArgument, YesOption
from mailer.cli.sending.carrying import Errand, finish
from mailer.cli.sending.outcome import run_called, run_json
from mailer.cli.sending.runs import queued
from mailer.cli.sending.way import check_relays
from mailer.cli.vocabulary import counted, listed, word
from mailer.delivery.ledger import State
from mailer.delivery.report import exit_code
from mailer.errors import GuardError, InputError
from mailer.phrases import say, say_many

if TYPE_CHECKING:
    from mailer.flows.ports import Run
    from mailer.stores import Stores


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("retry")(retry)


def retry(
    ctx: typer.Context,
    run: RunArgument,
    deferred: Annotated[
        bool, typer.Option("--deferred", help="Now, instead of at their hour.")
    ] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="What the relay refused for good.")
    ] = False,
    in_doubt: Annotated[
        bool,
        typer.Option("--in-doubt", help="May reach some twice, same Message-ID."),
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Who joined since, in a run of their own.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Try again what did not arrive; what was accepted is never sent again."""
    call = invocation(ctx)
    wanted = [
        state
        for state, said in (
            (State.DUE, deferred),
            (State.REFUSED, refused),
            (State.IN_DOUBT, in_doubt),
        )
        if said
    ]
    if missing:
        if wanted:
            message = say("--missing opens a run of its own: say it alone")
            raise InputError(message, hint=f"mailer retry {run} --missing")
        raise typer.Exit(
            finish(call, run_async(_missing(call, run, yes=yes, json=json)))
        )
    if not wanted:
        message = say("say what to try again")
        hint = say("--deferred, --refused, --in-doubt or --missing")
        raise InputError(message, hint=hint)
    asked = run_async(_retry(call, run, wanted, yes=yes, json=json))
    raise typer.Exit(finish(call, asked))


# -- the stories --------------------------------------------------------------


async def _retry(
    call: Invocation,
    name: str,
    states: Sequence[State],
    *,
    yes: bool,
    json: bool,
) -> int | Errand:
    async with call.house.stores() as stores:
        run = await _standing(name, stores)
        if State.IN_DOUBT in states:
            doubt = say(
                "What is in doubt may have arrived: those readers could get it twice."
            )
            call.err.tell(doubt, style="yellow")
        if not yes:
            wanted = listed(map(word, states))
            call.confirm(
                say("Try again in {run}: {states}?", run=run.name, states=wanted)
            )
        desk = call.house.desk(stores)
        await check_relays(call, desk)
        now = call.house.clock.now()
        count = await stores.ledger.reopen(run, states=states, now=now)
        if count == 0 and run.finished is not None:
            # A finished run keeps its hour: there is nothing to send.
            call.err.tell(say("Nothing to try again."))
            tally = await stores.ledger.tally(run)
            if json:
                call.print_json(run_json(call, run, tally))
            return exit_code(tally)
        again = say_many(
            "{count} delivery is due again.", "{count} deliveries are due again.", count
        )
        call.err.tell(again)
        tally = await stores.ledger.tally(run)
        return Errand(runs=(run.name,), waiting=tally.waiting, json=json)


async def _missing(
    call: Invocation, name: str, *, yes: bool, json: bool
) -> int | Errand:
    """A further run of the same frozen bytes, for readers who are in no run of them."""
    async with call.house.stores() as stores:
        run = await _standing(name, stores)
        frozen = await stores.ledger.frozen(run)
        plan = await stores.ledger.plan(frozen, now=call.house.clock.now())
        if skipped := listed(counted(why, n) for why, n in plan.skipped.items() if n):
            call.err.tell(say("Skipped: {skipped}", skipped=skipped), style="dim")
        if not plan.audience:
            nobody = say("Nobody is missing from {edition}.", edition=run.edition)
            call.err.tell(nobody)
            if json:
                tally = await stores.ledger.tally(run)
                call.print_json(run_json(call, run, tally))
            return 0
        found = say_many(
            "{count} reader is in no run of {edition}, and would get what was frozen"
            " for {run}.",
            "{count} readers are in no run of {edition}, and would get what was frozen"
            " for {run}.",
            plan.audience,
            edition=run.edition,
            run=run.name,
        )
        call.err.tell(found)
        if not yes:
            call.confirm(say("Send it to them?"))
        desk = call.house.desk(stores)
        await check_relays(call, desk)
        further = await stores.ledger.open_run(
            frozen, now=call.house.clock.now(), accepted=run.accepted
        )
        call.err.tell(queued(plan.audience, further))
        return Errand(runs=(further.name,), waiting=plan.audience, json=json)


async def _standing(name: str, stores: Stores) -> Run:
    """The run called *name*; GuardError if it was cancelled."""
    from mailer.flows.ports import RunState

    run = await run_called(name, stores)
    if run.state is RunState.CANCELLED:
        message = say("{run} was cancelled, and stays so", run=run.name)
        raise GuardError(message, hint=f"mailer send {run.edition}")
    return run
