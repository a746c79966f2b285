"""Which entries of feeds an edition quotes: fresh, new to its readers, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from mailer.edition.feature import Feature
from mailer.edition.gathering.literal import (
    first_words,
    literal,
    one_line,
    web_address,
)
from mailer.edition.gathering.piece import Piece
from mailer.edition.reading.recognise import folded
from mailer.phrases import Phrase, say, say_many

_LONGEST_TITLE = 200
_LONGEST_TEXT = 10_000
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a feed as plain text, not yet trusted; ``published`` may be unknown."""

    id: str = ""
    title: str = ""
    link: str = ""
    text: str = ""
    author: str = ""
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a feed says, or why it says nothing.

    ``fault`` is set when it did not answer as it should; its entries are then those it
    had at ``as_of``, none at all if that is None. ``moved`` is where it is for good.
    """

    name: str
    title: str = ""
    entries: tuple[Entry, ...] = ()
    fault: Phrase | None = None
    as_of: datetime | None = None
    moved: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is any answer, be it an old one."""
        return self.fault is None or self.as_of is not None


Note = tuple[str, Phrase]
"""What something is said about, and what."""


def feed_notes(feeds: Mapping[str, Feed]) -> Iterator[Note]:
    """What is to be told about feeds that did not answer."""
    for name, feed in feeds.items():
        if feed.moved:
            yield name, say("it has moved for good to {url}", url=feed.moved)
        if feed.fault is None:
            continue
        if feed.as_of is None:
            yield name, feed.fault
        else:
            old = say(
                "{fault}: as it was on {day}", fault=feed.fault, day=feed.as_of.date()
            )
            yield name, old


def pick_entries(
    feature: Feature,
    feeds: Mapping[str, Feed],
    *,
    day: date,
    printed: frozenset[str],
    notes: list[Note],
) -> list[Piece]:
    """The pieces that *feature* of the edition of *day* takes from its *feeds*.

    The newest first, those without a date last, in the order of their feed; none that
    is known by one of the keys in *printed*, and none twice.
    """
    begin = datetime.combine(day, time(), UTC) - feature.window
    end = datetime.combine(day, time(), UTC) + timedelta(days=1)
    fresh = [
        (entry, feed)
        for feed in (feeds[name] for name in feature.feeds if name in feeds)
        for entry in feed.entries
        if entry.published is None or begin <= entry.published < end
    ]
    fresh.sort(key=lambda pair: -_moment(pair[0]))
    found: dict[str, Piece] = {}
    astray: Counter[str] = Counter()
    for entry, feed in fresh:
        piece = _piece(entry, feed, feature)
        if piece.keys & printed or not (piece.title or piece.text):
            continue
        if not piece.link:
            astray[feed.name] += 1
        elif twin := _twin(piece, found):
            found[twin] = replace(found[twin], keys=found[twin].keys | piece.keys)
        elif len(found) < feature.count:
            found[folded(piece.title) or piece.link] = piece
    notes += [(name, _astray(count)) for name, count in sorted(astray.items())]
    return list(found.values())


def _twin(piece: Piece, found: Mapping[str, Piece]) -> str:
    """Under which title *piece* is among *found* already; empty if it is new.

    Its keys go with those of its twin: it will not come next week either.
    """
    if folded(piece.title) in found:
        return folded(piece.title)
    same = (title for title, each in found.items() if each.keys & piece.keys)
    return next(same, "")


def _moment(entry: Entry) -> float:
    """When *entry* was published, as a number; before everything if that is unknown."""
    return entry.published.timestamp() if entry.published else 0.0


def _astray(count: int) -> Phrase:
    return say_many(
        "{count} entry is left out: its link leads to no page",
        "{count} entries are left out: their links lead to no page",
        count,
    )


def _piece(entry: Entry, feed: Feed, feature: Feature) -> Piece:
    link = web_address(entry.link)
    text = first_words(one_line(entry.text, most=_LONGEST_TEXT), feature.words)
    keys = {f"link:{link}"} if link else set()
    if entry.id:
        keys.add(f"id:{feed.name}:{one_line(entry.id, most=_LONGEST_TITLE)}")
    origin = one_line(feed.title, most=_LONGEST_NAME) or feed.name
    return Piece(
        name=feed.name,
        title=literal(one_line(entry.title, most=_LONGEST_TITLE)),
        text=literal(text) if feature.words else "",
        link=link,
        origin=literal(origin),
        author=literal(one_line(entry.author, most=_LONGEST_NAME)),
        day=entry.published.date() if entry.published else None,
        keys=frozenset(keys),
    )
