"""The week's material becomes a draft, and the draft is kept fresh until it is touched.

Everything is chosen and written first, in memory; then the folder is changed. A source
that does not answer is told, and never empties what it filled before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from mailer.edition.calendar import calendar_of, instant
from mailer.edition.drafts.skeleton import Pen
from mailer.edition.feature import Feature, Supply, filled
from mailer.edition.gathering.entries import Feed, Note, feed_notes, pick_entries
from mailer.edition.gathering.material import Changes, Known, Tray
from mailer.edition.gathering.piece import Piece
from mailer.edition.gathering.refresh import Fate, Part, fate_of, hash_of
from mailer.edition.gathering.sorting import sort_items
from mailer.edition.gathering.writing import feature_text, hand_text
from mailer.edition.model import Publication
from mailer.errors import ConfigError
from mailer.language import day_and_month
from mailer.phrases import Phrase, say

_AGAIN = timedelta(hours=1)


class Room(Protocol):
    """The folders of editions, as parts are put into them."""

    def alone(self, publication: Publication) -> AbstractContextManager[None]:
        """Nobody else assembles *publication* meanwhile."""

    def draft(self, publication: Publication, day: date) -> str:
        """What the edition of *day* is called; empty if there is none."""

    def pen(self, publication: Publication) -> Pen:
        """A pen that writes the publication's language."""

    def authors(self) -> Sequence[str]:
        """The keys of those who sign."""

    def tray(self, publication: Publication, day: date) -> Tray:
        """What waits in the inbox, and what the edition of *day* took before."""

    def known(self, publication: Publication, day: date) -> Known:
        """What we wrote for *day*, what stands there now, what others printed."""

    def begin(
        self,
        publication: Publication,
        day: date,
        *,
        title: str,
        subtitle: str,
        required: Collection[str],
        used: Collection[int],
    ) -> str:
        """Make the edition of *day* with the sections *required*; what it is called."""

    def place(self, publication: Publication, day: date, changes: Changes) -> None:
        """Do *changes* in the folder of *day*, each whole or not at all."""


class Feeds(Protocol):
    """Whoever reads feeds."""

    async def read(self, names: frozenset[str]) -> Mapping[str, Feed]:
        """What each of the feeds called *names* says; never an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """What a feature can be filled with. ``sure`` is False if a source did not answer.

    ``taken`` are the items of the inbox among its pieces, by name.
    """

    pieces: Sequence[Piece] = ()
    taken: Sequence[str] = ()
    sure: bool = True
    note: Phrase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What became of one feature, in which file, from how many pieces."""

    feature: Feature
    file: str
    fate: Fate
    text: str
    supplies: Supplies

    @property
    def keys(self) -> frozenset[str]:
        """What its pieces are known by."""
        return frozenset().union(*(piece.keys for piece in self.supplies.pieces))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """What assembling the edition of ``day`` did, or would do.

    ``notes`` are what waits or failed: what it is about, and the reason.
    """

    publication: str
    day: date
    edition: str
    is_new: bool
    features: Sequence[Filled]
    notes: Sequence[Note] = field(default=())

    @property
    def changes(self) -> bool:
        """Whether anything of the draft changes."""
        return self.is_new or any(each.fate.changes for each in self.features)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheringDesk:
    """Everything that fills features."""

    room: Room
    feeds: Feeds


def assemble_due(
    publication: Publication, day: date, now: datetime, *, last: datetime | None = None
) -> bool:
    """Whether the draft of *day* is to be assembled at *now* without being asked.

    From ``assembly.before`` ahead of its departure until it leaves, once an hour;
    *last* is when that was done the last time, None if never.
    """
    before = publication.assembly.before
    hour = calendar_of(publication).hour(day)
    if not publication.assembly.features or not before or hour is None:
        return False
    leaves = instant(datetime.combine(day, hour), publication.timezone)
    if not leaves - before <= now < leaves:
        return False
    return last is None or now - last >= _AGAIN


async def gather(
    publication: Publication,
    *,
    day: date,
    desk: GatheringDesk,
    used: Collection[int] = (),
    dry_run: bool = False,
) -> Gathering:
    """Assemble the draft of *day*, or say what assembling it would do.

    *used* are the numbers of editions that the ledger remembers. ConfigError if the
    publication has no features.
    """
    if not publication.assembly.features:
        message = say("{id} has no features to assemble", id=publication.id)
        hint = say(
            "add a table {table}", table=f"[[publications.{publication.id}.features]]"
        )
        raise ConfigError(message, hint=hint)
    with desk.room.alone(publication):
        return await _gathered(publication, day, desk, used, dry_run)


async def _gathered(
    publication: Publication,
    day: date,
    desk: GatheringDesk,
    used: Collection[int],
    dry_run: bool,
) -> Gathering:
    room = desk.room
    name = room.draft(publication, day)
    known = room.known(publication, day)
    tray = room.tray(publication, day)
    notes = list(tray.faults)
    supplies = _from_inbox(publication, day, tray, notes)
    supplies |= await _from_feeds(publication, day, desk.feeds, known, notes)
    pen = room.pen(publication)
    features = []
    for place, feature in enumerate(publication.assembly.features, 1):
        found = supplies.get(feature.name, Supplies())
        text = (
            hand_text(feature, publication, room.authors(), pen)
            if feature.supply is Supply.HAND
            else feature_text(feature, found.pieces, pen)
        )
        part = known.parts.get(feature.name)
        features.append(_filled(feature, place, part, known, text, found))
    notes += _held_back(features)
    gathering = Gathering(
        publication=publication.id,
        day=day,
        edition=name,
        is_new=not name,
        features=features,
        notes=notes,
    )
    if dry_run:
        return gathering
    if not name:
        name = _begin(publication, day, room, pen, used)
    room.place(publication, day, _changes(features, known))
    return replace(gathering, edition=name)


def _from_inbox(
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


async def _from_feeds(
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


def _filled(
    feature: Feature,
    place: int,
    part: Part | None,
    known: Known,
    text: str,
    supplies: Supplies,
) -> Filled:
    file = part.file if part else f"{10 * place:02d}-{feature.name}.md"
    found = known.texts.get(file)
    fate = fate_of(part, found=found, wanted=text, sure=supplies.sure)
    return Filled(feature=feature, file=file, fate=fate, text=text, supplies=supplies)


def _held_back(features: Sequence[Filled]) -> Iterator[Note]:
    """The items that stay in the inbox because their part is somebody's own now."""
    for each in features:
        if not each.fate.is_ours:
            reason = (
                say("{file} was taken out by hand", file=each.file)
                if each.fate is Fate.DELETED
                else say("{file} was edited by hand", file=each.file)
            )
            yield from ((name, reason) for name in each.supplies.taken)


def _begin(
    publication: Publication,
    day: date,
    room: Room,
    pen: Pen,
    used: Collection[int],
) -> str:
    """Make the edition: its first file has the sections that no feature brings."""
    assembly = publication.assembly
    values = {"name": publication.name, "date": day_and_month(day, pen.sentences.lang)}
    brought = {word for each in assembly.features for word in (each.kind, each.title)}
    return room.begin(
        publication,
        day,
        title=filled(assembly.title, values),
        subtitle=filled(assembly.subtitle, values),
        required=[name for name in publication.shape.require if name not in brought],
        used=used,
    )


def _changes(features: Sequence[Filled], known: Known) -> Changes:
    texts: dict[str, str | None] = {}
    parts = dict(known.parts)
    taken: list[str] = []
    for each in features:
        name = each.feature.name
        if each.fate is Fate.TAKEN_OUT:
            texts[each.file] = None
            del parts[name]
        elif each.fate.is_ours:
            taken += each.supplies.taken
            parts[name] = Part(file=each.file, hash=hash_of(each.text), keys=each.keys)
            if each.fate.changes:
                texts[each.file] = each.text
    return Changes(texts=texts, parts=parts, taken=taken)
