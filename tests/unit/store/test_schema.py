"""Moments as the database keeps them, and statements that find their rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite

from mailer.store.ledger import booking
from mailer.store.schema import Moment, metadata, microseconds

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


def test_a_message_finds_its_row_by_the_key() -> None:
    """What runs for every message never searches among what waits."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        for statement in (booking._MARK, booking._SETTLE):
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", (1,) * statement.count("?")
            )
            (line,) = [row.detail for row in plan]
            assert "USING PRIMARY KEY (run_id=? AND subscriber_id=?)" in line
    engine.dispose()


def test_a_claim_takes_the_next_from_the_index() -> None:
    """No batch sorts the audience."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        steps = [
            row.detail
            for row in connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN SELECT subscriber_id FROM delivery"
                " WHERE run_id = 1 AND state = 'due' AND next_attempt_at <= 1"
                " ORDER BY next_attempt_at, subscriber_id LIMIT 50"
            )
        ]
    engine.dispose()
    assert len(steps) == 1
    assert "INDEX ix_delivery_due" in steps[0]
