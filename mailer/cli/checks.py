"""``mailer check``: what is wrong with editions, and why it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mailer.cli.editions import assembled_edition
from mailer.cli.invocation import Invocation, invocation
from mailer.cli.vocabulary import listed, problems, word
from mailer.errors import EditionError, Finding, NotFoundError, Severity
from mailer.phrases import kilobytes, say, say_many

if TYPE_CHECKING:
    from mailer.flows.assemble import Assembled
    from mailer.rendering.checks.rule import Sample


_SAMPLE_LINES = 14
_GMAIL_CUT = 102 * 1024  # bytes of HTML; what follows is shown on demand only


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.command("check")(check)


def check(
    ctx: typer.Context,
    editions: Annotated[
        list[str] | None, typer.Argument(metavar="[EDITION]...")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="RULE", help="Why a rule is, how to mend."),
    ] = None,
    theme: Annotated[
        str | None,
        typer.Option("--theme", metavar="NAME", help="A theme, in place of editions."),
    ] = None,
) -> None:
    """Say what is wrong with editions, at file and line; exit 1 if it blocks sending."""
    call = invocation(ctx)
    if explain is not None:
        call.out.tell(_explained(call, explain))
        return
    if theme is not None:
        raise typer.Exit(_check_theme(call, theme, as_json=json))
    blocked = False
    reports: list[dict[str, object]] = []
    for name in editions or ["next"]:
        try:
            assembled = assembled_edition(call, name)
        except EditionError as error:  # cannot be rendered: its findings are the report
            blocked = True
            if json:
                findings = [_finding_json(finding) for finding in error.findings]
                reports.append({"edition": name, "findings": findings, "variants": []})
            else:
                call.print_faults(error)
            continue
        blocked = blocked or bool(assembled.errors)
        if json:
            reports.append(_check_json(assembled))
        else:
            show_check(call, assembled)
    if json:
        call.print_json({"schema": 1, "editions": reports})
    raise typer.Exit(1 if blocked else 0)


def _check_theme(call: Invocation, name: str, *, as_json: bool) -> int:
    """Say what is wrong with the theme *name*; 1 if nothing should be sent in it."""
    from mailer.cli.themes import theme_findings

    findings = tuple(theme_findings(call, name))
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        found = [_finding_json(finding) for finding in findings]
        call.print_json({"schema": 1, "theme": name, "findings": found})
    else:
        if findings:
            call.out.print(_findings_table(call, findings))
        call.out.tell(problems(errors, len(findings) - errors))
    return 1 if errors else 0


def _explained(call: Invocation, name: str) -> str:
    """A rule of the catalogue, for people; NotFoundError with suggestions."""
    from mailer.edition.notes import did_you_mean
    from mailer.wiring import rules

    known = rules()
    if name not in known:
        message = say("no rule {name}", name=name)
        raise NotFoundError(message, hint=did_you_mean(name, known))
    rule = known[name]
    traits = [word(rule.severity), say("group {name}", name=rule.group)]
    if rule.fixable:
        traits.append(say("--fix mends it"))
    if not rule.acceptable:
        traits.append(say("nobody can accept it"))
    parts = [
        say("{rule}: {title}.", rule=rule.id, title=rule.title),
        say("({traits})", traits=listed(traits)),
        "",
        rule.why,
        say("To mend it: {way}", way=rule.mend),
        "",
        say("Poor:"),
        *_shown(call, rule.poor),
        "",
        say("Good:"),
        *_shown(call, rule.good),
    ]
    return "\n".join(map(call.said, parts))


def _shown(call: Invocation, sample: Sample) -> list[str]:
    """A sample as it can be read: its beginning, and what lies around it."""
    lines = sample.edition.rstrip().splitlines() or [call.said(say("(nothing)"))]
    if len(lines) > _SAMPLE_LINES:
        more = say_many(
            "… and {count} more line",
            "… and {count} more lines",
            len(lines) - _SAMPLE_LINES,
        )
        lines = [*lines[:_SAMPLE_LINES], call.said(more)]
    lines = [line if len(line) < 200 else line[:72] + " …" for line in lines]
    around = {**sample.files, **sample.theme}
    if sample.config:
        around["config/mailer.toml"] = sample.config
    for name, what in sample.pictures.items():
        lines.append(f"({name}: {what})")
    for name, content in around.items():
        lines += [f"({name}:)", *content.rstrip().splitlines()[:_SAMPLE_LINES]]
    for url, answer in sample.answers.items():
        told = say("({url} answers: {answer})", url=url, answer=answer)
        lines.append(call.said(told))
    return [f"    {line}" if line else "" for line in lines]


def show_check(call: Invocation, assembled: Assembled) -> None:
    """Findings by line, then the size of every variant, for people."""
    edition = assembled.edition
    call.out.print(f"[bold]{escape(edition.name)} · {escape(edition.title)}[/bold]")
    if assembled.findings:
        call.out.print(_findings_table(call, assembled.findings))
    call.out.print(_sizes_table(call, assembled))
    errors = len(assembled.errors)
    warnings = len(assembled.findings) - errors
    style = "bold red" if errors else "yellow" if warnings else "green"
    call.out.tell(problems(errors, warnings), style=style)


def _findings_table(call: Invocation, findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, style="dim")
    for finding in findings:
        color = "red" if finding.severity is Severity.ERROR else "yellow"
        table.add_row(
            escape(finding.place),
            Text(call.said(word(finding.severity)), style=color),
            Text(call.speech.remark(finding)),
            finding.rule,
        )
    return table


def _sizes_table(call: Invocation, assembled: Assembled) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("variant")), min_width=8)
    for phrase in (say("html"), say("of 102 KB"), say("text"), say("images")):
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
            f"{len(rendering.pictures)} · {call.said(kilobytes(weight))}",
        )
    return table


def _check_json(assembled: Assembled) -> dict[str, object]:
    return {
        "edition": assembled.edition.name,
        "title": assembled.edition.title,
        "sha256": assembled.frozen.sha256,
        "findings": [_finding_json(finding) for finding in assembled.findings],
        "variants": [
            {
                "variant": str(rendering.variant),
                "html_bytes": len(rendering.html.encode()),
                "text_bytes": len(rendering.text.encode()),
                "sha256": rendering.digest(),
            }
            for rendering in assembled.frozen.renderings
        ],
    }


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "hint": finding.hint,
    }
