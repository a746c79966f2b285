"""Who has booked which place of which edition, and what that leaves free."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mailer.edition.blocks import Source
from mailer.edition.characters import unwritable
from mailer.edition.feature import Feature, Supply
from mailer.edition.gathering.literal import web_address
from mailer.edition.model import Publication
from mailer.edition.reading.directives import SPONSOR_LABELS
from mailer.errors import InputError
from mailer.phrases import Phrase, did_you_mean, say

KEYS = (
    "sponsor",
    "publication",
    "position",
    "from",
    "until",
    "dates",
    "text",
    "link",
    "button",
    "label",
    "offer_ends",
)
"""What a booking may say."""

_REQUIRED = ("sponsor", "publication", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A place taken by a sponsor: on ``days``, or on every edition between two days.

    ``position`` is the name of a feature; empty is the publication's first one for
    sponsors. ``text`` is a file of the workspace, ``label`` what the place is called,
    ``offer_ends`` the last day of what is offered.
    """

    at: Source
    sponsor: str
    publication: str
    text: str
    position: str = ""
    first: date | None = None
    last: date | None = None
    days: tuple[date, ...] = ()
    link: str = ""
    button: str = ""
    label: str = SPONSOR_LABELS[0]
    offer_ends: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it is for the edition of *day*."""
        if self.days:
            return day in self.days
        return (self.first is None or self.first <= day) and (
            self.last is None or day <= self.last
        )


class State(StrEnum):
    """What a place is on one day."""

    FREE = "free"
    BOOKED = "booked"
    DOUBLE = "double-booked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of one edition, with room for ``room``, and who has booked it, in order."""

    day: date
    position: str
    room: int
    bookings: tuple[Booking, ...] = ()

    @property
    def state(self) -> State:
        """Free as long as there is room, double-booked when somebody has none."""
        if len(self.bookings) > self.room:
            return State.DOUBLE
        return State.FREE if len(self.bookings) < self.room else State.BOOKED

    @property
    def printed(self) -> tuple[Booking, ...]:
        """Those who get in: who stands first in the file was first."""
        return self.bookings[: self.room]

    @property
    def left_out(self) -> tuple[Booking, ...]:
        """Those for whom there is no room."""
        return self.bookings[self.room :]


def places_of(publication: Publication) -> list[Feature]:
    """The features of *publication* that sponsors can book."""
    features = publication.assembly.features
    return [each for each in features if each.supply is Supply.SPONSORS]


def place_of(
    publication: Publication, feature: Feature, bookings: Sequence[Booking], day: date
) -> Place:
    """The place *feature* in the edition of *day*."""
    first = places_of(publication)[0].name
    return Place(
        day=day,
        position=feature.name,
        room=feature.count,
        bookings=tuple(
            each
            for each in bookings
            if each.publication == publication.id
            and (each.position or first) == feature.name
            and each.covers(day)
        ),
    )


def inventory(
    publication: Publication, bookings: Sequence[Booking], days: Sequence[date]
) -> list[Place]:
    """Every place of the editions of *days*, in their order."""
    return [
        place_of(publication, feature, bookings, day)
        for day in days
        for feature in places_of(publication)
    ]


def faults_of(
    publications: Mapping[str, Publication], bookings: Sequence[Booking]
) -> Iterator[tuple[Booking, Phrase]]:
    """Bookings of a publication or a place that there is not."""
    for each in bookings:
        publication = publications.get(each.publication)
        if publication is None:
            hint = did_you_mean(each.publication, publications)
            yield (
                each,
                say("no publication {name}: {hint}", name=each.publication, hint=hint),
            )
            continue
        names = [place.name for place in places_of(publication)]
        if not names:
            yield each, say("{id} has no place for sponsors", id=publication.id)
        elif each.position and each.position not in names:
            hint = did_you_mean(each.position, names)
            yield each, say("no place {name}: {hint}", name=each.position, hint=hint)


def without_edition(
    bookings: Sequence[Booking], known: Sequence[date], *, until: date
) -> Iterator[tuple[Booking, date]]:
    """Days ahead, up to *until*, that are booked although nothing appears on them."""
    first = min(known, default=until)
    for each in bookings:
        for day in each.days:
            if first <= day <= until and day not in known:
                yield each, day


def last_days(
    bookings: Sequence[Booking], known: Sequence[date]
) -> Iterator[tuple[Booking, date]]:
    """Bookings that end with one of the next two editions of *known*, and which."""
    for each in bookings:
        covered = [day for day in known if each.covers(day)]
        if covered and len(covered) < len(known) and covered[-1] in known[:2]:
            yield each, covered[-1]


def sponsor_text(booking: Booking, words: str) -> str:
    """The directive that prints *booking* with the *words* of its file."""
    said = {
        "by": booking.sponsor,
        "until": str(booking.offer_ends or ""),
        "href": booking.link,
        "button": booking.button,
        "label": "" if booking.label == SPONSOR_LABELS[0] else booking.label,
        "rel": "sponsored",
    }
    braces = " ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}"
        for key, value in said.items()
        if value
    )
    return f"::: sponsor {{{braces}}}\n{words.strip()}\n:::"


def words_fault(words: str) -> Phrase | None:
    """Why *words* cannot stand in a sponsor's place; None if they can."""
    if not words.strip():
        return say("the text is empty")
    if any(line.lstrip().startswith(":::") for line in words.splitlines()):
        return say("the text holds a directive, and stands in one already")
    if any(line.startswith("# ") for line in words.splitlines()):
        return say("the text begins a section; its title is written with ##")
    return unwritable(words.replace("\r\n", "\n"))


def read_booking(row: Mapping[str, object], at: Source) -> Booking:
    """The booking that *row* says, a text or a day for each key; InputError."""
    for key in row.keys() - set(KEYS):
        fault = say("unknown key {key}", key=key)
        raise _error(at, fault, did_you_mean(key, KEYS))
    for key in _REQUIRED:
        if not row.get(key):
            raise _error(at, say("{key} is missing", key=key))
    words = {key: _text(key, row, at) for key in KEYS if key not in _DAYS}
    if words["label"] and words["label"] not in SPONSOR_LABELS:
        fault = say("no {key} {name}", key="label", name=words["label"])
        raise _error(at, fault, did_you_mean(words["label"], SPONSOR_LABELS))
    if bool(words["link"]) != bool(words["button"]):
        raise _error(at, say("link and button are given both, or neither"))
    if words["link"] and web_address(words["link"]) != words["link"]:
        fault = say("{value} is no address: write https://…", value=words["link"])
        raise _error(at, fault)
    days = _days(row.get("dates"), at)
    first, last = (_day(row.get(key), at) for key in ("from", "until"))
    if bool(days) == bool(first or last):
        fault = say("say dates, or from and until: one of the two")
        raise _error(at, fault)
    if first and last and last < first:
        raise _error(at, say("it ends before it begins"))
    return Booking(
        at=at,
        sponsor=words["sponsor"],
        publication=words["publication"],
        position=words["position"],
        text=words["text"],
        link=words["link"],
        button=words["button"],
        label=words["label"] or SPONSOR_LABELS[0],
        first=first,
        last=last,
        days=days,
        offer_ends=_day(row.get("offer_ends"), at),
    )


_DAYS = frozenset({"from", "until", "dates", "offer_ends"})


def _text(key: str, row: Mapping[str, object], at: Source) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise _error(at, say("{key}: {error}", key=key, error=say("should be a text")))
    if fault := unwritable(value):
        raise _error(at, say("{key}: {error}", key=key, error=fault))
    if "\n" in value:
        fault = say("one line of text is expected")
        raise _error(at, say("{key}: {error}", key=key, error=fault))
    return value.strip()


def _days(value: object, at: Source) -> tuple[date, ...]:
    if isinstance(value, str):
        value = value.replace(",", " ").replace(";", " ").split()
    if not isinstance(value, list | None):
        value = [value]
    found = (_day(each, at) for each in value or ())
    return tuple(sorted({day for day in found if day}))


def _day(value: object, at: Source) -> date | None:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        fault = say("{value} is no date: write it as 2026-03-14", value=value)
        raise _error(at, fault) from None


def _error(at: Source, fault: Phrase, hint: str = "") -> InputError:
    return InputError(fault, file=at.file, line=at.line, hint=hint)
