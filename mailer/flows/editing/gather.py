"""The week's material becomes a draft, and the draft is kept fresh until it is touched.

Everything is chosen and written first, in memory; then the folder is changed. A source
that does not answer is told, and never empties what it filled before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from mailer.edition.calendar import calendar_of, instant
from mailer.edition.drafts.skeleton import Pen
from mailer.edition.feature import Feature, Supply, filled
from mailer.edition.gathering.entries import Note
from mailer.edition.gathering.material import Changes, Known, Tray
from mailer.edition.gathering.refresh import Fate, Part, fate_of, hash_of
from mailer.edition.gathering.writing import feature_text, hand_text
from mailer.edition.model import Publication
from mailer.errors import ConfigError, GuardError
from mailer.flows.approvals import Approvals
from mailer.flows.editing.supplies import (
    Feeds,
    Office,
    Polls,
    Supplies,
    from_feeds,
    from_inbox,
    from_polls,
    from_sponsors,
)
from mailer.flows.ports import Ledger, RunState
from mailer.language import day_and_month
from mailer.phrases import say

_AGAIN = timedelta(hours=1)


class Room(Office, Protocol):
    """The folders of editions, as parts are put into them."""

    def alone(self, publication: Publication) -> AbstractContextManager[None]:
        """Nobody else assembles *publication* meanwhile."""

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
    """Everything that fills features. Without ``polls`` nobody counts votes."""

    room: Room
    feeds: Feeds
    polls: Polls | None = None


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


class SettledError(GuardError):
    """An edition that is not to be assembled: begun by hand, approved, or gone."""


class Standing:
    """What the database remembers: numbers that are used, editions that are settled."""

    def __init__(self, ledger: Ledger, approvals: Approvals) -> None:
        self._ledger = ledger
        self._approvals = approvals

    async def numbers(self, publication: str) -> set[int]:
        """The numbers of its runs: a folder may be gone, its number is not."""
        runs = await self._ledger.runs()
        names = (
            run.edition.rpartition("/")[2]
            for run in runs
            if run.publication == publication
        )
        return {int(name) for name in names if name.isdecimal()}

    async def require_draft(self, edition: str) -> None:
        """SettledError if *edition* was approved, or left: it is no draft any more."""
        runs = await self._ledger.runs(edition=edition)
        if any(run.state is not RunState.CANCELLED for run in runs):
            message = say(
                "{edition} has left, and is no draft any more", edition=edition
            )
            raise SettledError(message, hint=say("say another --date"))
        if approval := await self._approvals.standing(edition):
            message = say(
                "{edition} was approved by {name}: to assemble it would change it",
                edition=edition,
                name=approval.by,
            )
            raise SettledError(message, hint=f"mailer unapprove {edition}")


def days_due(publication: Publication, now: datetime) -> list[date]:
    """The days whose drafts are to be assembled at *now*, as ``assemble_due`` says."""
    zone = ZoneInfo(publication.timezone)
    first = now.astimezone(zone).date() - timedelta(days=1)
    last = (now + publication.assembly.before).astimezone(zone).date()
    days = takewhile(
        lambda day: day <= last, calendar_of(publication).days(after=first)
    )
    return [day for day in days if assemble_due(publication, day, now)]


async def gather(
    publication: Publication,
    *,
    day: date,
    desk: GatheringDesk,
    standing: Standing | None = None,
    append: bool = False,
    dry_run: bool = False,
) -> Gathering:
    """Assemble the draft of *day*, or say what assembling it would do.

    Without *standing* the database is not asked; *append* adds the features to an
    edition that somebody began by hand. ConfigError if the publication has no features,
    SettledError if the edition is no draft any more, or somebody's own.
    """
    if not publication.assembly.features:
        message = say("{id} has no features to assemble", id=publication.id)
        hint = say(
            "add a table {table}", table=f"[[publications.{publication.id}.features]]"
        )
        raise ConfigError(message, hint=hint)
    room = desk.room
    with room.alone(publication):
        known = await asyncio.to_thread(room.known, publication, day)
        if known.edition and standing:
            await standing.require_draft(known.edition)
        if known.edition and known.ours is None and not append:
            message = say("{edition} was begun by hand", edition=known.edition)
            hint = say("--append adds the features at its end")
            raise SettledError(message, hint=hint)
        notes: list[Note] = []
        pen = await asyncio.to_thread(room.pen, publication)
        # The network takes its time; what is in the folder is looked at after that.
        supplies = await from_feeds(publication, day, desk.feeds, known, notes)
        supplies |= await from_polls(publication, day, desk.polls, known, pen)
        numbers = await standing.numbers(publication.id) if standing else set()
        make_up = partial(_made_up, publication, day, room, pen, supplies, notes)
        return await asyncio.to_thread(make_up, numbers, dry_run=dry_run)


def _made_up(
    publication: Publication,
    day: date,
    room: Room,
    pen: Pen,
    supplies: dict[str, Supplies],
    notes: list[Note],
    numbers: Collection[int],
    *,
    dry_run: bool,
) -> Gathering:
    """The rest, at one go: look at the folder, decide, and write."""
    tray = room.tray(publication, day)
    notes += tray.faults
    supplies |= from_inbox(publication, day, tray, notes)
    supplies |= from_sponsors(publication, day, room, notes)
    known = room.known(publication, day)
    ours = not known.edition or bool(known.ours)
    features = []
    for place, feature in enumerate(publication.assembly.features, 1):
        by_hand = feature.supply is Supply.HAND
        if by_hand and not ours:
            continue  # in an edition that somebody began nobody needs gaps
        found = supplies.get(feature.name, Supplies())
        text = (
            hand_text(feature, publication, room.authors(), pen)
            if by_hand
            else feature_text(feature, found.pieces, pen, publication.flags)
        )
        part = known.parts.get(feature.name)
        features.append(_filled(feature, place, part, known, text, found))
    gathering = Gathering(
        publication=publication.id,
        day=day,
        edition=known.edition,
        is_new=not known.edition,
        features=features,
        notes=[*notes, *_held_back(features)],
    )
    if dry_run:
        return gathering
    name = known.edition or _begin(publication, day, room, pen, numbers)
    room.place(publication, day, _changes(features, known, ours=ours))
    return replace(gathering, edition=name)


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


def _changes(features: Sequence[Filled], known: Known, *, ours: bool) -> Changes:
    texts: dict[str, str | None] = {}
    parts = dict(known.parts)
    taken: list[str] = []
    copies: list[str] = []
    for each in features:
        name = each.feature.name
        if each.fate is Fate.TAKEN_OUT:
            texts[each.file] = None
            del parts[name]
        elif each.fate.is_ours:
            taken += each.supplies.taken
            copies += each.supplies.copies
            parts[name] = Part(file=each.file, hash=hash_of(each.text), keys=each.keys)
            if each.fate.changes:
                texts[each.file] = each.text
    seen = {file: known.texts.get(file) for file in texts}
    return Changes(
        texts=texts, seen=seen, parts=parts, taken=taken, copies=copies, ours=ours
    )
