"""``mailer send, resume``: from a plan to a balance sheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.editing.checks import AcceptOption, ByOption, accepting
from mailer.cli.editing.editions import EditionArgument, assembled_to_send
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, YesOption
from mailer.cli.readers.segments import ToSegmentOption, aimed
from mailer.cli.sending.carrying import Errand, finish
from mailer.cli.sending.outcome import run_called, run_json
from mailer.cli.sending.proofs import send_proofs
from mailer.cli.sending.screen import plan_json, plan_panel
from mailer.cli.sending.way import check_relays
from mailer.cli.vocabulary import counted, listed, word
from mailer.delivery.report import balance_line
from mailer.errors import GuardError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.flows.editing.assembled import Assembled
    from mailer.flows.ports import Plan, Run
    from mailer.stores import Stores


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.command("send")(send)
    app.command("resume")(resume)


def send(
    ctx: typer.Context,
    edition: EditionArgument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan, send nothing.")
    ] = False,
    yes: YesOption = False,
    expect: Annotated[
        int | None,
        typer.Option("--expect", help="With --yes: how many readers there must be."),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(
            "--test", metavar="ADDRESS", help="Send a marked proof there instead."
        ),
    ] = None,
    grace: Annotated[
        bool | None,
        typer.Option(
            "--grace/--no-grace",
            help="Wait \\[send] grace first; else only after a typed confirmation.",
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave it to the daemon, and return.")
    ] = False,
    canary: Annotated[
        list[str] | None,
        typer.Option(
            "--canary",
            metavar="SIZE",
            help="Who goes ahead: 1%, 50, or a reader's address, repeatable.",
        ),
    ] = None,
    to_segment: ToSegmentOption = None,
    accept: AcceptOption = None,
    by: ByOption = "",
    json: JsonOption = False,
) -> None:
    """Send an edition now: the plan, your confirmation, progress, the balance sheet."""
    call = invocation(ctx)
    asked = run_async(
        send_proofs(call, edition, test, accept=accept or (), by=by)
        if test
        else ask_to_send(
            call,
            edition,
            dry_run=dry_run,
            yes=yes,
            expect=expect,
            grace=grace,
            detach=detach,
            canary=canary,
            to_segment=to_segment,
            json=json,
            accept=accept or (),
            by=by,
        )
    )
    raise typer.Exit(finish(call, asked))


def resume(
    ctx: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run or edition; else all unfinished."),
    ] = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Go on with runs that did not finish: after a crash, a pause, a deferral."""
    call = invocation(ctx)
    raise typer.Exit(finish(call, run_async(_resume(call, run, yes=yes, json=json))))


# -- the stories --------------------------------------------------------------


async def ask_to_send(
    call: Invocation,
    edition: str,
    *,
    dry_run: bool = False,
    yes: bool = False,
    expect: int | None = None,
    grace: bool | None = None,
    detach: bool = False,
    canary: Sequence[str] | None = None,
    to_segment: str | None = None,
    json: bool = False,
    accept: Sequence[str] = (),
    by: str = "",
) -> int | Errand:
    """Plan, confirm and open a run of *edition*; what is left to do, or an exit code."""
    from mailer.delivery.canary import read_canary
    from mailer.flows.departing.approve import (
        as_approved,
        clearance_of,
        cleared,
        refuse,
    )
    from mailer.flows.departing.arming import arm
    from mailer.flows.editing.assembled import require_clean, sent_before
    from mailer.flows.sending.proof import largest_message

    assembled = accepting(assembled_to_send(call, edition), accept, by=by)
    assembled = aimed(call, assembled, to_segment)
    send = call.house.settings.send
    is_auto = send.approval == "auto"
    ahead = send.canary if canary is None else read_canary(canary)
    async with call.house.stores() as stores:
        clearance = await clearance_of(assembled, stores.approvals)
        assembled = as_approved(assembled, clearance)
        if await stores.ledger.runs(edition=assembled.edition.name, limit=1):
            assembled = sent_before(assembled)
        require_clean(assembled)
        if not (clearance.holds or is_auto or dry_run):
            refuse(assembled, clearance)
        signers = call.signers()
        pace = await stores.pace.load()
        asks = not (dry_run or yes)
        async with _planned(call, assembled, stores, asks=asks) as (plan, proposal):
            shown = (call, assembled, plan, signers, clearance, pace, ahead)
            call.err.print(plan_panel(*shown))
            if dry_run:
                if json:
                    call.print_json(plan_json(*shown))
                return 0
            _guard_count(call, assembled, plan, yes=yes, expect=expect)
            if detach:
                _guard_daemon(call)
            desk = call.house.desk(stores)
            size = largest_message(
                assembled.frozen, desk.stationery, now=desk.clock.now()
            )
            await check_relays(call, desk, size=size)
            now = call.house.clock.now()
            clearance = await cleared(
                assembled, stores.approvals, auto=is_auto, now=now
            )
            # A script cannot change its mind; somebody who typed a number can.
            waits = not yes if grace is None else grace
            departs = now + call.house.settings.send.grace if waits else None
            run = await arm(
                assembled,
                clearance,
                stores.ledger,
                now=now,
                departs=departs,
                canary=ahead,
                proposal=proposal,
            )
        call.err.tell(queued(plan.audience, run))
        if detach:
            return await _detach(call, run, stores, json=json)
        return Errand(
            runs=(run.name,),
            waiting=plan.audience,
            sound_until=stores.sound_until,
            json=json,
        )


@asynccontextmanager
async def _planned(
    call: Invocation, assembled: Assembled, stores: Stores, *, asks: bool
) -> AsyncIterator[tuple[Plan, int | None]]:
    """Whom it would go to; before somebody is asked, with all that takes long done."""
    frozen, now = assembled.frozen, call.house.clock.now()
    if not asks:
        yield await stores.ledger.plan(frozen, now=now), None
        return
    async with stores.proposals.proposed(frozen, now=now) as proposal:
        yield proposal.plan, proposal.id


async def _resume(
    call: Invocation, name: str | None, *, yes: bool, json: bool
) -> int | Errand:
    async with call.house.stores() as stores:
        if name is None:
            unfinished = [r for r in await stores.ledger.runs() if r.finished is None]
            unfinished.reverse()  # the oldest has waited longest
            runs = [r for r in unfinished if not r.held]
            for held in (r for r in unfinished if r.held):
                word_wanted = say(
                    "{run} waits for your word ({reason}): mailer resume {run} goes on.",
                    run=held.name,
                    reason=held.reason,
                )
                call.err.tell(word_wanted)
        else:
            found = await run_called(name, stores)
            if found.finished is not None:
                message = say(
                    "{run} is finished ({state})",
                    run=found.name,
                    state=word(found.state),
                )
                ways = {"cancelled": f"mailer send {found.edition}"}
                way_out = ways.get(found.state, f"mailer retry {found.name} --refused")
                raise GuardError(message, hint=way_out)
            runs = [found]
        if not runs:
            call.err.tell(say("Nothing to resume."))
            if json:
                call.print_json({"schema": 1, "runs": []})
            return 0
        waiting = 0
        for run in runs:
            tally = await stores.ledger.tally(run)
            waiting += tally.waiting
            call.err.tell(say("{run}, {state}:", run=run.name, state=word(run.state)))
            call.err.tell(say("  {balance}", balance=balance_line(tally)))
        if not yes:
            call.confirm(say("Go on sending what waits?"))
        desk = call.house.desk(stores)
        await check_relays(call, desk)
        names = [run.name for run in runs]
        return Errand(runs=names, waiting=waiting, json=json, many=name is None)


async def _detach(call: Invocation, run: Run, stores: Stores, *, json: bool) -> int:
    """Leave *run* to the daemon."""
    from mailer.cli.sending.following import hand_over

    await hand_over(call, run)
    call.err.tell(
        say(
            "The daemon sends it: mailer status {run} shows how far it is.",
            run=run.name,
        )
    )
    if json:
        call.print_json(run_json(call, run, await stores.ledger.tally(run)))
    return 0


def queued(count: int, run: Run) -> Phrase:
    """``8,430 deliveries queued as run le-meridien-118-1``."""
    return say_many(
        "{count} delivery queued as run {run}.",
        "{count} deliveries queued as run {run}.",
        count,
        run=run.name,
    )


def _guard_daemon(call: Invocation) -> None:
    from mailer.cli.sending.following import is_served

    if not is_served(call):
        message = say("no daemon runs here that could send it")
        raise GuardError(message, hint=say("mailer run is one; or without --detach"))


def _guard_count(
    call: Invocation,
    assembled: Assembled,
    plan: Plan,
    *,
    yes: bool,
    expect: int | None,
) -> None:
    """Nobody to write to, a count that differs, nobody to ask: nothing is sent."""
    if plan.audience == 0:
        message = say("nobody to send {name} to", name=assembled.edition.name)
        skipped = listed(counted(why, n) for why, n in plan.skipped.items() if n)
        raise GuardError(
            message, hint=say("skipped: {skipped}", skipped=skipped) if skipped else ""
        )
    if expect is not None and expect != plan.audience:
        message = say(
            "the plan has {audience} readers, --expect says {expect}",
            audience=str(plan.audience),
            expect=str(expect),
        )
        raise GuardError(message, hint=say("look again: mailer send EDITION --dry-run"))
    if not yes:
        call.confirm_count(plan.audience)
    elif expect is None:
        message = say("--yes needs --expect N")
        raise GuardError(
            message,
            hint=say("this plan has {audience} readers", audience=str(plan.audience)),
        )
