"""The dates on which a publication appears.

A day of a schedule is named (``sat``), never numbered: libraries count from Monday or
from Sunday, people from either. The identity of a departure is its local date; its
moment follows from the wall clock (``instant``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailer.edition.model import Publication
from mailer.phrases import say

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ORDINALS = {"": 0, "first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_DAY = "|".join(DAYS)
_TIME = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
_DATE = r"\d{4}-\d{2}-\d{2}"
_PART = re.compile(
    rf"(?:(?P<nth>first|second|third|fourth|last)\s+|(?P<fortnightly>fortnightly)\s+)?"
    rf"(?P<day>{_DAY})(?:-(?P<until>{_DAY}))?"
    rf"(?:\s+{_TIME})?(?:\s+from\s+(?P<since>{_DATE}))?"
)
_EXCEPTION = re.compile(
    rf"\s*(?P<first>{_DATE})(?:\s+to\s+(?P<last>{_DATE}))?\s*:"
    rf"\s*(?:(?P<none>none)|(?:(?P<moved>{_DATE})\s+)?{_TIME})\s*"
)
_WEEK = timedelta(days=7)
_FORTNIGHT = 14
_HORIZON = timedelta(days=732)
"""A schedule that has no day within two years has none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A weekday (Monday being 0) and a local time: every week, or more seldom.

    ``nth`` picks a week of the month, -1 being the last and 0 any; ``since`` begins a
    rhythm of fourteen days, and nothing departs before it.
    """

    weekday: int
    at: time
    nth: int = 0
    since: date | None = None

    def has(self, day: date) -> bool:
        """Whether *day* is one of this rule's."""
        if day.weekday() != self.weekday:
            return False
        if self.since is not None:
            apart = (day - self.since).days
            return apart >= 0 and apart % _FORTNIGHT == 0
        if self.nth < 0:
            return (day + _WEEK).month != day.month
        return self.nth in {0, (day.day - 1) // 7 + 1}


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise from ``first`` to ``last``: no departure, or another moment.

    ``to`` is local; None: nothing departs.
    """

    first: date
    last: date
    to: datetime | None

    def covers(self, day: date) -> bool:
        """Whether *day* is changed."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which something departs, and the local time it does."""

    rules: tuple[Rule, ...] = ()
    changes: tuple[Change, ...] = ()

    def hour(self, day: date) -> time | None:
        """The local time at which *day* departs; None if it does not.

        Where two rules have the day, the first one written counts.
        """
        for change in self.changes:
            if change.to is not None and change.to.date() == day:
                return change.to.time()
        if any(change.covers(day) for change in self.changes):
            return None
        return self._regular(day)

    def days(self, *, after: date) -> Iterator[date]:
        """The days that depart after *after*, in order; they end where none is near."""
        latest, day = after, after
        while day - latest <= _HORIZON and date.max - day > _WEEK:
            day += timedelta(days=1)
            if self.hour(day) is not None:
                latest = day
                yield day

    def _regular(self, day: date) -> time | None:
        return next((rule.at for rule in self.rules if rule.has(day)), None)


@lru_cache(maxsize=128)
def read_schedule(text: str) -> tuple[Rule, ...]:
    """``sat 07:00``, ``mon,thu 07:30``, ``first sat 09:00``; ValueError with a way out.

    Days without a time share that of the next one: commas separate.
    """
    if not text.strip():
        return ()
    rules: list[Rule] = []
    waiting: list[re.Match[str]] = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            message = say(
                "{part} is no departure: write a day and a time, sat 07:00",
                part=repr(part.strip()),
            )
            raise ValueError(message)
        waiting.append(match)
        if match["hour"]:
            at = time(int(match["hour"]), int(match["minute"]))
            rules.extend(rule for each in waiting for rule in _rules(each, at))
            waiting.clear()
    if waiting:
        message = say(
            "{part} has no time: write a day and a time, sat 07:00",
            part=repr(waiting[-1][0]),
        )
        raise ValueError(message)
    _refuse_twice(rules)
    return tuple(rules)


@lru_cache(maxsize=128)
def read_calendar(schedule: str, exceptions: tuple[str, ...] = ()) -> Calendar:
    """A schedule with its exceptions; ValueError where the two do not go together.

    ``2026-12-26: none``, ``2026-08-01 to 2026-08-22: none``, ``2026-05-02: 09:30``, and
    ``2027-01-02: 2027-01-04 09:00`` for a departure that moves to another day.
    """
    calendar = Calendar(read_schedule(schedule))
    changes: list[Change] = []
    for text in exceptions:
        change = read_exception(text)
        alone = change.first == change.last
        if alone and calendar.hour(change.first) is None:
            message = say(
                "{text}: the schedule has no departure on {date}, a {day}",
                text=repr(text),
                date=str(change.first),
                day=DAYS[change.first.weekday()],
            )
            raise ValueError(message)
        for other in changes:
            if other.first <= change.last and change.first <= other.last:
                message = say(
                    "{text}: {date} has an exception already",
                    text=repr(text),
                    date=str(max(change.first, other.first)),
                )
                raise ValueError(message)
        changes.append(change)
    for at, change in enumerate(changes):
        others = Calendar(calendar.rules, (*changes[:at], *changes[at + 1 :]))
        moved = change.to is not None and not change.covers(change.to.date())
        if moved and change.to and others.hour(change.to.date()) is not None:
            message = say(
                "{text}: {date} has a departure of its own",
                text=repr(exceptions[at]),
                date=str(change.to.date()),
            )
            raise ValueError(message)
    return Calendar(calendar.rules, tuple(changes))


def read_exception(text: str) -> Change:
    """One exception by itself; ValueError with a way out."""
    match = _EXCEPTION.fullmatch(text)
    if match is None:
        message = say(
            "{text} is no exception: write 2026-12-26: none, or 2026-12-26: 2026-12-23"
            " 07:00",
            text=repr(text),
        )
        raise ValueError(message)
    first = _day(match["first"])
    last = _day(match["last"] or match["first"])
    if last < first:
        message = say("{text} ends before it begins", text=repr(text))
        raise ValueError(message)
    if match["none"]:
        return Change(first, last, None)
    if match["last"]:
        message = say(
            "{text}: several days can only be none; move them one by one",
            text=repr(text),
        )
        raise ValueError(message)
    day = _day(match["moved"] or match["first"])
    at = time(int(match["hour"]), int(match["minute"]))
    return Change(first, last, datetime.combine(day, at))


def calendar_of(publication: Publication) -> Calendar:
    """When *publication* appears."""
    return read_calendar(publication.schedule, publication.exceptions)


def next_date(schedule: str, *, after: date) -> date:
    """The first day after *after* on which *schedule* departs; ValueError if none."""
    for day in read_calendar(schedule).days(after=after):
        return day
    message = say("the schedule is empty")
    raise ValueError(message)


def instant(wall: datetime, zone: str) -> datetime:
    """The moment, in UTC, at which clocks of *zone* show *wall*.

    The first of two equal wall times where a night has them; where the wall clock jumps
    over the hour, later by as much as it jumps.
    """
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def _rules(match: re.Match[str], at: time) -> Iterator[Rule]:
    first = DAYS.index(match["day"])
    last = DAYS.index(match["until"] or match["day"])
    since = _day(match["since"]) if match["since"] else None
    if bool(since) != bool(match["fortnightly"]) or (since and match["until"]):
        message = say(
            "{part}: a fortnight is counted from a date: fortnightly sat 07:00 from"
            " 2026-03-14",
            part=repr(match[0]),
        )
        raise ValueError(message)
    if since and since.weekday() != first:
        message = say(
            "{part}: {date} is a {day}",
            part=repr(match[0]),
            date=str(since),
            day=DAYS[since.weekday()],
        )
        raise ValueError(message)
    for step in range((last - first) % 7 + 1):
        yield Rule((first + step) % 7, at, _ORDINALS[match["nth"] or ""], since)


def _refuse_twice(rules: Sequence[Rule]) -> None:
    """Two hours for every week's same day: one date has one departure."""
    weekly = [rule.weekday for rule in rules if not rule.nth and not rule.since]
    for day in weekly:
        if weekly.count(day) > 1:
            message = say(
                "{day} stands there twice: a day has one departure", day=DAYS[day]
            )
            raise ValueError(message)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = say("there is no day {date}", date=text)
        raise ValueError(message) from None
