"""A poll as its readers got it: what is asked, until when, and what becomes of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mailer.edition.blocks import Poll, Showing, plain
from mailer.edition.calendar import instant
from mailer.edition.model import Edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A poll's question and choices in plain words, and how its votes are counted.

    A choice is known by its place, counted from 1. ``until`` is the last day to answer;
    ``results`` says when readers see them: at any time, after the end, or never. An
    ``anonymous`` one keeps no link from an answer to who gave it, and has an end.
    """

    id: str
    question: str
    choices: tuple[str, ...]
    until: date | None = None
    results: Showing = "always"
    anonymous: bool = False

    def ends(self, zone: str) -> datetime | None:
        """The moment after its last day, by the wall clock of *zone*; None: never."""
        if self.until is None:
            return None
        after = datetime.combine(self.until + timedelta(days=1), time())
        return instant(after, zone).astimezone(UTC)

    def is_open(self, now: datetime, zone: str) -> bool:
        """Whether one may answer *now*."""
        end = self.ends(zone)
        return end is None or now < end

    def shows_results(self, now: datetime, zone: str) -> bool:
        """Whether readers may see *now* what was answered."""
        match self.results:
            case "always":
                return True
            case "end":
                return not self.is_open(now, zone)
            case _:
                return False


def ballots(edition: Edition) -> tuple[Ballot, ...]:
    """The polls of *edition*, which is cut already, in their order."""
    return tuple(
        Ballot(
            id=poll.id,
            question=plain(poll.question),
            choices=tuple(plain(choice) for choice in poll.choices),
            until=poll.until,
            results=poll.results,
            anonymous=poll.anonymous,
        )
        for poll in edition.every_block()
        if isinstance(poll, Poll)
    )


def shares_of(counts: Sequence[int]) -> tuple[int, ...]:
    """Each of *counts* in hundredths of all, as whole numbers.

    They add up to 100: what rounding down leaves goes to who lost most by it. Equals
    stay equal, though, and so three of ten each are 33, and 99 together.
    """
    total = sum(counts)
    if not total:
        return (0,) * len(counts)
    left = 100 - sum(100 * count // total for count in counts)
    raised: set[int] = set()
    lost = [100 * count % total for count in counts]
    for loss in sorted(set(lost) - {0}, reverse=True):
        if lost.count(loss) > left:
            break
        raised.add(loss)
        left -= lost.count(loss)
    return tuple(
        100 * count // total + (100 * count % total in raised) for count in counts
    )
