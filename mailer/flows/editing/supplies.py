"""What features can be filled with: each source asked, and told where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mailer.edition.drafts.skeleton import Pen
from mailer.edition.feature import Form, Supply
from mailer.edition.gathering.bookings import (
    Booking,
    place_of,
    places_of,
    sponsor_text,
)
from mailer.edition.gathering.entries import Feed, Note, feed_notes, pick_entries
from mailer.edition.gathering.material import Known, Tray
from mailer.edition.gathering.piece import Piece
from mailer.edition.gathering.results import PollResult, result_piece
from mailer.edition.gathering.sorting import sort_items
from mailer.edition.model import Publication
from mailer.errors import InputError
from mailer.phrases import Phrase, say


class Office(Protocol):
    """Whoever keeps the bookings of sponsors."""

    def bookings(self) -> Sequence[Booking]:
        """What sponsors have booked; InputError at file and line."""

    def words_of(self, booking: Booking) -> tuple[str, Sequence[str]]:
        """The text of *booking* and the pictures it shows; InputError."""


class Feeds(Protocol):
    """Whoever reads feeds."""

    async def read(self, names: frozenset[str]) -> Mapping[str, Feed]:
        """What each of the feeds called *names* says; never an error."""


class Polls(Protocol):
    """Whoever counts the votes of readers."""

    async def last(self, publication: str, *, before: date) -> PollResult | None:
        """The newest poll of *publication* that was over *before* that day, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """What a feature can be filled with. ``sure`` is False if a source did not answer.

    ``taken`` are the items of the inbox among its pieces, by name; ``copies`` the
    pictures that its pieces need beside the edition.
    """

    pieces: Sequence[Piece] = ()
    taken: Sequence[str] = ()
    copies: Sequence[str] = ()
    sure: bool = True
    note: Phrase | None = None


def from_inbox(
    publication: Publication, day: date, tray: Tray, notes: list[Note]
) -> dict[str, Supplies]:
    """What lies in the inbox, feature by feature; what waits is added to *notes*."""
    found = sort_items(tray.items, publication.assembly.features, day=day)
    notes += found.waiting
    return {
        name: Supplies(
            pieces=[item.piece for item in items],
            taken=[item.piece.name for item in items if not item.taken],
        )
        for name, items in found.chosen.items()
    }


async def from_feeds(
    publication: Publication,
    day: date,
    reader: Feeds,
    known: Known,
    notes: list[Note],
) -> dict[str, Supplies]:
    """What feeds say, feature by feature, no entry twice; what failed is in *notes*."""
    quoting = [f for f in publication.assembly.features if f.supply is Supply.FEED]
    if not quoting:
        return {}
    feeds = await reader.read(frozenset(name for f in quoting for name in f.feeds))
    notes += feed_notes(feeds)
    found: dict[str, Supplies] = {}
    printed = known.printed
    for feature in quoting:
        pieces = pick_entries(feature, feeds, day=day, printed=printed, notes=notes)
        printed = printed.union(*(piece.keys for piece in pieces))
        sure = all(feeds[name].is_known for name in feature.feeds if name in feeds)
        found[feature.name] = Supplies(pieces=pieces, sure=sure)
    return found


def from_sponsors(
    publication: Publication, day: date, office: Office, notes: list[Note]
) -> dict[str, Supplies]:
    """Who has booked each place of the edition; what cannot be printed is in *notes*."""
    places = places_of(publication)
    if not places:
        return {}
    try:
        bookings = office.bookings()
    except InputError as error:
        notes.append((error.file or "sponsors", _told(error)))
        return {each.name: Supplies(sure=False) for each in places}
    found: dict[str, Supplies] = {}
    for feature in places:
        place = place_of(publication, feature, bookings, day)
        pieces: list[Piece] = []
        copies: list[str] = []
        sure = True
        for booking in place.printed:
            try:
                words, pictures = office.words_of(booking)
            except InputError as error:
                notes.append((booking.sponsor, _told(error)))
                sure = False
                continue
            copies += pictures
            text = sponsor_text(booking, words)
            pieces.append(Piece(name=booking.sponsor, text=text, form=Form.PROSE))
        taken = say("{place} is taken already", place=feature.name)
        notes += [(booking.sponsor, taken) for booking in place.left_out]
        note = (
            say("what is booked cannot be printed")
            if place.bookings
            else say("nobody has booked it")
        )
        found[feature.name] = Supplies(
            pieces=pieces, copies=copies, sure=sure, note=note
        )
    return found


def _told(error: InputError) -> Phrase:
    """What is wrong, with the line it stands on."""
    if not error.line:
        return error.message
    where = f"{error.file}:{error.line}"
    return say("{where}: {fault}", where=where, fault=error.message)


async def from_polls(
    publication: Publication,
    day: date,
    polls: Polls | None,
    known: Known,
    pen: Pen,
) -> dict[str, Supplies]:
    """What readers answered last, if there is such a thing and it was not printed."""
    asking = [f for f in publication.assembly.features if f.supply is Supply.POLL]
    if not asking:
        return {}
    if polls is None:
        none = Supplies(note=say("the answers to polls are not counted yet"))
        return {each.name: none for each in asking}
    result = await polls.last(publication.id, before=day)
    piece = result_piece(result, pen) if result else None
    if piece is None or piece.keys & known.printed:
        none = Supplies(note=say("no poll was answered since the last edition"))
        return {each.name: none for each in asking}
    return {each.name: Supplies(pieces=[piece]) for each in asking[:1]}
