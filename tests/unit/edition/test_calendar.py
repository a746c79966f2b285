"""Dates as readers say them, and when a publication appears."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.calendar import departure, next_date, read_schedule

PARIS = "Europe/Paris"


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_next_date_is_the_first_of_its_weekday(after: date) -> None:
    """Strictly later, at most a week, and a Saturday."""
    found = next_date("sat 07:00", after=after)
    assert timedelta(0) < found - after <= timedelta(7)
    assert found.weekday() == 5


def test_several_days_take_turns() -> None:
    """The nearest of several departures comes first."""
    assert next_date("sat 07:00, mon 07:30", after=date(2026, 3, 14)) == date(
        2026, 3, 16
    )


@pytest.mark.parametrize(
    "text", ["6 07:00", "sam 07:00", "sat 25:00", "sat", "sat 7:00"]
)
def test_days_have_names(text: str) -> None:
    """Numbers and other languages are refused with the way to write it."""
    with pytest.raises(ValueError, match="sat 07:00"):
        read_schedule(text)


def test_an_empty_schedule_never_departs() -> None:
    """No schedule, no next date."""
    with pytest.raises(ValueError, match="empty"):
        next_date("", after=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("day", "schedule", "utc"),
    [
        (date(2026, 3, 14), "sat 07:00", datetime(2026, 3, 14, 6, tzinfo=UTC)),
        (date(2026, 7, 18), "sat 07:00", datetime(2026, 7, 18, 5, tzinfo=UTC)),
        # 02:30 does not exist that night: later by the jump.
        (date(2026, 3, 29), "sun 02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # 02:30 comes twice that night: the first.
        (date(2026, 10, 25), "sun 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 3, 15), "sat 07:00", None),
    ],
)
def test_the_wall_clock_decides(day: date, schedule: str, utc: datetime | None) -> None:
    """A local date has one departure, whatever the clocks do that night."""
    assert departure(day, schedule, PARIS) == utc
