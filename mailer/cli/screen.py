"""What the commands of a run show: the plan, the runs, the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mailer.delivery.report import Tally, as_json, balance_line

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.delivery.signer import Signer
    from mailer.flows.assemble import Assembled
    from mailer.flows.ports import Plan, Run


_ROOMY = 110
"""Columns from which a run's title has room beside its numbers."""


def number(count: int) -> str:
    """``8 430``, with a narrow no-break space."""
    return f"{count:,}".replace(",", "\u202f")


def plan_panel(
    call: Invocation, assembled: Assembled, plan: Plan, signers: Sequence[Signer]
) -> Panel:
    """What would be sent, to whom, by whom and how long it takes."""
    edition, publication = assembled.edition, assembled.frozen.publication
    rendering = assembled.frozen.renderings[0]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    parts = ", ".join(
        f"{number(n)} {variant}" for variant, n in plan.recipients.items() if n
    )
    skipped = ", ".join(f"{number(n)} {why}" for why, n in plan.skipped.items() if n)
    warnings = len(assembled.findings) - len(assembled.errors)
    rows = {
        "Edition": f"{edition.name} · {edition.title}",
        "Subject": rendering.subject,
        "From": edition.sender or publication.sender,
        "To": f"{number(plan.audience)} reader{'s' * (plan.audience != 1)}"
        + (f": {parts}" if parts else ""),
        "Skipped": skipped or "nobody",
        "Via": _via(call, plan.audience),
        "Signed": _signed(assembled, signers),
        "Checks": f"0 errors, {warnings} warning{'s' * (warnings != 1)}",
        "Content": f"sha256:{assembled.frozen.sha256[:12]}",
    }
    for label, value in rows.items():
        grid.add_row(label, Text(value))
    return Panel(grid, title="Send now", title_align="left", expand=False)


def _via(call: Invocation, audience: int) -> str:
    """Relays with their pace, and how long that takes at best."""
    relays = call.house.settings.relays
    names = ", ".join(
        f"{relay.name} {relay.rate}" if relay.rate else relay.name for relay in relays
    )
    if any(relay.rate is None for relay in relays) or not audience:
        return names
    per_second = sum(1 / relay.rate.interval for relay in relays if relay.rate)
    seconds = audience / per_second
    about = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    return f"{names}: about {about}"


def _signed(assembled: Assembled, signers: Sequence[Signer]) -> str:
    """Which keys sign the edition, if any."""
    from mailer.flows.letters import signers_of

    if ours := signers_of(assembled.frozen, signers):
        keys = ", ".join(f"{signer.selector} ({signer.kind})" for signer in ours)
        return f"DKIM {ours[0].domain}: {keys}"
    if signers:
        return "not by us: no [[dkim]] key is for the domain of From"
    return "not by us: left to the relay"


def plan_json(
    assembled: Assembled, plan: Plan, signers: Sequence[Signer]
) -> dict[str, object]:
    """The plan for programs, schema 1."""
    from mailer.flows.letters import signers_of

    ours = signers_of(assembled.frozen, signers)
    return {
        "schema": 1,
        "edition": assembled.edition.name,
        "subject": assembled.frozen.renderings[0].subject,
        "sha256": assembled.frozen.sha256,
        "audience": plan.audience,
        "recipients": {str(v): n for v, n in plan.recipients.items()},
        "skipped": dict(plan.skipped),
        "signed": [signer.record.name for signer in ours],
    }


def run_json(call: Invocation, run: Run, tally: Tally) -> dict[str, object]:
    """A run and what it amounts to, for programs."""
    return as_json(
        tally,
        run=run.name,
        edition=run.edition,
        state=str(run.state),
        seconds=_seconds(call, run),
    )


def _seconds(call: Invocation, run: Run) -> float:
    end: datetime = run.finished or call.house.clock.now()
    return round((end - run.started).total_seconds(), 3)


def print_end(call: Invocation, run: Run, tally: Tally) -> None:
    """How a run ended, its balance sheet, and what can be done now."""
    seconds = _seconds(call, run)
    spent = (
        f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
        if seconds >= 60
        else (f"{seconds:.1f} s")
    )
    done = run.finished is not None
    words = f"finished in {spent}" if done else f"{run.state}: {run.reason}"
    mark, style = ("✓", "green") if done else ("!", "yellow")
    call.err.print(f"[{style}]{mark}[/{style}] {run.name} ", end="")
    call.err.print(words, markup=False)
    call.err.print(f"  {balance_line(tally)}", markup=False, soft_wrap=True)
    if not done:
        call.err.print(f"  mailer resume {run.name} goes on.", markup=False)
    if tally.in_doubt:
        call.err.print(
            f"  {number(tally.in_doubt)} in doubt are not sent again by themselves: "
            f"mailer retry {run.name} --in-doubt",
            style="yellow",
        )


def runs_table(call: Invocation, counted: Sequence[tuple[Run, Tally]]) -> Table:
    """Runs with their counts. Names and numbers are never cut: titles make room."""
    roomy = call.out.width >= _ROOMY
    table = Table(box=None, header_style="dim", pad_edge=False)
    longest = max(len(run.name) for run, _ in counted)
    table.add_column("Run", no_wrap=True, min_width=longest)
    if roomy:
        table.add_column("Title", no_wrap=True, overflow="ellipsis", max_width=40)
    table.add_column("State", no_wrap=True, min_width=9)
    table.add_column("Started", no_wrap=True, min_width=12)
    for title in ("Accepted", "Deferred", "Refused", "Doubt"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    for run, tally in counted:
        local = run.started.astimezone(call.house.zone)
        table.add_row(
            run.name,
            *([Text(run.title)] if roomy else []),
            str(run.state),
            f"{local:%d %b %H:%M}",
            number(tally.accepted),
            number(tally.deferred),
            number(tally.refused),
            number(tally.in_doubt),
        )
    return table
