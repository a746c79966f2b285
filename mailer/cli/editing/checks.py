"""``mailer check``: what is wrong with editions, and why it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.editing.editions import assembled_edition
from mailer.cli.editing.findings import Checked, as_github, as_json, show
from mailer.cli.editing.suspicions import named_judge, suspicions
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.vocabulary import listed, word
from mailer.errors import EditionError, InputError, NotFoundError, Severity
from mailer.phrases import Phrase, did_you_mean, say, say_many

if TYPE_CHECKING:
    from mailer.flows.editing.assemble import Inspected
    from mailer.flows.editing.assembled import AssembledT
    from mailer.flows.editing.suspicion import SpamJudge
    from mailer.online.memory import RememberingProber
    from mailer.rendering.checks.rule import Sample


_SAMPLE_LINES = 14

AcceptOption = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="RULE", help="Let an error pass, by its rule id."),
]
ByOption = Annotated[
    str,
    typer.Option("--by", metavar="NAME", help="Who accepts; else who is logged in."),
]


class Output(StrEnum):
    """How ``mailer check`` says what it found."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.command("check")(check)


def check(
    ctx: typer.Context,
    editions: Annotated[
        list[str] | None, typer.Argument(metavar="[EDITION]...")
    ] = None,
    form: Annotated[
        Output, typer.Option("--format", help="For people, programs, a code host.")
    ] = Output.TEXT,
    json: Annotated[bool, typer.Option("--json", help="Short for JSON.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings fail like errors.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend in the files what is safe to mend.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Ask whether links answer; kept for a day.")
    ] = False,
    spam: Annotated[
        bool, typer.Option("--spam", help="Ask SpamAssassin: \\[checks] spamd.")
    ] = False,
    accept: AcceptOption = None,
    by: ByOption = "",
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
    judge = named_judge(call) if spam else None
    form = Output.JSON if json else form
    if theme is not None:
        raise typer.Exit(_check_theme(call, theme, form, strict=strict))
    reports = []
    for name in editions or ["next"]:
        checked = check_edition(call, name)
        if fix:
            checked = _fixed(call, checked)
        if checked.assembled is not None:
            checked = _completed(
                call,
                checked.assembled,
                checked,
                accept or (),
                by=by,
                online=online,
                judge=judge,
            )
        reports.append(checked)
        match form:
            case Output.TEXT:
                if len(reports) > 1:
                    call.out.print()
                show(call, checked)
            case Output.GITHUB:
                for line in as_github(checked):
                    typer.echo(line)
    if form is Output.JSON:
        call.print_json({"schema": 1, "editions": [as_json(each) for each in reports]})
    blocked = any(each.errors or (strict and each.warnings) for each in reports)
    raise typer.Exit(1 if blocked else 0)


def _check_theme(call: Invocation, name: str, form: Output, *, strict: bool) -> int:
    """Say what is wrong with the theme *name*; 1 if nothing should be sent in it."""
    from mailer.cli.editing.themes import theme_findings

    checked = Checked(
        name=name,
        folder=Path("templates") / "themes" / name,
        root=call.house.newsroom.workspace.root,
        findings=tuple(theme_findings(call, name)),
    )
    match form:
        case Output.TEXT:
            show(call, checked)
        case Output.GITHUB:
            for line in as_github(checked):
                typer.echo(line)
        case Output.JSON:
            found = as_json(checked)["findings"]
            call.print_json({"schema": 1, "theme": name, "findings": found})
    return 1 if checked.errors or (strict and checked.warnings) else 0


def check_edition(call: Invocation, name: str) -> Checked:
    """The edition called *name* with all that is found; NotFoundError."""
    newsroom = call.house.newsroom
    root = newsroom.workspace.root
    found = newsroom.workspace.find(
        name, list(call.house.settings.publications), today=call.today()
    )
    folder = found.path.resolve().relative_to(root)
    try:
        assembled = assembled_edition(call, name)
    except EditionError as error:  # cannot be rendered: its findings are the report
        return Checked(name=name, folder=folder, root=root, findings=error.findings)
    return Checked(
        name=name,
        folder=folder,
        root=root,
        findings=assembled.findings,
        assembled=assembled,
    )


def _completed(
    call: Invocation,
    assembled: Inspected,
    checked: Checked,
    accept: Sequence[str],
    *,
    by: str,
    online: bool,
    judge: SpamJudge | None,
) -> Checked:
    """*checked* with what others say, if asked, and what somebody accepts."""
    if online:
        from mailer.flows.editing.assemble import probed

        assembled = run_async(probed(assembled, link_prober(call)))
    assembled = accepting(assembled, accept, by=by)
    checked = replace(checked, assembled=assembled, findings=assembled.findings)
    if judge is None:
        return checked
    return replace(checked, spam=suspicions(call, assembled, judge))


def link_prober(call: Invocation) -> RememberingProber:
    """Who asks whether links answer, and remembers it for a day."""
    from mailer.online.links import LinkProber
    from mailer.online.memory import RememberingProber

    file = call.house.loaded.cache_folder() / "links.json"
    return RememberingProber(LinkProber(), file, now=call.house.clock.now())


def accepting(assembled: AssembledT, names: Sequence[str], *, by: str) -> AssembledT:
    """*assembled* with these rules accepted by *by*, or by who is logged in."""
    from mailer.flows.editing.assembled import accept
    from mailer.workspace.rulebook import rules

    if not names:
        return assembled
    return accept(assembled, names, by=by or who(), rules=rules())


def show_check(call: Invocation, name: str) -> None:
    """What ``mailer check NAME`` shows."""
    show(call, check_edition(call, name))


def who() -> str:
    """Who is logged in; InputError if the account has no name."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # an account without a name
        message = say("nobody is logged in by name")
        raise InputError(message, hint=say("--by NAME says who accepts")) from error


def _fixed(call: Invocation, checked: Checked) -> Checked:
    """*checked* again, after what can be mended was; what was done is told."""
    from mailer.workspace.mending import mend_edition

    def again() -> Inspected | None:
        nonlocal checked
        checked = check_edition(call, checked.name)
        return checked.assembled

    done = mend_edition(
        checked.assembled, lambda each: checked.root / checked.path_of(each), again
    )
    for path, count in done.items():
        name = path.relative_to(checked.root).as_posix()
        call.err.tell(fixed_in(name, count))
    if not done:
        call.err.tell(say("Nothing to fix."))
    return checked


def fixed_in(name: str, count: int) -> Phrase:
    """``index.md: 2 fixed``."""
    return say_many("{name}: {count} fixed", "{name}: {count} fixed", count, name=name)


def _explained(call: Invocation, name: str) -> str:
    """A rule of the catalogue, for people; NotFoundError with suggestions."""
    from mailer.workspace.rulebook import rules

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
    elif rule.severity is Severity.ERROR:
        way = say("--accept {rule} --by NAME lets it pass", rule=rule.id)
        traits.append(way)
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
