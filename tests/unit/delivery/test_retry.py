"""When a deferred delivery is tried again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.retry import DELAYS, next_attempt, patience

NOW = datetime(2026, 3, 14, 6, 0, tzinfo=UTC)


def at(attempts: int, *, jitter: float = 0.5, give_up: datetime | None = None):
    return next_attempt(attempts=attempts, now=NOW, jitter=jitter, give_up=give_up)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (9, 240)]
)
def test_each_wait_is_longer_until_the_last_repeats(attempts, minutes) -> None:
    """A quarter of an hour for greylisting, then longer, then every four hours."""
    assert at(attempts) == NOW + timedelta(minutes=minutes)


def test_an_attempt_that_was_not_spent_waits_the_first_delay() -> None:
    """A relay that was down has cost the reader nothing, and is asked again soon."""
    assert at(0) == NOW + DELAYS[0]


@given(st.integers(0, 50), st.floats(0, 1, exclude_max=True))
def test_jitter_spreads_by_a_tenth_to_either_side(attempts, jitter) -> None:
    """A wave that was deferred together does not come back together, nor much later."""
    calm, spread = at(attempts) - NOW, at(attempts, jitter=jitter) - NOW
    assert calm * 0.9 <= spread <= calm * 1.1


@given(st.integers(0, 50), st.integers(0, 600), st.floats(0, 1, exclude_max=True))
def test_nothing_is_tried_after_the_end(attempts, minutes, jitter) -> None:
    """The next attempt lies before the end, or there is none."""
    give_up = NOW + timedelta(minutes=minutes)
    moment = at(attempts, jitter=jitter, give_up=give_up)
    assert (moment is None) == (at(attempts, jitter=jitter) > give_up)
    assert moment is None or moment <= give_up


@pytest.mark.parametrize(
    ("following", "hours"),
    [
        (None, 96),  # no other edition makes it old
        (date(2026, 3, 21), 96),  # a weekly
        (date(2026, 3, 17), 48),  # until a day before the next
        (date(2026, 3, 15), 12),  # a daily: half a day at least
        (date(2026, 3, 14), 12),
    ],
)
def test_a_letter_is_news_until_the_next_one(following, hours) -> None:
    """At most four days, however long the pause; never less than half a day."""
    found = patience(today=NOW.date(), following=following)
    assert found == timedelta(hours=hours)
