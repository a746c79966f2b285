"""``mailer init``, and how every command names an edition."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation
from mailer.phrases import say, say_many

if TYPE_CHECKING:
    from mailer.flows.assemble import Assembled

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


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("init")(init)


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
    done = say_many(
        "{count} file written in {folder}",
        "{count} files written in {folder}",
        len(written),
        folder=target,
    )
    call.err.tell(done)
    following = say(
        "Next:  mailer {where}check next\n"
        '       mailer {where}subscribers import {readers} --consent "sample"\n'
        "       mailer {where}inbox      (a trial relay and its page)\n"
        "       mailer {where}send next",
        where="" if target == Path() else f"-C {folder} ",
        readers=target / "readers.csv",
    )
    call.err.tell(following)


def assembled_edition(call: Invocation, name: str) -> Assembled:
    """The edition called *name*, read, rendered and checked."""
    from mailer.flows.assemble import assemble

    return assemble(name, call.house.newsroom, today=call.today())
