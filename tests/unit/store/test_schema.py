"""Moments as the database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from mailer.store.schema import Moment, microseconds

_DIALECT = sqlite.dialect()
_MOMENT = Moment()
_ZONES = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
_TIMES = st.datetimes(timezones=_ZONES, min_value=datetime(1900, 1, 1))  # noqa: DTZ001


@given(_TIMES)
def test_a_moment_comes_back_in_utc(when: datetime) -> None:
    """To the microsecond, aware, whatever zone it was said in."""
    kept = _MOMENT.process_bind_param(when, _DIALECT)
    back = _MOMENT.process_result_value(kept, _DIALECT)
    assert back == when
    assert back is not None
    assert back.tzinfo is UTC
    assert kept == microseconds(when)


@given(_TIMES, _TIMES)
def test_moments_compare_as_they_are_kept(one: datetime, other: datetime) -> None:
    """The database orders them as we do."""
    before, after = microseconds(one), microseconds(other)
    assert before is not None
    assert after is not None
    assert (one < other) == (before < after)


def test_no_moment_stays_none() -> None:
    """A lease that nobody holds has no end."""
    assert microseconds(None) is None
    assert _MOMENT.process_bind_param(None, _DIALECT) is None
    assert _MOMENT.process_result_value(None, _DIALECT) is None
