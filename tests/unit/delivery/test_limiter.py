"""How fast one relay or lane goes, and how it gives way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.limiter import (
    CATCH_UP,
    FIRST_PAUSE,
    FLOOR,
    FORGOTTEN,
    LONGEST_PAUSE,
    Limiter,
    Slowness,
)

START = 1_773_468_000.0  # seconds since the epoch: floats are coarser there than at 0
RATES = st.floats(0.01, 5000)
# What happens between two askings: waits, some of them longer than any bucket.
GAPS = st.lists(st.floats(0, 3), min_size=1, max_size=80)


def goes(limiter: Limiter, moments: Sequence[float]) -> list[float]:
    """The moments at which a message went, asked at each of *moments*."""
    gone = []
    for now in moments:
        if limiter.ready(now) == 0.0:
            limiter.spend(now)
            gone.append(now)
    return gone


def moments_of(gaps: Sequence[float]) -> list[float]:
    moments, now = [], START
    for gap in gaps:
        now += gap
        moments.append(now)
    return moments


@given(RATES, GAPS)
def test_no_window_holds_more_than_rate_and_catch_up(rate: float, gaps) -> None:
    """In any t seconds at most rate * (t + catch-up) + 1 go, however they are asked."""
    gone = goes(Limiter(rate), moments_of(gaps))
    for first in range(len(gone)):
        for last in range(first, len(gone)):
            window = gone[last] - gone[first]
            # A float of today is exact to a quarter of a microsecond, each way.
            allowed = rate * (window + CATCH_UP + 1e-6) + 1
            assert last - first + 1 <= allowed + 1e-6


@given(RATES, GAPS)
def test_waiting_as_told_is_enough(rate: float, gaps) -> None:
    """Who waits as long as was said may go then, and not a moment before."""
    limiter = Limiter(rate)
    for now in moments_of(gaps):
        wait = limiter.ready(now)
        assert limiter.ready(now) == wait  # to ask changes nothing
        if wait > 1e-3:
            assert limiter.ready(now + wait / 2) > 0
        assert limiter.ready(now + wait + 1e-6) == 0.0
        limiter.spend(now + wait)


@pytest.mark.parametrize("rate", [1.0, 20.0, 1000.0])
@pytest.mark.parametrize("late", [0.0, 0.001, 0.02])
def test_the_rate_is_kept_whatever_the_timers(rate: float, late: float) -> None:
    """Woken late every time, by a millisecond or twenty, it is exact to 0.1 %."""
    limiter, now, sent = Limiter(rate), START, 0
    span = max(3600 / rate, 20.0)
    while now < START + span:
        wait = limiter.ready(now)
        if wait:
            now += wait + late
        else:
            limiter.spend(now)
            sent += 1
    assert sent == pytest.approx(span * rate, rel=1e-3, abs=CATCH_UP * rate + 3)


@pytest.mark.parametrize("rate", [1.0, 20.0, 1000.0])
def test_stumbles_cost_little(rate: float) -> None:
    """A loop that stands still for 40 ms twice a second keeps its rate to 2 %."""
    limiter, now, sent = Limiter(rate), START, 0
    span = max(3600 / rate, 30.0)
    stumble = START
    while now < START + span:
        wait = limiter.ready(now)
        if wait:
            # A timer of the operating system: whole milliseconds, rounded up.
            now += -(-wait // 0.001) * 0.001
        else:
            limiter.spend(now)
            sent += 1
        if now > stumble:
            now, stumble = now + 0.04, now + 0.5
    assert sent == pytest.approx(span * rate, rel=0.02, abs=1)


def test_without_a_rate_nothing_waits() -> None:
    """As fast as it goes, until somebody objects."""
    limiter = Limiter()
    for _ in range(1000):
        assert limiter.ready(START) == 0.0
        limiter.spend(START)
    assert limiter.kept() is None
    assert not limiter.is_slowed


def test_a_slow_down_halves_the_rate_after_a_pause() -> None:
    """What was measured counts where nothing was configured."""
    limiter = Limiter()
    assert limiter.slowed(START, lately=80.0)
    assert limiter.rate == 40.0
    assert limiter.ready(START) == FIRST_PAUSE
    assert limiter.ready(START + FIRST_PAUSE) == 0.0
    limiter.spend(START + FIRST_PAUSE)
    limiter.spend(START + FIRST_PAUSE)
    assert limiter.ready(START + FIRST_PAUSE) == pytest.approx(0.0, abs=1e-6)
    limiter.spend(START + FIRST_PAUSE)
    assert limiter.ready(START + FIRST_PAUSE) == pytest.approx(
        0.075 - CATCH_UP, abs=1e-6
    )


def test_what_was_on_its_way_slows_nobody_twice() -> None:
    """Thirty connections hear the same "slow down": the rate is halved once."""
    limiter = Limiter(100.0)
    heard = [limiter.slowed(START + n / 10, None) for n in range(30)]
    assert heard == [True] + [False] * 29
    assert limiter.rate == 50.0


def test_pauses_grow_while_nothing_is_accepted() -> None:
    """5 s, 10 s, 20 s, up to five minutes; the first acceptance ends it."""
    limiter, now, pauses = Limiter(100.0), START, []
    for _ in range(9):
        limiter.slowed(now, None)
        pauses.append(limiter.ready(now))
        now += pauses[-1]
    assert pauses == pytest.approx([5, 10, 20, 40, 80, 160, 300, 300, 300])
    limiter.took(now)
    limiter.slowed(now, None)
    assert limiter.ready(now) == FIRST_PAUSE


@given(st.one_of(st.none(), RATES), st.lists(st.floats(0, 400), max_size=60))
def test_nobody_is_slowed_below_the_floor(configured: float | None, gaps) -> None:
    """However often it is asked, a message every ten seconds goes, but for the pauses."""
    limiter = Limiter(configured)
    for now in moments_of(gaps):
        limiter.slowed(now, 3.0)
        assert limiter.rate is not None
        assert limiter.rate >= min(FLOOR, configured or FLOOR)
        assert limiter.ready(now) <= LONGEST_PAUSE


def test_the_rate_comes_back_in_five_minutes() -> None:
    """From half to the whole while messages are accepted, and never beyond it."""
    limiter = Limiter(20.0)
    limiter.slowed(START, None)
    now = START + FIRST_PAUSE
    for _ in range(300 * 15):
        now += 1 / 15
        limiter.took(now)
    assert limiter.rate == pytest.approx(20.0, rel=0.01)
    for _ in range(100):
        now += 1.0
        limiter.took(now)
    assert limiter.rate == 20.0
    assert not limiter.is_slowed


def test_a_limit_nobody_configured_goes_away() -> None:
    """A quarter of an hour without an objection, and the lane is free again."""
    limiter = Limiter()
    limiter.slowed(START, lately=80.0)
    now = START + FIRST_PAUSE
    while limiter.rate is not None:
        now += 1.0
        limiter.took(now)
    assert 890 < now - START < 920
    assert limiter.ready(now) == 0.0


def test_silence_is_no_recovery() -> None:
    """An hour without a message proves nothing about the provider's patience."""
    limiter = Limiter(20.0)
    limiter.slowed(START, None)
    limiter.took(START + 3600)
    assert limiter.rate == pytest.approx(10.0, rel=0.05)


def test_acceptances_of_older_messages_mend_nothing() -> None:
    """During the pause only what went before it is answered."""
    limiter = Limiter(20.0)
    limiter.slowed(START, None)
    limiter.took(START + 1)
    assert limiter.rate == 10.0


def test_what_really_goes_counts_when_it_is_less() -> None:
    """A lane at 100/s that has 10 messages a second is slowed to 5, not to 50."""
    limiter = Limiter(100.0)
    limiter.slowed(START, lately=10.0)
    assert limiter.rate == 5.0


@given(RATES, st.integers(1, 500), st.floats(0, 10))
def test_the_backlogs_last_message_goes_when_foretold(rate, backlog, rest) -> None:
    """`eta` is what happens when every message goes as soon as it may."""
    limiter, now = Limiter(rate), START
    limiter.spend(now)
    now += rest
    if backlog % 3 == 0:
        limiter.slowed(now, None)
    foretold = limiter.eta(backlog, now)
    start = now
    for _ in range(backlog):
        now += limiter.ready(now)
        limiter.spend(now)
    # To the length of the catch-up, which the first messages of a burst may use.
    assert now - start == pytest.approx(foretold, abs=CATCH_UP + 1e-3)


def test_shares_of_a_rate() -> None:
    """Two processes at half the rate each make up the whole."""
    limiters = [Limiter(10.0), Limiter(10.0)]
    for limiter in limiters:
        limiter.share(0.5)
    every = [START + n / 100 for n in range(6000)]
    sent = sum(len(goes(limiter, every)) for limiter in limiters)
    assert sent == pytest.approx(600, abs=4)


def test_a_restart_knows_who_was_slowed() -> None:
    """Rate, pause and goal are taken up, and recovery goes on to where it was."""
    old, new = Limiter(), Limiter()
    old.slowed(START, lately=80.0)
    kept = old.kept()
    assert kept is not None
    new.restore(kept, START + 1)
    assert new.rate == 40.0
    assert new.ready(START + 1) == FIRST_PAUSE - 1
    assert new.kept() == kept


def test_yesterday_is_forgotten() -> None:
    """After a day a slow-down says nothing about today."""
    limiter = Limiter(20.0)
    old = Slowness(rate=1.0, aim=20.0, slowed_at=START, paused_until=START + 5)
    limiter.restore(old, START + FORGOTTEN + 1)
    assert limiter.rate == 20.0


def test_a_slow_down_from_the_future_does_not_silence() -> None:
    """A clock set back, or a restored database, costs one pause at most."""
    limiter = Limiter(20.0)
    strange = Slowness(
        rate=1.0, aim=20.0, slowed_at=START + 1e6, paused_until=START + 2e6
    )
    limiter.restore(strange, START)
    assert limiter.ready(START) <= LONGEST_PAUSE
    assert limiter.slowed(START + LONGEST_PAUSE, None)


def test_what_others_learned_is_taken_over() -> None:
    """Another process's slow-down is ours; so is its recovery, never ours undone."""
    one, two = Limiter(20.0), Limiter(20.0)
    one.slowed(START, None)
    two.restore(one.kept(), START)  # type: ignore[arg-type]
    assert two.rate == 10.0
    for n in range(60):
        two.took(START + FIRST_PAUSE + n)
    one.restore(two.kept(), START + 70)  # type: ignore[arg-type]
    assert one.rate == two.rate
    assert one.rate is not None
    assert one.rate > 11
    better = one.rate
    one.restore(Slowness(rate=10.0, aim=20.0, slowed_at=START, paused_until=0), START)
    assert one.rate == better


def test_a_setting_caps_what_was_kept() -> None:
    """Who lowers a rate while a lane recovers gets the lower one."""
    limiter = Limiter(5.0)
    limiter.restore(
        Slowness(rate=15.0, aim=20.0, slowed_at=START, paused_until=START), START
    )
    assert limiter.rate == 5.0


def test_a_slow_bucket_is_no_gift_at_a_restart() -> None:
    """At one an hour, a restart does not send another one at once."""
    limiter = Limiter(1 / 3600)
    limiter.spend(START)
    assert limiter.is_slow
    after = Limiter(1 / 3600)
    after.resume(limiter.full_at, START + 10)
    assert after.ready(START + 10) == pytest.approx(3590, abs=0.1)
    after.resume(START + 1e9, START + 10)  # from a clock that was wrong
    assert after.ready(START + 10) <= 3600
