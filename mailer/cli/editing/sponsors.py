"""``mailer sponsors``: which places of the coming editions are free, booked, or booked twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mailer.cli.invocation import Invocation, invocation
from mailer.cli.options import JsonOption
from mailer.cli.words import Words
from mailer.errors import ConfigError, InputError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from datetime import date

    from mailer.edition.gathering.bookings import Booking, Place
    from mailer.edition.model import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something about a booking: ``kind`` is a stable word for programs."""

    kind: str
    booking: Booking
    message: Phrase
    is_error: bool = True


_STATES = {
    "free": (say("vacant"), "green"),
    "booked": (say("booked"), ""),
    "double-booked": (say("double-booked"), "red"),
}


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("sponsors")(sponsors)


def sponsors(
    ctx: typer.Context,
    publication: Annotated[
        str | None, typer.Argument(metavar="[PUBLICATION]", help="One only; else all.")
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=100, help="Editions per publication.")
    ] = 8,
    json: JsonOption = False,
) -> None:
    """List the places for sponsors: free, booked, double-booked; exit 1 if one is wrong."""
    from mailer.edition.gathering.bookings import inventory, places_of

    call = invocation(ctx)
    known = {name: call.house.publication(name) for name in _names(call, publication)}
    asked = {name: paper for name, paper in known.items() if places_of(paper)}
    if not asked:
        message = say("no publication has a place for sponsors")
        hint = say('a feature with source = "sponsors" is one')
        raise ConfigError(message, hint=hint)
    bookings = call.house.gathering.room.bookings()
    found: list[tuple[Publication, Place]] = []
    troubles: list[Trouble] = []
    for paper in asked.values():
        days = _days(call, paper, count)
        own = [each for each in bookings if each.publication == paper.id]
        places = inventory(paper, own, days)
        found += [(paper, place) for place in places]
        troubles += _troubles(call, own, places, days)
    troubles += _strangers(call, bookings, publication)
    found.sort(key=lambda pair: (pair[1].day, pair[0].id))
    if json:
        call.print_json(_as_json(found, troubles))
    else:
        call.out.print(_table(call, found, several=len(asked) > 1))
        for each in troubles:
            told = say(
                "! {file}:{line}: {sponsor}: {message}",
                file=each.booking.at.file,
                line=str(each.booking.at.line),
                sponsor=each.booking.sponsor,
                message=each.message,
            )
            call.err.tell(told, style="red" if each.is_error else "yellow")
    if any(each.is_error for each in troubles):
        raise typer.Exit(1)


def _names(call: Invocation, publication: str | None) -> list[str]:
    return [publication] if publication else sorted(call.house.settings.publications)


def _days(call: Invocation, publication: Publication, count: int) -> list[date]:
    """The next *count* days on which *publication* appears."""
    from itertools import islice

    from mailer.edition.calendar import calendar_of

    yesterday = datetime.combine(call.today(), time()).date()
    calendar = calendar_of(publication)
    days = calendar.days(after=yesterday.fromordinal(yesterday.toordinal() - 1))
    return list(islice(days, count))


def _troubles(
    call: Invocation,
    bookings: Sequence[Booking],
    places: Sequence[Place],
    days: Sequence[date],
) -> Iterator[Trouble]:
    from mailer.edition.gathering.bookings import last_days, without_edition

    for place in places:
        for booking in place.left_out:
            yield Trouble(
                kind="double-booked",
                booking=booking,
                message=say(
                    "{place} is taken already on {day}",
                    place=place.position,
                    day=place.day,
                ),
            )
    if days:
        for booking, day in without_edition(bookings, days, until=days[-1]):
            message = say("nothing appears on {day}", day=day)
            yield Trouble(kind="no-edition", booking=booking, message=message)
    for booking in dict.fromkeys(b for place in places for b in place.printed):
        try:
            call.house.gathering.room.words_of(booking)
        except InputError as error:
            yield Trouble(kind="text", booking=booking, message=error.message)
    for booking, day in last_days(bookings, days):
        message = say("appears for the last time on {day}", day=day)
        yield Trouble(
            kind="ends-soon", booking=booking, message=message, is_error=False
        )


def _strangers(
    call: Invocation, bookings: Sequence[Booking], asked: str | None
) -> Iterator[Trouble]:
    """Bookings of what there is not; of one publication, if one is asked for."""
    from mailer.edition.gathering.bookings import faults_of

    names = call.house.settings.publications
    known = {name: call.house.publication(name) for name in names}
    for booking, fault in faults_of(known, bookings):
        if asked in {None, booking.publication}:
            yield Trouble(kind="unknown", booking=booking, message=fault)


def _table(
    call: Invocation, found: Sequence[tuple[Publication, Place]], *, several: bool
) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(call.said(say("Date")), no_wrap=True)
    if several:
        table.add_column(call.said(say("Publication")), overflow="fold")
    table.add_column(call.said(say("Place")), overflow="fold")
    table.add_column(call.said(say("State")), no_wrap=True)
    table.add_column(call.said(say("Sponsor")), overflow="fold")
    before = ""
    for paper, place in found:
        words, style = _STATES[place.state]
        day = _day(call, place.day)
        key = f"{day} {paper.id}"
        table.add_row(
            "" if key == before else day,
            *([] if not several else ["" if key == before else paper.id]),
            place.position,
            Text(call.said(words), style=style),
            Words(call.said(_sponsors(place))),
        )
        before = key
    return table


def _sponsors(place: Place) -> Phrase | str:
    """Who is there, and how much room is left beside them."""
    names = ", ".join(booking.sponsor for booking in place.bookings)
    free = place.room - len(place.bookings)
    if place.room == 1 or free <= 0:
        return names
    room = say_many("room for\u00a0{count}", "room for\u00a0{count}", free)
    return say("{before}, {last}", before=names, last=room) if names else room


def _day(call: Invocation, day: date) -> str:
    from mailer.language import short_day, weekday

    lang = call.speech.lang
    return f"{weekday(datetime.combine(day, time()), lang)} {short_day(day, lang)}"


def _as_json(
    found: Sequence[tuple[Publication, Place]], troubles: Sequence[Trouble]
) -> dict[str, object]:
    return {
        "schema": 1,
        "places": [
            {
                "publication": paper.id,
                "date": place.day.isoformat(),
                "position": place.position,
                "room": place.room,
                "state": str(place.state),
                "sponsors": [booking.sponsor for booking in place.bookings],
            }
            for paper, place in found
        ],
        "findings": [
            {
                "kind": each.kind,
                "severity": "error" if each.is_error else "warning",
                "sponsor": each.booking.sponsor,
                "file": each.booking.at.file,
                "line": each.booking.at.line,
                "message": each.message,
            }
            for each in troubles
        ],
    }
