"""``mailer new``: the next edition of a publication, ready to be written."""

from __future__ import annotations

import os
import shlex
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.errors import InputError, StoreError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.workspace.drafts import Draft


class Beginning(StrEnum):
    """What ``mailer new`` can begin with; the names of ``workspace.drafts.Basis``."""

    LAST = "last"
    SKELETON = "skeleton"


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("new")(new)


def new(
    ctx: typer.Context,
    title: Annotated[
        str, typer.Argument(metavar="[TITLE]", help="Of the edition; may come later.")
    ] = "",
    publication: Annotated[
        str | None, typer.Option("--publication", help="Whose; if there are several.")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            "--date", metavar="DAY", help="2026-03-14; else the coming free slot."
        ),
    ] = None,
    basis: Annotated[
        Beginning | None,
        typer.Option(
            "--from",
            help="The last edition without its words, or the publication's shape; "
            "else the shape if it has one.",
        ),
    ] = None,
    edit: Annotated[
        bool, typer.Option("--edit", help="Open it in $VISUAL or $EDITOR.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Begin the next edition: number, day, folder and a skeleton to fill in."""
    from mailer.workspace.drafts import Basis

    call = invocation(ctx)
    editor = _editor() if edit else []
    whose = call.house.publication(publication)
    draft = call.house.newsroom.begin(
        whose,
        title=title,
        day=as_day(day) if day else None,
        basis=Basis(basis) if basis else None,
        used=run_async(_numbers_sent(call, whose.id)),
    )
    if json:
        call.print_json(_as_json(draft))
    else:
        call.out.print(str(shown(draft.file)), markup=False)
    _say_next(call, draft)
    if editor:
        _open(editor, draft.file)


def as_day(text: str) -> date:
    """The day that was typed; InputError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = say("{text} is no date", text=repr(text))
        raise InputError(message, hint=say("write it as 2026-03-14")) from None


async def _numbers_sent(call: Invocation, publication: str) -> set[int]:
    """The numbers the ledger remembers: a folder may be gone, its number is not."""
    try:
        async with call.house.stores() as stores:
            runs = await stores.ledger.runs()
    except StoreError as error:
        told = say(
            "! the ledger cannot be asked which numbers are used: {error}", error=error
        )
        call.err.tell(told, style="yellow")
        return set()
    names = (
        run.edition.rpartition("/")[2] for run in runs if run.publication == publication
    )
    return {int(name) for name in names if name.isdecimal()}


def _editor() -> list[str]:
    """The words that start the editor; InputError before anything is made."""
    for variable in ("VISUAL", "EDITOR"):
        if words := shlex.split(os.environ.get(variable, "")):
            return words
    message = say("there is no editor to open")
    raise InputError(message, hint=say("set VISUAL or EDITOR, or leave --edit out"))


def _open(editor: list[str], file: Path) -> None:
    """Hand *file* to the editor; what was written stays, whatever becomes of it."""
    import subprocess

    try:
        words = [*editor, str(file)]
        code = subprocess.run(words, check=False).returncode  # noqa: S603 - their own
    except OSError as error:
        message = say(
            "{editor} does not start: {reason}",
            editor=editor[0],
            reason=error.strerror,
        )
        hint = say("{file} is there all the same", file=file)
        raise InputError(message, hint=hint) from error
    if code:
        raise typer.Exit(1)


def shown(file: Path) -> Path:
    """*file* as one would type it from here."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def place_of(call: Invocation) -> str:
    """``-C FOLDER `` as commands in this workspace have it, where it is needed."""
    return "" if call.folder == Path() else f"-C {shlex.quote(str(call.folder))} "


def _say_next(call: Invocation, draft: Draft) -> None:
    where = place_of(call)
    if draft.begun_from:
        begun = say(
            "{edition}, {day}, from {last}:",
            edition=draft.name,
            day=draft.day,
            last=draft.begun_from,
        )
    else:
        begun = say("{edition}, {day}:", edition=draft.name, day=draft.day)
    told = say(
        "{begun} fill in every TODO, put pictures beside the file.\n"
        "Next:  mailer {where}check {edition}\n"
        "       mailer {where}render {edition} --all -o build",
        begun=begun,
        where=where,
        edition=draft.name,
    )
    call.err.tell(told)


def _as_json(draft: Draft) -> dict[str, object]:
    return {
        "schema": 1,
        "edition": draft.name,
        "publication": draft.publication,
        "number": draft.number,
        "date": draft.day.isoformat(),
        "slug": draft.slug,
        "file": str(draft.file),
        "begun_from": draft.begun_from or str(draft.basis),
    }
