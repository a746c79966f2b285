"""First come, first served, but nobody waits behind a slow lane."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.lineup import Lineup
from mailer.delivery.pace import LanePace, Pace, RelayPace
from mailer.delivery.throttle import read_rate

START = 1_773_468_000.0
RELAY = "principal"


def pace(relay: str = "", **lanes: str) -> Pace:
    return Pace(
        relays={RELAY: RelayPace(rate=read_rate(relay) if relay else None)},
        lanes={
            name: LanePace(domains=(f"{name}.fr",), rate=read_rate(rate))
            for name, rate in lanes.items()
        },
    )


def lineup(*names: str) -> Lineup[str]:
    """``orange1 gmail1``: each in the lane of its name."""
    line: Lineup[str] = Lineup()
    for name in names:
        line.add(name.rstrip("0123456789"), name)
    return line


def taken(line: Lineup[str], run: Pace, now: float) -> list[str]:
    """Everybody who may go at *now*."""
    found = []
    while (item := line.take(RELAY, run, now)) is not None:
        found.append(item)
    return found


def test_without_a_pace_it_is_a_queue() -> None:
    """First come, first served; nobody left, nothing to wait for."""
    line, run = lineup("orange1", "gmail1", "orange2"), pace()
    assert line.wait(RELAY, run, START) == 0.0
    assert taken(line, run, START) == ["orange1", "gmail1", "orange2"]
    assert line.wait(RELAY, run, START) is None
    assert len(line) == 0


def test_nobody_waits_behind_a_slow_lane() -> None:
    """One at orange goes, the others step aside, and gmail is not kept waiting."""
    line = lineup("orange1", "orange2", "orange3", "gmail1", "gmail2")
    run = pace(orange="1/s")
    assert taken(line, run, START) == ["orange1", "gmail1", "gmail2"]
    assert len(line) == 2
    wait = line.wait(RELAY, run, START)
    assert wait == pytest.approx(0.95, abs=1e-5)
    assert taken(line, run, START + 0.9) == []
    assert taken(line, run, START + wait + 1e-5) == ["orange2"]


def test_who_stepped_aside_goes_before_who_came_later() -> None:
    """In a lane, and before the rest of the line."""
    line, run = lineup("orange1", "orange2", "gmail1"), pace(orange="1/s")
    taken(line, run, START)
    line.add("gmail", "gmail2")
    line.add("orange", "orange3")
    assert taken(line, run, START + 1) == ["orange2", "gmail2"]
    assert taken(line, run, START + 2) == ["orange3"]


def test_slow_lanes_take_turns() -> None:
    """A relay that is slow itself carries each of them in turn."""
    names = [f"{lane}{n}" for lane in ("orange", "sfr", "free") for n in range(4)]
    line, run = lineup(*names), pace("2/s", orange="10/s", sfr="10/s", free="10/s")
    for lane in ("orange", "sfr", "free"):
        run.slowed(RELAY, lane, START)
    assert taken(line, run, START) == []
    gone = [line.take(RELAY, run, START + 6 + n / 2) for n in range(6)]
    assert gone == ["orange0", "sfr0", "free0", "orange1", "sfr1", "free1"]


def test_a_relay_that_may_not_send_sets_nobody_aside() -> None:
    """Its own pace says nothing about lanes."""
    line, run = lineup("orange1", "gmail1"), pace("1/s")
    assert line.take(RELAY, run, START) == "orange1"
    assert line.take(RELAY, run, START) is None
    assert line.wait(RELAY, run, START) == pytest.approx(0.95, abs=1e-5)
    assert line.take("other", run, START) == "gmail1"


def test_what_was_not_begun_goes_first_again() -> None:
    """Whether its lane is aside or not."""
    line, run = lineup("gmail1", "orange1", "orange2"), pace(orange="1/s")
    assert line.take(RELAY, run, START) == "gmail1"
    line.put_back("gmail", "gmail1")
    assert taken(line, run, START) == ["gmail1", "orange1"]
    line.put_back("orange", "orange1")
    assert len(line) == 2
    assert taken(line, run, START + 1) == ["orange1"]


def test_the_excess_of_a_slow_lane_is_spread() -> None:
    """Who would wait too long comes out, each with the moment of their turn."""
    line = lineup(*[f"orange{n}" for n in range(100)], "gmail1")
    run = pace(orange="2/s")
    assert taken(line, run, START) == ["orange0", "gmail1"]
    late = line.excess(run, horizon=10.0, now=START)
    assert len(line) == 20
    assert [name for name, _ in late] == [f"orange{n}" for n in range(99, 20, -1)]
    seconds = [wait for _, wait in late]
    assert seconds[-1] == pytest.approx(10.5, abs=0.1)
    assert seconds[0] == pytest.approx(49.5, abs=0.1)
    assert line.excess(run, horizon=10.0, now=START) == []
    # Kept or put back, they go at the pace of their lane.
    assert len(taken(line, run, START + 5)) == 1


def test_everybody_can_be_given_back() -> None:
    """Aside or not."""
    line, run = lineup("orange1", "orange2", "gmail1"), pace(orange="1/s")
    line.take(RELAY, run, START)
    line.take(RELAY, run, START)
    line.add("gmail", "gmail2")
    assert line.empty() == ["orange2", "gmail2"]
    assert len(line) == 0
    assert line.wait(RELAY, run, START) is None


EVENTS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from(["orange", "sfr", "gmail", "x.example"]),
        st.sampled_from(["add", "add", "take", "take", "put back", "slow", "took"]),
    ),
    max_size=100,
)


@given(EVENTS)
def test_nobody_is_lost_and_nobody_overtakes_in_their_lane(events) -> None:
    """Whatever happens: all come out once, in each lane in the order they came."""
    line: Lineup[tuple[str, int]] = Lineup()
    run, now = pace("50/s", orange="2/s"), START
    came: list[tuple[str, int]] = []
    went: list[tuple[str, int]] = []
    for n, (wait, lane, event) in enumerate(events):
        now += wait
        match event:
            case "add":
                came.append((lane, n))
                line.add(lane, (lane, n))
            case "take":
                if (item := line.take(RELAY, run, now)) is not None:
                    went.append(item)
                else:  # whoever waits as told does not spin
                    assert line.wait(RELAY, run, now) != 0.0
            case "put back" if went:
                line.put_back(went[-1][0], went.pop())
            case "slow":
                run.slowed(RELAY, lane, now)
            case "took":
                run.took(RELAY, lane, now)
        assert len(line) == len(came) - len(went)
    for _ in range(10_000):
        pause = line.wait(RELAY, run, now)
        if pause is None:
            break
        now += pause + 1e-5
        if (item := line.take(RELAY, run, now)) is not None:
            went.append(item)
    assert sorted(went) == sorted(came)
    for lane in ("orange", "sfr", "gmail", "x.example"):
        assert [w for w in went if w[0] == lane] == [c for c in came if c[0] == lane]
