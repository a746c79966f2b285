"""``mailer init``, and how every command names an edition."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation
from mailer.phrases import say, say_many

if TYPE_CHECKING:
    from mailer.flows.editing.assemble import Inspected
    from mailer.flows.editing.assembled import Assembled

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
    TEXTE = "texte"


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("init")(init)


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Made if it is not there.")] = Path(),
    theme: Annotated[
        Look,
        typer.Option(
            "--theme",
            help="A serious weekly, a playful one, or the serious one almost bare.",
        ),
    ] = Look.PRESSE,
) -> None:
    """Make a workspace: configuration, a sample edition, sample readers."""
    from mailer.wiring import new_workspace

    call = invocation(ctx)
    target = folder if folder.is_absolute() else call.folder / folder
    written = new_workspace(target, theme=theme)
    done = say_many(
        "{count} file written in {folder}",
        "{count} files written in {folder}",
        len(written),
        folder=target,
    )
    call.err.tell(done)
    following = say(
        "Next:  mailer {where}preview --open\n"
        "       mailer {where}inbox      "
        "(in another terminal: a trial relay and its page)\n"
        "       mailer {where}send {letter}/next --test you@example.org\n"
        "       mailer {where}subscribers import {readers} --publication {letter} "
        '--consent "sample"\n'
        "       mailer {where}approve {letter}/next\n"
        "       mailer {where}send {letter}/next",
        where="" if target == Path() else f"-C {shlex.quote(str(target))} ",
        readers=shlex.quote(str(target / "readers.csv")),
        letter=_first_letter(target, written),
    )
    call.err.tell(following)


def _first_letter(folder: Path, written: Sequence[Path]) -> str:
    """The publication the sample readers are for; a second one is named after it."""
    places = (path.relative_to(folder).parts for path in written)
    return min(place[1] for place in places if place[0] == "editions")


def assembled_edition(call: Invocation, name: str) -> Inspected:
    """The edition called *name*, read, rendered and checked."""
    from mailer.flows.editing.assemble import assemble

    return assemble(name, call.house.newsroom, today=call.today())


def assembled_to_send(call: Invocation, name: str) -> Assembled:
    """The same in a process of its own: what sends has no need of what renders."""
    from mailer.apart import assembled_apart

    loaded = call.house.loaded  # the demo's are not those of the folder we stand in
    return assembled_apart(
        name,
        config=loaded.path,
        start=loaded.root,
        environ=loaded.environ,
        now=call.house.clock.now(),
    )
