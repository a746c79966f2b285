"""``mailer init, render``: from an empty folder to what readers will see."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.errors import InputError, NotFoundError
from mailer.phrases import say

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
            message = say("--all needs a folder")
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
        message = say(
            "{name} has no variant {variant}",
            name=assembled.edition.name,
            variant=variant,
        )
        raise NotFoundError(message, hint=say("it has: {names}", names=built)) from None


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
            signers=call.signers(),
            now=call.house.clock.now(),
            public_url=call.house.public_url,
        )
    async with call.house.stores() as stores:
        return await message_for_reader(
            read_address(address),
            assembled.frozen,
            stores.readers,
            keyring=call.house.keyring,
            signers=call.signers(),
            now=call.house.clock.now(),
            public_url=call.house.public_url,
        )
