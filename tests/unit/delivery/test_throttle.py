"""Rates, as they are written in the settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.throttle import Rate, read_rate

RATES = st.builds(
    Rate, count=st.integers(1, 100_000), unit=st.sampled_from(["s", "min", "h", "d"])
)


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
    assert 1 / read_rate(text).per_second == pytest.approx(interval)


@pytest.mark.parametrize("text", ["", "fast", "100", "0/s", "-1/s", "1.5/s", "9/week"])
def test_what_is_no_rate_is_told_how_to_be_one(text) -> None:
    """The error shows the forms that can be read."""
    with pytest.raises(ValueError, match="100/s, 20/min, 5000/h or 50000/d"):
        read_rate(text)
