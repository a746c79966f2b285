"""How long a run takes at best."""

from __future__ import annotations

import pytest

from mailer.delivery.forecast import forecast
from mailer.delivery.pace import RelayPace
from mailer.delivery.quota import DAY, NO_QUOTAS, Account, Quotas, WarmUp, spent
from mailer.delivery.throttle import read_rate

START = 1_773_468_000.0
HOUR = 3660.0  # what a window of an hour costs, counted by the minute


def relay(rate: str = "", quotas: Quotas = NO_QUOTAS) -> RelayPace:
    return RelayPace(rate=read_rate(rate) if rate else None, quotas=quotas)


@pytest.mark.parametrize(
    ("relays", "messages", "seconds"),
    [
        ([relay()], 1_000_000, 0),
        ([relay("10/s")], 0, 0),
        ([relay("10/s")], 600, 60),
        ([relay("15/s"), relay("5/s")], 8430, 421.5),
        ([relay("10/s"), relay()], 600, 0),
        ([relay(quotas=Quotas(hourly=500))], 500, 0),
        ([relay(quotas=Quotas(hourly=500))], 1700, 3 * HOUR),
        ([relay("5/s", Quotas(hourly=500))], 1000, HOUR + 100),
        ([relay("1/s"), relay(quotas=Quotas(hourly=500))], 600, 100),
        ([relay("1/s"), relay(quotas=Quotas(hourly=500))], 10_000, 8500),
        ([relay(quotas=Quotas(daily=1000))], 2500, 2 * DAY + 900),
        ([relay(quotas=Quotas(warm_up=WarmUp(ceilings=(200, 400, 800))))], 8430, 3 * DAY),
        ([relay(quotas=Quotas(warm_up=WarmUp(ceilings=(200, 400))))], 500, DAY),
    ],
)  # fmt: skip
def test_a_run_is_foreseen(relays, messages, seconds) -> None:
    """Rates add up, quotas come again, a warm-up grows by the day."""
    named = {f"r{n}": relay for n, relay in enumerate(relays)}
    foreseen = forecast(messages, named, {}, START)
    assert foreseen == pytest.approx(seconds, rel=0.02, abs=1)


def test_what_was_sent_before_counts() -> None:
    """The day's quota may be half spent when the run begins."""
    account = spent(Account(), 300, START - 60)
    quotas = Quotas(hourly=500)
    foreseen = forecast(300, {"r": relay(quotas=quotas)}, {"r": account}, START)
    assert foreseen == pytest.approx(3600, abs=61)


def test_a_very_long_run_is_foreseen_at_once() -> None:
    """A million at a hundred an hour: more than a year, said without playing all of it."""
    foreseen = forecast(1_000_000, {"r": relay("1/s", Quotas(hourly=100))}, {}, START)
    assert foreseen == pytest.approx(10_000 * HOUR, rel=0.05)


def test_without_relays_there_is_nothing_to_foresee() -> None:
    """Nobody carries it: that is told elsewhere."""
    assert forecast(100, {}, {}, START) == 0.0
