"""``mailer schedule``: what leaves when, by local clocks and in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption
from mailer.cli.vocabulary import word
from mailer.cli.words import Words
from mailer.errors import GuardError, InputError
from mailer.phrases import Phrase, say

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.edition.agenda import Dated, Departure
    from mailer.flows.departing.outlook import Outlook
    from mailer.flows.departing.slots import Slot
    from mailer.workspace.editions import EditionFolder

_ROOMY = 120
"""Columns from which a title has room beside its edition."""

_LONG_NAME = 24
"""Longer names of publications give way on a narrow screen."""


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("schedule")(schedule)


def schedule(
    ctx: typer.Context,
    edition: Annotated[
        str | None,
        typer.Argument(metavar="[EDITION]", help="With --at or --clear: which one."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help='Its own hour: "2026-03-14 12:00", or 12:00.'
        ),
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Back to the hour of the calendar.")
    ] = False,
    publication: Annotated[
        str | None,
        typer.Option("--publication", "-p", help="One only; else all."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=100, help="Dates per publication.")
    ] = 3,
    json: JsonOption = False,
) -> None:
    """List the next departures: local time, UTC, the edition that fits and its state.

    With an edition, give it an hour of its own: send_at in its file.
    """
    call = invocation(ctx)
    if edition is not None:
        name = _plan(call, edition, at=at, clear=clear)
        publication = publication or name.partition("/")[0]
    elif at is not None or clear:
        message = say("say which edition")
        raise InputError(message, hint="mailer schedule EDITION --at TIME")
    run_async(_list(call, publication, count, json=json))


async def _list(
    call: Invocation, publication: str | None, count: int, *, json: bool
) -> None:
    shown = await _shown(call, publication, count)
    if json:
        call.print_json(
            {
                "schema": 1,
                "departures": [_json(each, shown) for each in shown.departures],
                "stranded": [
                    {"edition": each.name, "date": each.day.isoformat()}
                    for each in shown.astray
                ],
                "held": [_held_json(slot) for slot in shown.held],
            }
        )
        return
    for slot in shown.held:
        call.out.tell(_held(slot), style="yellow")
    if not shown.departures:
        call.out.tell(
            say('No departure ahead. A publication has schedule = "sat 07:00".')
        )
        return
    call.out.print(_table(call, shown))
    for each in shown.departures:
        found = shown.outlooks.get(each)
        if len(each.editions) > 1:
            call.out.tell(_crowded(each), style="yellow")
        elif found is not None and found.reason:
            call.out.tell(say("! {why}", why=found.reason), style="yellow")
    for stray in shown.astray:
        call.out.tell(_stray(stray), style="yellow")


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """What one listing has to show."""

    departures: Sequence[Departure]
    outlooks: Mapping[Departure, Outlook | None]
    titles: Mapping[str, str]
    astray: Sequence[Dated]
    held: Sequence[Slot]


async def _shown(call: Invocation, publication: str | None, count: int) -> _Shown:
    from mailer.edition.agenda import coming, stranded
    from mailer.flows.departing.outlook import held, outlook

    house = call.house
    names = [publication] if publication else sorted(house.settings.publications)
    now = house.clock.now()
    found: list[Departure] = []
    astray: list[Dated] = []
    titles: dict[str, str] = {}
    for name in names:
        paper = house.publication(name)
        editions = house.newsroom.dated(paper)
        titles |= {each.name: each.title for each in editions}
        found += coming(paper, editions, now=now, count=count)
        astray += stranded(paper, editions, now=now)
    found.sort(key=lambda each: (each.due, each.publication))
    async with house.stores() as stores:
        outlooks = {
            each: await outlook(
                each,
                house.newsroom,
                stores.ledger,
                stores.approvals,
                auto=house.settings.send.approval == "auto",
                now=now,
            )
            for each in found
        }
        behind = await held(stores.slots, stores.ledger, now=now)
    return _Shown(
        departures=found,
        outlooks=outlooks,
        titles=titles,
        astray=astray,
        held=[slot for slot in behind if slot.publication in names],
    )


def _plan(call: Invocation, name: str, *, at: str | None, clear: bool) -> str:
    """Write the hour of an edition into its file; its name."""
    if clear == (at is not None):
        message = say("say --at TIME or --clear")
        raise InputError(message, hint='--at "2026-03-14 12:00"')
    folder, told = planned(call, name, at)
    call.err.tell(told)
    return folder.name


def planned(
    call: Invocation, name: str, at: str | None
) -> tuple[EditionFolder, Phrase]:
    """Have the edition *name* leave *at* a local time, or at its calendar's; what was done.

    GuardError if that has passed.
    """
    from mailer.edition.calendar import instant
    from mailer.workspace.planning import plan, wall_time

    house = call.house
    folder = house.newsroom.workspace.find(
        name, list(house.settings.publications), today=call.today()
    )
    wall = None if at is None else wall_time(at, folder)
    zone = house.publication(folder.publication).timezone
    if wall is not None and instant(wall, zone) <= house.clock.now():
        message = say("{moment} has passed", moment=f"{wall:%Y-%m-%d %H:%M}")
        raise GuardError(message, hint=f"mailer send {folder.name}")
    file = plan(folder, wall)
    if wall is None:
        return folder, say("{file}: no send_at any more", file=file)
    value = f"{wall:%Y-%m-%d %H:%M}"
    return folder, say("{file}: send_at is {value}", file=file, value=value)


def _table(call: Invocation, shown: _Shown) -> Table:
    """Moments are never cut: names fold, titles make room."""
    roomy = call.out.width >= _ROOMY
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("Leaves")), no_wrap=True)
    table.add_column("UTC", no_wrap=True, style="dim")
    longest = max(len(each.publication) for each in shown.departures)
    name = call.said(say("Publication"))
    table.add_column(name, no_wrap=True, min_width=min(longest, _LONG_NAME))
    table.add_column(call.said(say("Edition")), overflow="fold", min_width=8)
    table.add_column(call.said(say("State")), no_wrap=True)
    if roomy:
        title = call.said(say("Title"))
        table.add_column(title, no_wrap=True, overflow="ellipsis", max_width=40)
    for each in shown.departures:
        found = shown.outlooks.get(each)
        title = shown.titles.get(each.edition or "", "")
        table.add_row(
            f"{_moment(call, each.local)} {each.local:%Z}",
            _moment(call, each.due),
            each.publication,
            _edition(call, each),
            call.said(word(found.state)) if found else "",
            *([Words(title)] if roomy else []),
        )
    return table


def _moment(call: Invocation, when: datetime) -> str:
    from mailer.language import moment, weekday

    lang = call.speech.lang
    return f"{weekday(when, lang)} {moment(when, lang)}"


def _edition(call: Invocation, departure: Departure) -> Words:
    """What leaves; its number alone, since its publication stands beside it."""
    if not departure.editions:
        return Words(call.said(say("none yet")), style="dim")
    short = (name.partition("/")[2] for name in departure.editions)
    return Words(", ".join(short), style="" if departure.edition else "yellow")


def _crowded(departure: Departure) -> Phrase:
    return say(
        "! {names} bear the same date, {date}: none of them leaves by itself",
        names=", ".join(departure.editions),
        date=departure.day.isoformat(),
    )


def _stray(edition: Dated) -> Phrase:
    return say(
        "! {name} is dated {date}, which is no day of the schedule: it leaves by itself"
        " with send_at: {date} 07:00",
        name=edition.name,
        date=edition.day.isoformat(),
    )


def _held(slot: Slot) -> Phrase:
    if slot.state == "missed":
        return say(
            "! {publication} of {date} is held: {reason}",
            publication=slot.publication,
            date=slot.day.isoformat(),
            reason=slot.reason,
        )
    return say(
        "! {publication} of {date} has not left: {reason}",
        publication=slot.publication,
        date=slot.day.isoformat(),
        reason=slot.reason,
    )


def _json(departure: Departure, shown: _Shown) -> dict[str, object]:
    name = departure.edition
    found = shown.outlooks.get(departure)
    return {
        "publication": departure.publication,
        "date": departure.day.isoformat(),
        "leaves": departure.local.isoformat(),
        "utc": departure.due.isoformat(),
        "zone": departure.zone,
        "planned": departure.planned,
        "edition": name,
        "title": shown.titles.get(name) if name else None,
        "editions": list(departure.editions),
        "state": str(found.state) if found else None,
        "reason": str(found.reason) if found else "",
    }


def _held_json(slot: Slot) -> dict[str, object]:
    return {
        "publication": slot.publication,
        "date": slot.day.isoformat(),
        "utc": slot.due.isoformat(),
        "state": str(slot.state),
        "reason": str(slot.reason),
    }
