"""What was found about an edition, for people, for programs, for a code host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mailer.cli.editing.suspicions import as_fields, show_suspicions
from mailer.cli.invocation import Invocation
from mailer.cli.vocabulary import problems, word
from mailer.cli.words import Words
from mailer.errors import Finding, Severity
from mailer.phrases import Phrase, kilobytes, say, say_many

if TYPE_CHECKING:
    from mailer.edition.model import Variant
    from mailer.flows.editing.assemble import Inspected
    from mailer.flows.editing.assembled import Assembled
    from mailer.flows.editing.suspicion import Suspicion

_GMAIL_CUT = 102 * 1024  # bytes of HTML; what follows is shown on demand only
_ROOMY = 100  # columns from which a place has one beside what is said
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One edition after its checks; ``assembled`` is None if it cannot be rendered.

    ``folder`` is its folder below the workspace ``root``; ``spam`` what a filter thinks
    of each variant, if it was asked.
    """

    name: str
    folder: Path
    root: Path
    findings: tuple[Finding, ...]
    assembled: Inspected | None = None
    spam: Mapping[Variant, Suspicion] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What blocks sending."""
        if self.assembled is not None:
            return self.assembled.errors
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is to be looked at."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)

    @property
    def fixable(self) -> int:
        """How many ``--fix`` can mend."""
        return sum(f.fix is not None for f in self.findings)

    def accepted_by(self, finding: Finding) -> str:
        """Who accepted it; empty if nobody did."""
        return self.assembled.accepted_by(finding) if self.assembled else ""

    def path_of(self, finding: Finding) -> str:
        """The finding's file, relative to the workspace."""
        beside = self.folder / finding.file
        if (self.root / beside).exists() or not (self.root / finding.file).exists():
            return beside.as_posix()
        return finding.file


# -- for people --------------------------------------------------------------------


def show(call: Invocation, checked: Checked) -> None:
    """Title, findings, the size of every variant, counts and the way out."""
    call.out.print(_title(call, checked))
    if checked.findings:
        call.out.print()
        _print_findings(call, checked)
    call.out.print()
    if checked.assembled is not None:
        call.out.print(_sizes_table(call, checked.assembled))
        call.out.print()
    if checked.spam:
        show_suspicions(call, checked.spam)
    errors, warnings = len(checked.errors), len(checked.warnings)
    style = "bold red" if errors else "yellow" if warnings else "green"
    call.out.tell(_ending(checked), style=style)


def _title(call: Invocation, checked: Checked) -> Text:
    """``118 · Les ports  editions/…``, the path on its own line where it is too long."""
    edition = checked.assembled.edition if checked.assembled else None
    said = Text(checked.name, style="bold")
    if edition is not None:
        name = edition.slug if edition.number is None else str(edition.number)
        said = Text(f"{name} · {edition.title}", style="bold")
    path = checked.folder.as_posix()
    fits = said.cell_len + 2 + len(path) <= call.out.width
    return said.append("  " if fits else "\n").append(path, style="not bold dim")


def _print_findings(call: Invocation, checked: Checked) -> None:
    """One line each where there is room; else the words below their place."""
    rows = [_row(call, checked, finding) for finding in checked.findings]
    places = max(len(place) for place, *_ in rows)
    levels = max(level.cell_len for _, level, *_ in rows)
    rules = max(len(rule) for *_, rule in rows)
    roomy = call.out.width >= _ROOMY or places + levels + rules <= 40
    if roomy:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, min_width=places + 2)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=1)
        table.add_column(no_wrap=True, style="dim")
        for place, level, words, rule in rows:
            table.add_row(Text(f"  {place}"), level, words, rule)
        call.out.print(table, soft_wrap=False)
        return
    for place, level, words, rule in rows:
        head = Text(f"  {place:<{places}}  ").append_text(level)
        call.out.print(
            head.append(" " * (levels - level.cell_len + 2)).append(rule, "dim")
        )
        grid = Table.grid(padding=0)
        grid.add_column(min_width=4, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("", words)
        call.out.print(grid, soft_wrap=False)


def _row(
    call: Invocation, checked: Checked, finding: Finding
) -> tuple[str, Text, Text, str]:
    words = call.speech.remark(finding)
    color = _COLORS[finding.severity]
    if by := checked.accepted_by(finding):
        accepted = call.said(say("accepted by {by}", by=by))
        words, color = f"{words} – {accepted}", "dim"
    level = Text(call.said(word(finding.severity)), style=color)
    return finding.place, level, Words(words), finding.rule


def _ending(checked: Checked) -> Phrase:
    """``1 error, 2 warnings.``, and what ``--fix`` could do."""
    counts = problems(len(checked.errors), len(checked.warnings))
    accepted = sum(1 for f in checked.findings if checked.accepted_by(f))
    if accepted:
        more = say_many("{count} accepted", "{count} accepted", accepted)
        counts = say("{before}, {last}", before=counts, last=more)
    if not checked.fixable:
        return say("{counts}.", counts=counts)
    fixable = say_many(
        "{count} can be fixed with mailer check {name} --fix.",
        "{count} can be fixed with mailer check {name} --fix.",
        checked.fixable,
        name=checked.name,
    )
    return say("{counts}. {fixable}", counts=counts, fixable=fixable)


def _sizes_table(call: Invocation, assembled: Assembled) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("variant")), min_width=8)
    for phrase in (
        say("html"),
        say("of 102 KB"),
        say("text"),
        say("links"),
        say("images"),
    ):
        title = call.said(phrase)
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    for rendering in assembled.frozen.renderings:
        if not rendering.variant.is_mail:
            continue
        size = len(rendering.html.encode())
        weight = sum(len(picture.content) for picture in rendering.pictures)
        table.add_row(
            call.said(word(rendering.variant)),
            call.said(kilobytes(size, digits=1)),
            call.said(say("{count} %", count=round(100 * size / _GMAIL_CUT))),
            call.said(kilobytes(len(rendering.text.encode()), digits=1)),
            str(rendering.html.count("<a ")),
            f"{len(rendering.pictures)} · {call.said(kilobytes(weight))}",
        )
    return table


# -- for programs ------------------------------------------------------------------


def as_json(checked: Checked) -> dict[str, object]:
    """One edition of ``--format json``, schema 1; docs/checks.md names every field."""
    assembled = checked.assembled
    frozen = assembled.frozen if assembled else None
    return {
        "edition": assembled.edition.name if assembled else checked.name,
        "title": assembled.edition.title if assembled else "",
        "path": checked.folder.as_posix(),
        "sha256": frozen.sha256 if frozen else "",
        "errors": len(checked.errors),
        "warnings": len(checked.warnings),
        "fixable": checked.fixable,
        "findings": [_finding_json(checked, f) for f in checked.findings],
        "variants": [
            {
                "variant": str(rendering.variant),
                "html_bytes": len(rendering.html.encode()),
                "text_bytes": len(rendering.text.encode()),
                "links": rendering.html.count("<a "),
                "images": len(rendering.pictures),
                "sha256": rendering.digest(),
            }
            for rendering in (frozen.renderings if frozen else ())
        ],
        "spam": as_fields(checked.spam),
    }


def _finding_json(checked: Checked, finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "file": finding.file,
        "path": checked.path_of(finding),
        "line": finding.line,
        "column": finding.column,
        "message": str(finding.message),
        "hint": str(finding.hint),
        "fixable": finding.fix is not None,
        "accepted_by": checked.accepted_by(finding),
    }


def as_github(checked: Checked) -> list[str]:
    """One workflow command a finding: ``::error file=…,line=…,col=…,title=…::…``."""
    return [_github(checked, finding) for finding in checked.findings]


def _github(checked: Checked, finding: Finding) -> str:
    level = "notice" if checked.accepted_by(finding) else str(finding.severity)
    place: dict[str, str | int] = {"file": checked.path_of(finding)}
    if finding.line:
        place["line"] = finding.line
        place |= {"col": finding.column} if finding.column else {}
    place["title"] = finding.rule
    said = ",".join(f"{name}={_property(str(v))}" for name, v in place.items())
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"::{level} {said}::{_escaped(f'{finding.message}{hint}')}"


def _escaped(text: str) -> str:
    """Text of a workflow command: only these would end it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
