"""``mailer init, check, render``: from an empty folder to what readers will see."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.errors import (
    EditionError,
    Finding,
    InputError,
    NotFoundError,
    Severity,
)

if TYPE_CHECKING:
    from mailer.edition.model import Variant
    from mailer.flows.assemble import Assembled
    from mailer.rendering.model import Rendering

EditionArgument = Annotated[
    str,
    typer.Argument(
        metavar="EDITION",
        help="Number, publication/number, slug, path, latest or next.",
    ),
]


class Look(StrEnum):
    """What ``mailer init`` can begin with."""

    PRESSE = "presse"
    POP = "pop"


class Part(StrEnum):
    """Whose variant ``mailer render`` can write; the names of ``edition.Variant``."""

    FREE = "free"
    MEMBER = "member"
    WEB = "web"
    FEED = "feed"


class Form(StrEnum):
    """What ``mailer render`` can write."""

    HTML = "html"
    TEXT = "text"
    WEB = "web"
    EML = "eml"


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.command("init")(init)
    app.command("check")(check)
    app.command("render")(render)


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Made if it is not there.")] = Path(),
    theme: Annotated[
        Look, typer.Option("--theme", help="A serious weekly, or a playful one.")
    ] = Look.PRESSE,
) -> None:
    """Make a workspace: configuration, a sample edition, sample readers."""
    from mailer.wiring import new_workspace

    call = invocation(ctx)
    target = folder if folder.is_absolute() else call.folder / folder
    written = new_workspace(target, theme=theme)
    call.err.print(f"{len(written)} files written in {target}", markup=False)
    where = "" if target == Path() else f"-C {folder} "
    call.err.print(
        f"Next:  mailer {where}check next\n"
        f"       mailer {where}subscribers import {target / 'readers.csv'} "
        f'--consent "sample"\n'
        f"       mailer {where}inbox      (a trial relay and its page)\n"
        f"       mailer {where}send next",
        markup=False,
        soft_wrap=True,
    )


def check(
    ctx: typer.Context,
    editions: Annotated[
        list[str] | None, typer.Argument(metavar="[EDITION]...")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Say what is wrong with editions, at file and line; exit 1 if it blocks sending."""
    call = invocation(ctx)
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


def render(
    ctx: typer.Context,
    edition: EditionArgument,
    all_: Annotated[
        bool, typer.Option("--all", help="Every variant, as files under -o.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A folder, or a file.")
    ] = None,
    form: Annotated[Form, typer.Option("--format")] = Form.HTML,
    variant: Annotated[Part, typer.Option("--variant")] = Part.FREE,
    reader: Annotated[
        str | None,
        typer.Option("--for", help="With eml: the very bytes this reader would get."),
    ] = None,
) -> None:
    """Write what readers will get: HTML, text, web page or the message itself."""
    from mailer.edition.model import Variant

    call = invocation(ctx)
    assembled = assembled_edition(call, edition)
    if all_:
        if output is None:
            message = "--all needs a folder"
            raise InputError(message, hint="mailer render EDITION --all -o build/")
        _write_all(call, assembled, output)
        return
    if form is Form.EML:
        content = run_async(_message_for(call, assembled, reader, Variant(variant)))
    else:
        content = _part(assembled, form, Variant(variant)).encode()
    if output is None:
        typer.get_binary_stream("stdout").write(content)
    else:
        output.write_bytes(content)


def assembled_edition(call: Invocation, name: str) -> Assembled:
    """The edition called *name*, read, rendered and checked."""
    from mailer.flows.assemble import assemble

    return assemble(name, call.house.newsroom, today=call.today())


def show_check(call: Invocation, assembled: Assembled) -> None:
    """Findings by line, then the size of every variant, for people."""
    edition = assembled.edition
    call.out.print(f"[bold]{_escape(edition.name)} · {_escape(edition.title)}[/bold]")
    if assembled.findings:
        call.out.print(_findings_table(assembled.findings))
    call.out.print(_sizes_table(assembled))
    errors = len(assembled.errors)
    warnings = len(assembled.findings) - errors
    style = "bold red" if errors else "yellow" if warnings else "green"
    call.out.print(
        f"{errors} error{'s' * (errors != 1)}, "
        f"{warnings} warning{'s' * (warnings != 1)}",
        style=style,
    )


def _findings_table(findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, style="dim")
    for finding in findings:
        color = "red" if finding.severity is Severity.ERROR else "yellow"
        table.add_row(
            _escape(finding.place),
            f"[{color}]{finding.severity}[/{color}]",
            _escape(finding.message + (f" ({finding.hint})" if finding.hint else "")),
            finding.rule,
        )
    return table


def _sizes_table(assembled: Assembled) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("variant", min_width=8)
    for title in ("html", "of 102 KB", "text", "images"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    for rendering in assembled.frozen.renderings:
        if not rendering.variant.is_mail:
            continue
        size = len(rendering.html.encode())
        weight = sum(len(picture.content) for picture in rendering.pictures)
        table.add_row(
            str(rendering.variant),
            f"{size / 1024:.1f} KB",
            f"{size / 1024:.0f} %",
            f"{len(rendering.text.encode()) / 1024:.1f} KB",
            f"{len(rendering.pictures)} · {weight / 1024:.0f} KB",
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


def _part(assembled: Assembled, form: Form, variant: Variant) -> str:
    from mailer.edition.model import Variant

    wanted = Variant.WEB if form is Form.WEB else variant
    rendering = _rendering(assembled, wanted)
    return rendering.text if form is Form.TEXT else rendering.html


def _rendering(assembled: Assembled, variant: Variant) -> Rendering:
    try:
        return assembled.frozen.rendering(variant)
    except KeyError:
        built = ", ".join(str(r.variant) for r in assembled.frozen.renderings)
        message = f"{assembled.edition.name} has no variant {variant}"
        raise NotFoundError(message, hint=f"it has: {built}") from None


def _write_all(call: Invocation, assembled: Assembled, folder: Path) -> None:
    """One .html and one .txt per mail variant, the page, and the pictures beside them.

    The files are the renderings themselves, placeholders and all, but for the
    addresses of pictures, which point beside the file so that it opens anywhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    media = folder / "media"
    written = []
    for rendering in assembled.frozen.renderings:
        html = rendering.html
        for picture in rendering.pictures:
            media.mkdir(exist_ok=True)
            local = media / picture.file_name
            local.write_bytes(picture.content)
            html = html.replace(picture.src, f"media/{picture.file_name}")
        page = folder / f"{rendering.variant}.html"
        page.write_text(html, encoding="utf-8")
        written.append(page)
        if rendering.variant.is_mail:
            text = folder / f"{rendering.variant}.txt"
            text.write_text(rendering.text, encoding="utf-8")
            written.append(text)
    for path in written:
        call.out.print(str(path), markup=False)


async def _message_for(
    call: Invocation, assembled: Assembled, address: str | None, variant: Variant
) -> bytes:
    """The message for a reader we know, or for a sample reader of *variant*."""
    from mailer.audience.address import read_address
    from mailer.flows.proof import message_for_reader, sample_message

    if address is None:
        return sample_message(
            assembled.frozen,
            variant,
            keyring=call.house.keyring,
            now=call.house.clock.now(),
            public_url=call.house.public_url,
        )
    async with call.house.stores() as stores:
        return await message_for_reader(
            read_address(address),
            assembled.frozen,
            stores.readers,
            keyring=call.house.keyring,
            now=call.house.clock.now(),
            public_url=call.house.public_url,
        )


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
