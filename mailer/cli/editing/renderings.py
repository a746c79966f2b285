"""``mailer render``: what readers will get, as data on stdout or as files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.editing.editions import EditionArgument, assembled_edition
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.errors import GuardError, InputError, NotFoundError
from mailer.files import replacing, usual_mode
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.edition.model import Variant
    from mailer.flows.editing.assembled import Assembled
    from mailer.rendering.model import Rendering


class Part(StrEnum):
    """Whose variant can be written; the names of ``edition.Variant``."""

    FREE = "free"
    MEMBER = "member"
    WEB = "web"
    FEED = "feed"
    MEMBER_WEB = "member-web"


class Form(StrEnum):
    """What can be written of a variant; page and feed have a form of their own."""

    HTML = "html"
    TEXT = "text"
    MJML = "mjml"
    EML = "eml"
    WEB = "web"
    FEED = "feed"


_PLACES = {Form.WEB: (Part.WEB, Part.MEMBER_WEB), Form.FEED: (Part.FEED,)}
_NOT_MAILED = {part: form for form, parts in _PLACES.items() for part in parts}
_OF_MAILS = frozenset({Form.TEXT, Form.MJML, Form.EML})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for, without contradictions; ``part`` None: the first mail."""

    form: Form
    part: Part | None
    reader: str | None


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("render")(render)


def render(
    ctx: typer.Context,
    edition: EditionArgument,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format", help="Of one variant: html if nothing is said.", metavar="FORM"
        ),
    ] = None,
    variant: Annotated[
        Part | None,
        typer.Option("--variant", help="The first that is mailed if nothing is said."),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every variant, as files in the folder -o.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A file; with --all a folder."),
    ] = None,
    png: Annotated[
        bool,
        typer.Option(
            "--png", help="With --all: pictures of it, as a Chromium shows it."
        ),
    ] = False,
    reader: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="ADDRESS", help="With eml: the very bytes they would get."
        ),
    ] = None,
) -> None:
    """Write what readers will get.

    FORM is html, text, mjml or eml of a mail; web is the page, feed what a feed shows.
    With --all an index.html shows every look of it, without a server.
    """
    from mailer.cli.editing.sharing import share

    call = invocation(ctx)
    if png and not all_:
        message = say("--png goes with --all")
        raise InputError(message, hint="mailer render EDITION --all --png -o build/")
    if all_:
        folder = _folder_for_all(form, variant, reader, output)
        _guard(call, folder)
        assembled = assembled_edition(call, edition)
        _write_all(call, assembled, folder)
        share(call, assembled, folder, write=_write, with_pictures=png)
        return
    order = _order(form, variant, reader)
    if output is not None:
        _guard(call, output)
    content = _content(call, assembled_edition(call, edition), order)
    if output is None:
        typer.get_binary_stream("stdout").write(content)
    else:
        _write(output, content)


def _order(form: Form | None, part: Part | None, reader: str | None) -> Order:
    """What the options say together; InputError where they contradict each other."""
    if form is None:
        form = Form.EML if reader else Form.HTML
    if reader is not None:
        if form is not Form.EML:
            message = say("--for is for messages, not for {form}", form=form)
            raise InputError(message, hint=say("say --format eml"))
        if part is not None:
            message = say("--for and --variant contradict each other")
            hint = say("a reader gets the variant of their own; leave --variant out")
            raise InputError(message, hint=hint)
    own = _PLACES.get(form, ())
    if own and part not in {None, *own}:
        message = say(
            "--format {form} and --variant {part} contradict each other",
            form=form,
            part=part,
        )
        raise InputError(message, hint=say("leave --variant out"))
    if form in _OF_MAILS and part in _NOT_MAILED:
        message = say("{part} is not mailed: it has no {form}", part=part, form=form)
        shown = _NOT_MAILED[part]
        hint = say("say --format {part}, or --variant free", part=shown)
        raise InputError(message, hint=hint)
    return Order(form=form, part=part or next(iter(own), None), reader=reader)


def _folder_for_all(
    form: Form | None, part: Part | None, reader: str | None, output: Path | None
) -> Path:
    """Where ``--all`` writes; it takes no other option."""
    said = {"--format": form, "--variant": part, "--for": reader}
    for option, value in said.items():
        if value is not None:
            message = say("--all and {option} contradict each other", option=option)
            hint = say("--all writes every variant as HTML and text")
            raise InputError(message, hint=hint)
    if output is None:
        message = say("--all needs a folder")
        raise InputError(message, hint="mailer render EDITION --all -o build/")
    return output


def _guard(call: Invocation, output: Path) -> None:
    """Never write over what an editor wrote."""
    if call.house.newsroom.workspace.is_written_in(output):
        message = say("{path} is where editors write", path=output)
        raise GuardError(message, hint=say("say -o build/, or another place"))


def _content(call: Invocation, assembled: Assembled, order: Order) -> bytes:
    from mailer.rendering.render import mjml_of

    if order.reader is not None:
        return run_async(_message_for(call, assembled, order.reader))
    rendering = _rendering(assembled, order.part)
    match order.form:
        case Form.EML:
            return _sample(call, assembled, rendering.variant)
        case Form.MJML:
            edition, scene = assembled.edition, assembled.scene
            return mjml_of(edition, rendering.variant, scene).encode()
        case Form.TEXT:
            return rendering.text.encode()
        case _:
            return rendering.html.encode()


def _rendering(assembled: Assembled, part: Part | None) -> Rendering:
    built = assembled.frozen.renderings
    for rendering in built:
        if part in {None, rendering.variant.value}:
            return rendering
    message = say(
        "{name} has no variant {variant}", name=assembled.edition.name, variant=part
    )
    names = ", ".join(rendering.variant for rendering in built)
    raise NotFoundError(message, hint=say("it has: {names}", names=names))


def _sample(call: Invocation, assembled: Assembled, variant: Variant) -> bytes:
    """The message a reader of *variant* would get; its links name nobody."""
    from mailer.flows.sending.proof import sample_message

    return sample_message(
        assembled.frozen,
        variant,
        call.stationery(),
        now=call.house.clock.now(),
    )


async def _message_for(call: Invocation, assembled: Assembled, address: str) -> bytes:
    """The message for a reader we know."""
    from mailer.audience.address import read_address
    from mailer.flows.sending.proof import message_for_reader

    stationery = call.stationery()
    async with call.house.stores() as stores:
        return await message_for_reader(
            read_address(address),
            assembled.frozen,
            stores.faces,
            stationery,
            now=call.house.clock.now(),
        )


def _write_all(call: Invocation, assembled: Assembled, folder: Path) -> None:
    """An .html of every variant, a .txt of those that are mailed, pictures beside them.

    The files are the renderings themselves, placeholders and all, but for the
    addresses of pictures, which point beside the file so that it opens anywhere.
    Files of these names are written over, others stay.
    """
    if folder.exists() and not folder.is_dir():
        message = say("{path} is a file, --all writes a folder", path=folder)
        raise InputError(message, hint=say("say another -o"))
    for rendering in assembled.frozen.renderings:
        html = rendering.html
        for picture in rendering.pictures:
            _write(folder / "media" / picture.file_name, picture.content)
            html = html.replace(picture.src, f"media/{picture.file_name}")
        files = {f"{rendering.variant}.html": html}
        if rendering.variant.is_mail:
            files[f"{rendering.variant}.txt"] = rendering.text
        for name, text in files.items():
            _write(folder / name, text.encode())
            call.out.print(str(folder / name), markup=False)


def _write(path: Path, content: bytes) -> None:
    """Write *path* whole or leave it as it was; folders above it are made."""
    if path.is_dir():
        message = say("{path} is a folder", path=path)
        raise InputError(message, hint=say("say a file in it"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe, /dev/stdout
            path.write_bytes(content)
            return
        with replacing(path, mode=usual_mode()) as file:
            file.write(content)
    except OSError as error:
        message = say(
            "{path} cannot be written: {reason}", path=path, reason=error.strerror
        )
        raise InputError(message) from error
