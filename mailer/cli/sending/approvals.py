"""``mailer approve, unapprove``: somebody's word that an edition may leave as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.editing.checks import AcceptOption, accepting, who
from mailer.cli.editing.editions import EditionArgument, assembled_edition
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption
from mailer.cli.readers.segments import ToSegmentOption, aimed
from mailer.cli.vocabulary import acceptances, listed, problems, word
from mailer.phrases import Phrase, say

if TYPE_CHECKING:
    from mailer.flows.approvals import Approval
    from mailer.flows.editing.assembled import Assembled

WhoOption = Annotated[
    str,
    typer.Option(
        "--by", metavar="NAME", help="Whose word it is; else who is logged in."
    ),
]


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.command("approve")(approve)
    app.command("unapprove")(unapprove)


def approve(
    ctx: typer.Context,
    edition: EditionArgument,
    accept: AcceptOption = None,
    by: WhoOption = "",
    to_segment: ToSegmentOption = None,
    json: JsonOption = False,
) -> None:
    """Freeze an edition as it is now: this, and nothing else, may leave."""
    call = invocation(ctx)
    assembled = aimed(call, assembled_edition(call, edition), to_segment)
    run_async(
        approve_edition(
            call,
            accepting(assembled, accept or (), by=by),
            by=by or who(),
            json=json,
        )
    )


def unapprove(
    ctx: typer.Context,
    edition: EditionArgument,
    by: WhoOption = "",
    json: JsonOption = False,
) -> None:
    """Take an approval back: the edition is a draft again."""
    call = invocation(ctx)
    newsroom = call.house.newsroom
    # Found by its folder: an edition that cannot be read any more is taken back too.
    found = newsroom.workspace.find(
        edition, list(call.house.settings.publications), today=call.today()
    )
    run_async(_unapprove(call, found.name, by=by or who(), json=json))


async def approve_edition(
    call: Invocation, assembled: Assembled, *, by: str, json: bool = False
) -> None:
    """Approve *assembled*, and say what changed since the last time, if it was before."""
    from mailer.flows.departing.approve import approve as give
    from mailer.flows.departing.approve import clearance_of, told

    async with call.house.stores() as stores:
        before = await clearance_of(assembled, stores.approvals, as_said=True)
        now = call.house.clock.now()
        approval = await give(assembled, stores.approvals, by=by, now=now)
    if before.approval is not None and before.approval.id == approval.id:
        words = say("{name} is approved already", name=approval.edition)
    else:
        words = say("{name} is approved", name=approval.edition)
    if before.changes:
        call.err.tell(say("Since {approval}:", approval=given(call, before.approval)))
        for change in before.changes:
            call.err.tell(say("  {change}", change=told(change)))
    call.err.print("[green]✓[/green] ", end="")
    call.err.tell(
        say("{words}: {approval}", words=words, approval=given(call, approval))
    )
    for line in _summary(assembled, approval):
        call.err.tell(say("  {line}", line=line))
    if json:
        call.print_json({"schema": 1, **approval_json(approval)})


def given(call: Invocation, approval: Approval | None) -> Phrase:
    """``Fri 18:12, claire``."""
    from mailer.language import lately

    if approval is None:
        return say("nobody")
    local = approval.at.astimezone(call.house.zone)
    now = call.house.clock.now()
    return say(
        "{moment}, {who}",
        moment=lately(local, call.speech.lang, now=now),
        who=approval.by,
    )


def approval_json(approval: Approval) -> dict[str, object]:
    """An approval for programs."""
    return {
        "edition": approval.edition,
        "sha256": approval.sha256,
        "by": approval.by,
        "at": approval.at.isoformat(),
        "accepted_rules": [asdict(each) for each in approval.accepted],
    }


def _summary(assembled: Assembled, approval: Approval) -> Iterator[Phrase]:
    rendering = assembled.frozen.renderings[0]
    yield say("Subject  {subject}", subject=rendering.subject)
    variants = listed(word(each.variant) for each in assembled.frozen.renderings)
    yield say("Frozen   {variants}", variants=variants)
    if assembled.edition.segment:
        yield say("Segment  {rule}", rule=assembled.edition.segment)
    counts = problems(0, len(assembled.warnings))
    if approval.accepted:
        accepted = acceptances(approval.accepted)
        counts = say("{counts}, accepted: {accepted}", counts=counts, accepted=accepted)
    yield say("Checks   {counts}", counts=counts)
    yield say("Content  sha256:{hash}", hash=approval.sha256[:12])


async def _unapprove(call: Invocation, name: str, *, by: str, json: bool) -> None:
    async with call.house.stores() as stores:
        now = call.house.clock.now()
        done = await stores.approvals.withdraw(name, by=by, now=now)
    call.err.tell(
        say("{name} is a draft again.", name=name)
        if done
        else say("{name} was not approved.", name=name)
    )
    if json:
        call.print_json({"schema": 1, "edition": name, "withdrawn": done})
