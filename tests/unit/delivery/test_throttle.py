"""The pace of a relay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.throttle import Bucket, Rate, read_rate

RATES = st.builds(
    Rate, count=st.integers(1, 100_000), unit=st.sampled_from(["s", "min", "h", "d"])
)
# Gaps between two askings, some of them backwards, as a clock may step.
GAPS = st.lists(st.floats(-5, 50), min_size=1, max_size=60)


def times(gaps: list[float], start: float = 1000.0) -> list[float]:
    moments = []
    for gap in gaps:
        start += gap
        moments.append(start)
    return moments


@given(RATES)
def test_a_rate_is_written_as_it_is_read(rate) -> None:
    """What the report prints can be copied into the settings."""
    assert read_rate(str(rate)) == rate


@pytest.mark.parametrize(
    ("text", "interval"),
    [("100/s", 0.01), ("20/min", 3), ("5000/h", 0.72), (" 50000 / d ", 1.728)],
)
def test_a_rate_is_a_number_and_a_unit(text, interval) -> None:
    """Relays state their limits per second, minute, hour or day: so do settings."""
    assert read_rate(text).interval == pytest.approx(interval)


@pytest.mark.parametrize("text", ["", "fast", "100", "0/s", "-1/s", "1.5/s", "9/week"])
def test_what_is_no_rate_is_told_how_to_be_one(text) -> None:
    """The error shows the forms that can be read."""
    with pytest.raises(ValueError, match="100/s, 20/min, 5000/h or 50000/d"):
        read_rate(text)


@given(GAPS, st.integers(1, 20), st.integers(1, 5))
def test_no_window_holds_more_than_rate_and_burst(gaps, count, burst) -> None:
    """In any t seconds at most rate * t + burst messages go, however they are asked."""
    bucket = Bucket(Rate(count=count), burst)
    sent = [bucket.reserve(now) for now in times(gaps)]
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = count * (sent[last] - sent[first]) + burst
            assert last - first + 1 <= allowed + 1e-6


@given(GAPS, RATES, st.integers(1, 5))
def test_reservations_never_run_backwards(gaps, rate, burst) -> None:
    """Who asks later goes later, and nobody goes before they asked."""
    bucket = Bucket(rate, burst)
    moments = times(gaps)
    sent = [bucket.reserve(now) for now in moments]
    assert sent == sorted(sent)
    assert all(go >= now for go, now in zip(sent, moments, strict=True))


@given(st.integers(1, 1000), st.integers(1, 5))
def test_the_rate_is_exact_in_the_long_run(count, burst) -> None:
    """Ten thousand messages, each sent when it may go, take their time to 0.1 %."""
    bucket = Bucket(Rate(count=count), burst)
    now = 0.0
    for _ in range(10_000):
        now = bucket.reserve(now)
    assert now == pytest.approx((10_000 - burst) / count, rel=1e-3)


@given(st.floats(0, 1e7), st.integers(1, 5))
def test_a_long_rest_earns_no_more_than_the_burst(rest, burst) -> None:
    """After hours of silence a relay gets one burst, not the whole backlog."""
    bucket = Bucket(Rate(count=1), burst)
    bucket.reserve(0.0)
    now = rest + 1.0
    at_once = sum(bucket.reserve(now) <= now + 1e-6 for _ in range(20))
    assert at_once <= burst
    assert at_once == burst or rest < burst


def test_a_burst_of_nothing_is_refused() -> None:
    """A bucket that holds no token would never let anybody go."""
    with pytest.raises(ValueError, match="at least 1 message, not 0"):
        Bucket(Rate(count=1), burst=0)
