"""Dates as readers say them, and when a publication appears."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.calendar import (
    DAYS,
    instant,
    next_date,
    read_calendar,
    read_exception,
    read_schedule,
)

PARIS = "Europe/Paris"
SATURDAY = date(2026, 3, 14)


def first(schedule: str, *exceptions: str, count: int = 4) -> list[str]:
    """The first departures after 1 March 2026, as ``03-14 07:00``."""
    calendar = read_calendar(schedule, exceptions)
    return [
        f"{day:%m-%d} {calendar.hour(day):%H:%M}"
        for day in islice(calendar.days(after=date(2026, 3, 1)), count)
    ]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_next_date_is_the_first_of_its_weekday(after: date) -> None:
    """Strictly later, at most a week, and a Saturday."""
    found = next_date("sat 07:00", after=after)
    assert timedelta(0) < found - after <= timedelta(7)
    assert found.weekday() == 5


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        ("sat 07:00", ["03-07 07:00", "03-14 07:00", "03-21 07:00", "03-28 07:00"]),
        (
            "sat 07:00, mon 07:30",
            ["03-02 07:30", "03-07 07:00", "03-09 07:30", "03-14 07:00"],
        ),
        (
            "mon,thu 07:30",
            ["03-02 07:30", "03-05 07:30", "03-09 07:30", "03-12 07:30"],
        ),
        (
            "fri-mon 06:00",
            ["03-02 06:00", "03-06 06:00", "03-07 06:00", "03-08 06:00"],
        ),
        (
            "first sat 09:00",
            ["03-07 09:00", "04-04 09:00", "05-02 09:00", "06-06 09:00"],
        ),
        (
            "last fri 18:00",
            ["03-27 18:00", "04-24 18:00", "05-29 18:00", "06-26 18:00"],
        ),
        (
            "first tue, third tue 09:00",
            ["03-03 09:00", "03-17 09:00", "04-07 09:00", "04-21 09:00"],
        ),
        (
            "fortnightly sat 07:00 from 2026-03-14",
            ["03-14 07:00", "03-28 07:00", "04-11 07:00", "04-25 07:00"],
        ),
        # Where two rules have a day, the first one written counts.
        (
            "first sat 09:00, sat 07:00",
            ["03-07 09:00", "03-14 07:00", "03-21 07:00", "03-28 07:00"],
        ),
    ],
)
def test_a_schedule_is_written_as_it_is_said(schedule: str, days: list[str]) -> None:
    """Weekly, several a week, a range of days, monthly, fortnightly."""
    assert first(schedule) == days


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("6 07:00", "sat 07:00"),
        ("sam 07:00", "sat 07:00"),
        ("sat 25:00", "sat 07:00"),
        ("sat 7:00", "sat 07:00"),
        ("sat", "'sat' has no time"),
        ("sat 07:00, mon", "'mon' has no time"),
        ("sat 07:00, mon-sat 09:00", "sat stands there twice"),
        ("fifth sat 07:00", "'fifth sat 07:00' is no departure"),
        ("fortnightly sat 07:00", "counted from a date"),
        ("sat 07:00 from 2026-03-14", "counted from a date"),
        ("fortnightly sat 07:00 from 2026-03-13", "2026-03-13 is a fri"),
        ("fortnightly sat 07:00 from 2026-02-30", "no day 2026-02-30"),
        (",", "'' is no departure"),
    ],
)
def test_what_cannot_be_kept_is_refused(text: str, said: str) -> None:
    """Numbers, other languages and two hours for a day, each with a way out."""
    with pytest.raises(ValueError, match=said):
        read_schedule(text)


def test_an_empty_schedule_never_departs() -> None:
    """No schedule, no next date."""
    with pytest.raises(ValueError, match="empty"):
        next_date("", after=date(2026, 1, 1))
    assert list(read_calendar("  ").days(after=SATURDAY)) == []


@pytest.mark.parametrize(
    ("exception", "days"),
    [
        ("2026-03-14: none", ["03-07 07:00", "03-21 07:00"]),
        ("2026-03-10 to 2026-03-21: none", ["03-07 07:00", "03-28 07:00"]),
        ("2026-03-07: 09:30", ["03-07 09:30", "03-14 07:00"]),
        ("2026-03-14: 2026-03-16 08:00", ["03-07 07:00", "03-16 08:00"]),
        ("2026-03-14:2026-03-05 08:00", ["03-05 08:00", "03-07 07:00"]),
    ],
)
def test_an_exception_drops_a_departure_or_moves_it(exception, days) -> None:
    """The rest of the schedule stays."""
    assert first("sat 07:00", exception, count=2) == days


def test_a_departure_may_move_out_of_a_pause() -> None:
    """Nothing in August, but for the one that moved there on purpose."""
    pause = ("2026-08-01 to 2026-08-31: none", "2026-09-05: 2026-08-31 07:00")
    calendar = read_calendar("sat 07:00", pause)
    coming = calendar.days(after=date(2026, 7, 20))
    assert [f"{day:%m-%d}" for day in islice(coming, 3)] == ["07-25", "08-31", "09-12"]


@pytest.mark.parametrize(
    ("exceptions", "said"),
    [
        (("saturday: none",), "is no exception: write"),
        (("2026-02-30: none",), "no day 2026-02-30"),
        (("2026-03-14: never",), "is no exception: write"),
        (("2026-03-13: none",), "no departure on 2026-03-13, a fri"),
        (("2026-03-14 to 2026-03-07: none",), "ends before it begins"),
        (("2026-03-07 to 2026-03-14: 09:00",), "several days can only be none"),
        (("2026-03-14: 2026-03-21 07:00",), "2026-03-21 has a departure of its own"),
        (
            ("2026-03-14: 2026-03-16 07:00", "2026-03-21: 2026-03-16 09:00"),
            "2026-03-16 has a departure of its own",
        ),
        (
            ("2026-03-14: none", "2026-03-10 to 2026-03-20: none"),
            "2026-03-14 has an exception already",
        ),
    ],
)
def test_an_exception_that_fits_nothing_is_refused(exceptions, said: str) -> None:
    """A slip of a day would else be found on the morning it matters."""
    with pytest.raises(ValueError, match=said):
        read_calendar("sat 07:00", exceptions)


@given(st.text(alphabet="satmonfir0123456789:-, tfw", max_size=40))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    """Nothing else than a ValueError comes out, and what is read can be asked."""
    try:
        calendar = read_calendar(text)
    except ValueError:
        return
    assert all(
        isinstance(calendar.hour(day), time)
        for day in islice(calendar.days(after=SATURDAY), 3)
    )


@given(st.text(alphabet="0123456789-: tone", max_size=40))
def test_any_text_is_an_exception_or_refused(text: str) -> None:
    """Nothing else than a ValueError comes out."""
    try:
        change = read_exception(text)
    except ValueError:
        return
    assert change.first <= change.last


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-03-14 07:00", "2026-03-14 06:00"),
        ("2026-07-18 07:00", "2026-07-18 05:00"),
        # 02:30 does not exist that night: later by the jump.
        ("2026-03-29 02:30", "2026-03-29 01:30"),
        # 02:30 comes twice that night: the first.
        ("2026-10-25 02:30", "2026-10-25 00:30"),
    ],
)
@pytest.mark.parametrize("fold", [0, 1])
def test_the_wall_clock_decides(wall: str, utc: str, fold: int) -> None:
    """A wall time is one moment, whatever the clocks do that night."""
    shown = datetime.fromisoformat(wall).replace(fold=fold)
    assert f"{instant(shown, PARIS):%Y-%m-%d %H:%M}" == utc


@pytest.mark.parametrize("zone", ["America/Santiago", "Africa/Cairo", "Asia/Beirut"])
def test_a_night_without_midnight_has_a_departure(zone: str) -> None:
    """Where clocks jump over 00:00 the date still departs, an hour later at most."""
    days = list(islice(read_calendar("mon-sun 00:00").days(after=SATURDAY), 366))
    moments = [instant(datetime.combine(day, time(0)), zone) for day in days]
    assert len(set(moments)) == 366
    assert all(
        timedelta(hours=23) <= later - earlier <= timedelta(hours=25)
        for earlier, later in pairwise(moments)
    )


def test_days_have_english_names() -> None:
    """Monday first, as ``date.weekday`` counts."""
    assert DAYS[SATURDAY.weekday()] == "sat"
