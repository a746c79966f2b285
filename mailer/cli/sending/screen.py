"""What is shown before a run and of many: the plan, the table of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mailer.cli.sending.approvals import approval_json, given
from mailer.cli.sending.way import foreseen, roughly, via
from mailer.cli.vocabulary import acceptances, counted, listed, problems, word
from mailer.cli.words import Words
from mailer.delivery.report import Tally
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.delivery.canary import Canary
    from mailer.delivery.sharing import PaceState
    from mailer.delivery.signer import Signer
    from mailer.flows.departing.approve import Clearance
    from mailer.flows.editing.assembled import Assembled
    from mailer.flows.ports import Plan, Run


_ROOMY = 110
"""Columns from which a run's title has room beside its numbers."""


def plan_panel(
    call: Invocation,
    assembled: Assembled,
    plan: Plan,
    signers: Sequence[Signer],
    clearance: Clearance,
    pace: PaceState,
    canary: Canary,
) -> Panel:
    """What would be sent, to whom, by whom and how long it takes."""
    edition, publication = assembled.edition, assembled.frozen.publication
    rendering = assembled.frozen.renderings[0]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    skipped = listed(counted(why, n) for why, n in plan.skipped.items() if n)
    rows = (
        (say("Edition"), f"{edition.name} · {edition.title}"),
        (say("Subject"), rendering.subject),
        (say("From"), edition.sender or publication.sender),
        (say("To"), _recipients(plan)),
        *_segment(call, assembled),
        (say("Skipped"), skipped or say("nobody")),
        (say("Via"), via(call, plan.audience, pace)),
        (say("Limits"), _limits(call, canary, plan.audience)),
        (say("Signed"), _signed(assembled, signers)),
        (say("Checks"), _checks(assembled)),
        (say("Content"), _content(call, assembled, clearance)),
    )
    for label, value in rows:
        grid.add_row(call.said(label), Words(call.said(value)))
    title = Text(call.said(say("Send now")))
    return Panel(grid, title=title, title_align="left", expand=False)


def _segment(
    call: Invocation, assembled: Assembled
) -> Iterator[tuple[Phrase, Phrase | str]]:
    """The rule that leaves readers out, by its name too where it has one."""
    rule = assembled.edition.segment
    if not rule:
        return
    from mailer.cli.readers.segments import segment_called

    names = [
        name
        for name in call.house.settings.segments
        if str(segment_called(call, name)) == rule
    ]
    said = say("{name}: {rule}", name=names[0], rule=rule) if names else rule
    yield say("Segment"), said


def _limits(call: Invocation, canary: Canary, audience: int) -> Phrase:
    """What stops the run, and who goes ahead of it."""
    send = call.house.settings.send
    stops = []
    if send.max_failure_ratio < 1:
        ratio = round(send.max_failure_ratio * 100, 2)
        stops.append(say("above {ratio}% failures", ratio=ratio))
    if send.max_refusals_in_row:
        row = say_many(
            "after {count} refusal",
            "after {count} refusals in a row",
            send.max_refusals_in_row,
        )
        stops.append(row)
    limits = say("stops {when}", when=listed(stops)) if stops else say("none")
    if not canary:
        return limits
    ahead = say_many(
        "{count} reader goes ahead",
        "{count} readers go ahead",
        len(canary.seeds) or canary.size(audience),
    )
    wait = roughly(send.canary_wait.total_seconds())
    return say(
        "{limits}; {ahead}, the others {wait} later",
        limits=limits,
        ahead=ahead,
        wait=wait,
    )


def _checks(assembled: Assembled) -> Phrase:
    """What was found, and what somebody took upon themselves."""
    counts = problems(0, len(assembled.warnings))
    if not assembled.accepted:
        return counts
    accepted = acceptances(assembled.accepted)
    return say("{counts}, accepted: {accepted}", counts=counts, accepted=accepted)


def _content(call: Invocation, assembled: Assembled, clearance: Clearance) -> Phrase:
    """The hash of what goes out, and whose word stands for it."""
    sealed = f"sha256:{assembled.frozen.sha256[:12]}"
    if clearance.approval is None:
        if call.house.settings.send.approval == "auto":
            return say("{hash}, approved by the checks", hash=sealed)
        return say("{hash}, not approved", hash=sealed)
    approval = given(call, clearance.approval)
    if clearance.changes:
        return say(
            "{hash}, edited since its approval ({approval})",
            hash=sealed,
            approval=approval,
        )
    return say(
        "{hash}, unchanged since approval ({approval})", hash=sealed, approval=approval
    )


def _recipients(plan: Plan) -> Phrase:
    """How many readers, and how many of each variant."""
    readers = say_many("{count} reader", "{count} readers", plan.audience)
    parts = listed(counted(v, n) for v, n in plan.recipients.items() if n)
    if not parts:
        return readers
    return say("{readers}: {parts}", readers=readers, parts=parts)


def _signed(assembled: Assembled, signers: Sequence[Signer]) -> str:
    """Which keys sign the edition, if any."""
    from mailer.flows.sending.templates import signers_of

    if ours := signers_of(assembled.frozen, signers):
        keys = ", ".join(f"{signer.selector} ({signer.kind})" for signer in ours)
        return say("DKIM {domain}: {keys}", domain=ours[0].domain, keys=keys)
    if signers:
        return say("not by us: no [[dkim]] key is for the domain of From")
    return say("not by us: left to the relay")


def plan_json(
    call: Invocation,
    assembled: Assembled,
    plan: Plan,
    signers: Sequence[Signer],
    clearance: Clearance,
    pace: PaceState,
    canary: Canary,
) -> dict[str, object]:
    """The plan for programs, schema 1."""
    from mailer.flows.sending.templates import signers_of

    ours = signers_of(assembled.frozen, signers)
    return {
        "schema": 1,
        "edition": assembled.edition.name,
        "subject": assembled.frozen.renderings[0].subject,
        "sha256": assembled.frozen.sha256,
        "audience": plan.audience,
        "segment": assembled.edition.segment or None,
        "recipients": {str(v): n for v, n in plan.recipients.items()},
        "skipped": dict(plan.skipped),
        "canary": len(canary.seeds) or canary.size(plan.audience),
        "accepted_rules": [asdict(each) for each in assembled.accepted],
        "approval": approval_json(clearance.approval) if clearance.approval else None,
        "changed": [
            {"part": each.part, "place": each.place, "change": str(each.said)}
            for each in clearance.changes
        ],
        "relays": [
            {"name": relay.name, "kind": relay.kind}
            for relay in call.house.settings.relays
        ],
        "seconds_at_best": round(foreseen(call, plan.audience, pace)),
        "signed": [signer.record.name for signer in ours],
    }


def runs_table(call: Invocation, counted: Sequence[tuple[Run, Tally]]) -> Table:
    """Runs with their counts. Names and numbers are never cut: titles make room."""
    from mailer.language import moment

    roomy = call.out.width >= _ROOMY
    table = Table(box=None, header_style="dim", pad_edge=False)
    longest = max(len(run.name) for run, _ in counted)
    table.add_column(call.said(say("Run")), no_wrap=True, min_width=longest)
    if roomy:
        title = call.said(say("Title"))
        table.add_column(title, no_wrap=True, overflow="ellipsis", max_width=40)
    table.add_column(call.said(say("State")), no_wrap=True, min_width=9)
    table.add_column(call.said(say("Started")), no_wrap=True, min_width=12)
    for phrase in (say("Accepted"), say("Deferred"), say("Refused"), say("Doubt")):
        title = call.said(phrase)
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    for run, tally in counted:
        local = run.started.astimezone(call.house.zone)
        table.add_row(
            run.name,
            *([Words(run.title)] if roomy else []),
            call.said(word(run.state)),
            moment(local, call.speech.lang),
            call.speech.number(tally.accepted),
            call.speech.number(tally.deferred),
            call.speech.number(tally.refused),
            call.speech.number(tally.in_doubt),
        )
    return table
