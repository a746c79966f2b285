"""The dates on which a publication appears.

A day of a schedule is named (``sat``), never numbered: libraries count from Monday or
from Sunday, people from either. The identity of a departure is its local date; its
moment follows from the wall clock (``departure``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.phrases import say

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SCHEDULE = re.compile(r"\s*([a-z]{3})\s+([01]\d|2[0-3]):([0-5]\d)\s*")


@dataclass(frozen=True, slots=True)
class Weekly:
    """One departure a week: a weekday, Monday being 0, and a local time."""

    weekday: int
    at: time


def read_schedule(text: str) -> tuple[Weekly, ...]:
    """``sat 07:00``, several separated by commas; ValueError with a way out."""
    if not text.strip():
        return ()
    weeks = []
    for part in text.split(","):
        match = _SCHEDULE.fullmatch(part)
        if match is None or match[1] not in _DAYS:
            message = say(
                "{part} is no departure: write a day and a time, sat 07:00",
                part=repr(part.strip()),
            )
            raise ValueError(message)
        at = time(int(match[2]), int(match[3]))
        weeks.append(Weekly(_DAYS.index(match[1]), at))
    return tuple(weeks)


def next_date(schedule: str, *, after: date) -> date:
    """The first day after *after* on which *schedule* departs; ValueError if none."""
    weeks = read_schedule(schedule)
    if not weeks:
        message = say("the schedule is empty")
        raise ValueError(message)
    return min(
        after + timedelta(days=(week.weekday - after.weekday() - 1) % 7 + 1)
        for week in weeks
    )


def departure(day: date, schedule: str, zone: str) -> datetime | None:
    """When the edition of *day* leaves, in UTC; None if *schedule* skips that weekday.

    The first of two equal wall times where a night has them; where the wall clock jumps
    over the hour, later by as much as it jumps.
    """
    for week in read_schedule(schedule):
        if week.weekday == day.weekday():
            local = datetime.combine(day, week.at, tzinfo=ZoneInfo(zone))
            return local.astimezone(UTC)
    return None
