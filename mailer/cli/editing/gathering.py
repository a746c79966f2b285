"""``mailer assemble``: a draft of the coming date, made of the week's material."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mailer.cli.editing.drafts import as_day, place_of
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.words import Words
from mailer.edition.feature import Supply
from mailer.edition.gathering.refresh import Fate
from mailer.errors import InputError, StoreError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from datetime import date

    from mailer.edition.model import Publication
    from mailer.flows.editing.gather import Filled, Gathering


_AHEAD = 4
"""So many dates are looked at for one that is still to be assembled."""

_STATES = {
    Fate.WRITTEN: say("new"),
    Fate.REFRESHED: say("refreshed"),
    Fate.UNCHANGED: say("unchanged"),
    Fate.TAKEN_OUT: say("taken out"),
    Fate.EDITED: say("edited by hand"),
    Fate.DELETED: say("deleted by hand"),
    Fate.EMPTY: say("left out"),
    Fate.UNSURE: say("kept"),
}


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("assemble")(assemble)


def assemble(
    ctx: typer.Context,
    publication: Annotated[
        str | None,
        typer.Argument(metavar="[PUBLICATION]", help="If there are several."),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="DAY", help="2026-03-14; else the coming one."),
    ] = None,
    append: Annotated[
        bool,
        typer.Option("--append", help="Into an edition that was begun by hand, too."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Fill the draft of the coming date with what the week brought; edited parts stay."""
    call = invocation(ctx)
    whose = call.house.publication(publication)
    days = [as_day(day)] if day else _coming(call, whose)
    gathering = run_async(_gathered(call, whose, days, append=append, dry_run=dry_run))
    if json:
        call.print_json(_as_json(gathering, dry_run=dry_run))
        return
    _show(call, gathering, dry_run=dry_run)


async def _gathered(
    call: Invocation,
    publication: Publication,
    days: Sequence[date],
    *,
    append: bool,
    dry_run: bool,
) -> Gathering:
    """The first of *days* whose edition is not settled; the last one's error else."""
    from mailer.flows.editing.gather import SettledError, Standing, gather

    async with AsyncExitStack() as stack:
        standing = None
        try:
            stores = await stack.enter_async_context(call.house.stores())
            standing = Standing(stores.ledger, stores.approvals)
        except StoreError as error:
            told = say(
                "! the ledger cannot be asked which numbers are used: {error}",
                error=error,
            )
            call.err.tell(told, style="yellow")
        *earlier, last = days
        for day in (*earlier, last):
            try:
                return await gather(
                    publication,
                    day=day,
                    desk=call.house.gathering,
                    standing=standing,
                    append=append,
                    dry_run=dry_run,
                )
            except SettledError as error:
                if day == last:
                    raise
                call.err.tell(say("! {fault}", fault=error.message), style="yellow")
        raise AssertionError(days)


def _coming(call: Invocation, publication: Publication) -> list[date]:
    """The next days on which *publication* appears; InputError if there is none."""
    from mailer.edition.succession import coming_day

    days: list[date] = []
    while len(days) < _AHEAD:
        now = call.house.clock.now()
        day = coming_day(publication, now=now, taken=days)
        if day is None:
            break
        days.append(day)
    if not days:
        message = say("{id} has no schedule", id=publication.id)
        hint = say('say --date 2026-03-14, or give it a schedule = "sat 07:00"')
        raise InputError(message, hint=hint)
    return days


def _show(call: Invocation, gathering: Gathering, *, dry_run: bool) -> None:
    """The features with what became of each, then what waits, then what to do next."""
    name = gathering.edition or say("{id}, new", id=gathering.publication)
    told = say("{edition}: {day}", edition=name, day=gathering.day)
    call.out.tell(told)
    call.out.print(_table(call, gathering.features))
    for about, reason in gathering.notes:
        told = say("! {name}: {reason}", name=about, reason=reason)
        call.err.tell(told, style="yellow")
    if dry_run:
        call.err.tell(say("Nothing was changed."))
    elif gathering.is_new or gathering.changes:
        following = say(
            "Next:  mailer {where}check {edition}",
            where=place_of(call),
            edition=gathering.edition,
        )
        call.err.tell(following)


def _table(call: Invocation, features: Sequence[Filled]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in features:
        style = "green" if each.fate.changes else ""
        table.add_row(
            f"  {each.file}",
            Text(call.said(_STATES[each.fate]), style=style),
            Words(call.said(_content(each))),
        )
    return table


def _content(each: Filled) -> Phrase:
    """What the part holds, or why it stays as it is."""
    match each.fate:
        case Fate.DELETED:
            return say("the file is gone, and is not made again")
        case Fate.EDITED if each.feature.supply is not Supply.HAND:
            return say("somebody’s own now: nothing is changed in it")
        case Fate.UNSURE:
            return say("a source did not answer")
    if each.feature.supply is Supply.HAND:
        return say("to be written")
    if not each.supplies.pieces and each.supplies.note:
        return each.supplies.note
    return say_many("{count} piece", "{count} pieces", len(each.supplies.pieces))


def _as_json(gathering: Gathering, *, dry_run: bool) -> dict[str, object]:
    return {
        "schema": 1,
        "publication": gathering.publication,
        "edition": gathering.edition or None,
        "date": gathering.day.isoformat(),
        "new": gathering.is_new,
        "changed": gathering.changes,
        "dry_run": dry_run,
        "features": [
            {
                "feature": each.feature.name,
                "file": each.file,
                "state": str(each.fate),
                "pieces": [piece.name for piece in each.supplies.pieces],
                "note": each.supplies.note if not each.supplies.pieces else None,
            }
            for each in gathering.features
        ],
        "notes": [
            {"about": name, "reason": reason} for name, reason in gathering.notes
        ],
    }
