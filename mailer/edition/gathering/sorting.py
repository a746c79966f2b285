"""Which item of the inbox goes where: by what it says, its folder, or the only place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from mailer.edition.feature import Feature, Supply
from mailer.edition.gathering.piece import Piece
from mailer.edition.reading.recognise import folded
from mailer.phrases import NOTHING, Phrase, did_you_mean, say

_RUNS = re.compile(r"(\d{1,18})|(\D+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A piece that lay in the inbox, or was taken from there for this edition.

    ``section`` is what it says about its place, ``folder`` the folder it lay in, both
    may be empty; ``day`` of its piece is the day of the edition it is meant for.
    """

    piece: Piece
    section: str = ""
    folder: str = ""
    taken: bool = False


@dataclass(slots=True)
class Sorted:
    """The items of each feature in order, and those that wait, with the reason."""

    chosen: dict[str, list[Item]] = field(default_factory=dict)
    waiting: list[tuple[str, Phrase]] = field(default_factory=list)


def sort_items(
    items: Iterable[Item], features: Sequence[Feature], *, day: date
) -> Sorted:
    """Give each of *items* to a feature of the edition of *day*, or say why it waits.

    What was taken before keeps its place; the rest follows by name until a feature is
    full.
    """
    places = [each for each in features if each.supply is Supply.INBOX]
    found = Sorted(chosen={each.name: [] for each in places})
    for item in sorted(items, key=lambda i: (not i.taken, _natural(i))):
        feature, reason = _place(item, places)
        meant = item.piece.day
        if feature is None:
            found.waiting.append((item.piece.name, reason))
        elif meant is not None and meant != day and not item.taken:
            late = say("it is meant for {day}, which is past", day=meant)
            early = say("it is meant for {day}", day=meant)
            found.waiting.append((item.piece.name, late if meant < day else early))
        elif len(found.chosen[feature.name]) >= feature.count:
            full = say(
                "{feature} is full: {count} at most",
                feature=feature.name,
                count=feature.count,
            )
            found.waiting.append((item.piece.name, full))
        else:
            found.chosen[feature.name].append(item)
    for chosen in found.chosen.values():
        chosen.sort(key=_natural)
    return found


def _place(item: Item, places: Sequence[Feature]) -> tuple[Feature | None, Phrase]:
    if not places:
        return None, say("no feature is filled from the inbox")
    said = item.section or item.folder
    if not said:
        if len(places) == 1:
            return places[0], NOTHING
        names = ", ".join(each.name for each in places)
        return None, say("it does not say its section; there are: {names}", names=names)
    for each in places:
        if folded(said) in {folded(each.name), folded(each.title)}:
            return each, NOTHING
    hint = did_you_mean(said, [each.name for each in places])
    return None, say("no section {name}: {hint}", name=said, hint=hint)


def _natural(item: Item) -> tuple[tuple[tuple[bool, int, str], ...], str]:
    """``2-b.md`` before ``10-a.md``, numbers before words, whatever the folder."""
    name = item.piece.name.rpartition("/")[2].casefold()
    runs = _RUNS.findall(name)
    found = tuple((bool(word), int(digits or 0), word) for digits, word in runs)
    return found, item.piece.name
