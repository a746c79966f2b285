"""``mailer schedule``: what leaves when, by local clocks and in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation
from mailer.cli.options import JsonOption
from mailer.cli.words import Words
from mailer.phrases import Phrase, say

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.edition.agenda import Dated, Departure

_ROOMY = 100
"""Columns from which a title has room beside its edition."""


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("schedule")(schedule)


def schedule(
    ctx: typer.Context,
    publication: Annotated[
        str | None,
        typer.Option("--publication", "-p", help="One only; else all."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=100, help="Dates per publication.")
    ] = 3,
    json: JsonOption = False,
) -> None:
    """List the next departures: date, local time, UTC, and the edition that fits."""
    from mailer.edition.agenda import coming, stranded

    call = invocation(ctx)
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
    if json:
        call.print_json(
            {
                "schema": 1,
                "departures": [_json(each, titles) for each in found],
                "stranded": [
                    {"edition": each.name, "date": each.day.isoformat()}
                    for each in astray
                ],
            }
        )
        return
    if not found:
        call.out.tell(
            say('No departure ahead. A publication has schedule = "sat 07:00".')
        )
    else:
        call.out.print(_table(call, found, titles))
    for each in found:
        if len(each.editions) > 1:
            call.out.tell(_crowded(each), style="yellow")
    for stray in astray:
        call.out.tell(_stray(stray), style="yellow")


def _table(
    call: Invocation, found: Sequence[Departure], titles: dict[str, str]
) -> Table:
    """Moments are never cut: names fold, titles make room."""
    roomy = call.out.width >= _ROOMY
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("Leaves")), no_wrap=True)
    table.add_column("UTC", no_wrap=True, style="dim")
    table.add_column(call.said(say("Publication")), overflow="fold")
    table.add_column(call.said(say("Edition")), overflow="fold")
    if roomy:
        title = call.said(say("Title"))
        table.add_column(title, no_wrap=True, overflow="ellipsis", max_width=40)
    for each in found:
        table.add_row(
            f"{_moment(call, each.local)} {each.local:%Z}",
            _moment(call, each.due),
            each.publication,
            _edition(call, each),
            *([Words(titles.get(each.edition or "", ""))] if roomy else []),
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


def _json(departure: Departure, titles: dict[str, str]) -> dict[str, object]:
    name = departure.edition
    return {
        "publication": departure.publication,
        "date": departure.day.isoformat(),
        "leaves": departure.local.isoformat(),
        "utc": departure.due.isoformat(),
        "zone": departure.zone,
        "planned": departure.planned,
        "edition": name,
        "title": titles.get(name) if name else None,
        "editions": list(departure.editions),
    }
