"""``mailer init``, and how every command names an edition."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation

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


def assembled_edition(call: Invocation, name: str) -> Assembled:
    """The edition called *name*, read, rendered and checked."""
    from mailer.flows.assemble import assemble

    return assemble(name, call.house.newsroom, today=call.today())
