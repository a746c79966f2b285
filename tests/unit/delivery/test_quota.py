"""Hourly and daily quotas, the warm-up, and credits booked ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.pace import Pace, RelayPace
from mailer.delivery.quota import (
    DAY,
    LOST,
    Account,
    Quotas,
    Room,
    WarmUp,
    at,
    read_warm_up,
    room,
    spent,
    usage,
)
from mailer.delivery.sharing import PaceState, meet

START = 1_773_468_000.0
RELAY, LANE = "principal", "orange"


# -- how a warm-up is written ---------------------------------------------------


@pytest.mark.parametrize(
    ("value", "ceilings"),
    [
        ([200, 400, 800], (200, 400, 800)),
        ("200 x2 to 2000", (200, 400, 800, 1600, 2000)),
        (" 100x1.5 to 300 ", (100, 150, 225, 300)),
        ("3 x1.1 to 6", (3, 4, 5, 6)),
        ([50], (50,)),
    ],
)
def test_a_warm_up_is_a_list_or_a_rule(value, ceilings) -> None:
    """One ceiling a day; a rule is a list that nobody has to type."""
    assert read_warm_up(value) == WarmUp(ceilings=ceilings)


@pytest.mark.parametrize(
    "value",
    ["", "fast", "200 x1 to 500", "200 x2 to 100", "0 x2 to 9", [], [0], [4, 2]],
)
def test_what_is_no_warm_up_is_told_how_to_be_one(value) -> None:
    """A ceiling of nothing, or one that sinks, was not meant."""
    with pytest.raises(ValueError, match="200 x2 to 50000"):
        read_warm_up(value)


# -- accounts ---------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(st.floats(0, 4000), st.integers(1, 40)), min_size=1, max_size=40
)


@given(STEPS, st.integers(1, 100), st.integers(1, 300))
def test_no_hour_and_no_day_holds_more_than_its_quota(steps, hourly, daily) -> None:
    """However it is asked for, and at whatever second an hour is begun to be counted."""
    quotas = Quotas(hourly=hourly, daily=daily)
    account, now, went = Account(), START + 17.3, []
    for wait, wanted in steps:
        now += wait
        account = at(account, quotas, now)
        left = room(account, quotas)
        assert left is not None
        account = spent(account, min(wanted, left.messages), now)
        went += [now] * min(wanted, left.messages)
    for first in went:
        assert sum(first <= moment < first + 3600 for moment in went) <= hourly
        assert sum(first <= moment < first + DAY for moment in went) <= daily


@given(STEPS, st.integers(1, 100))
def test_room_comes_when_it_was_promised(steps, hourly) -> None:
    """At `again_at` a message may go, and not a second before."""
    quotas = Quotas(hourly=hourly)
    account, now = Account(), START
    for wait, wanted in steps:
        now += wait
        account = spent(at(account, quotas, now), wanted, now)
        left = room(account, quotas)
        assert left is not None
        if not left.messages:
            before = room(at(account, quotas, left.again_at - 1), quotas)
            then = room(at(account, quotas, left.again_at), quotas)
            assert (before.messages, then.messages > 0) == (0, True)  # type: ignore[union-attr]


def test_a_quota_is_used_up_to_the_last_message() -> None:
    """An hour and a minute after the first ones, as many may go again."""
    quotas = Quotas(hourly=100)
    account = spent(Account(), 100, START)
    assert room(account, quotas) == Room(0, START + 3660)
    assert room(at(account, quotas, START + 3660), quotas) == Room(100)


def test_without_quotas_there_is_no_end_of_room() -> None:
    """None: nothing to count."""
    assert room(Account(), Quotas()) is None
    assert not Quotas()


def test_the_narrowest_quota_decides() -> None:
    """What is left of each, and the last of them to have room again."""
    quotas = Quotas(hourly=10, daily=15)
    account = spent(Account(), 10, START)
    assert room(account, quotas) == Room(0, START + 3660)
    later = START + 3660
    account = spent(at(account, quotas, later), 5, later)
    assert room(account, quotas) == Room(0, START + 900 + DAY)


# -- the warm-up --------------------------------------------------------------------


def day(quotas: Quotas, account: Account, now: float, wanted: int) -> Account:
    account = at(account, quotas, now)
    left = room(account, quotas)
    return spent(account, min(wanted, left.messages if left else wanted), now)


def test_a_warm_up_grows_day_by_day() -> None:
    """Each day of use allows the next ceiling; after the last one there is none."""
    quotas = Quotas(warm_up=WarmUp(ceilings=(200, 400, 800)))
    account, sent = Account(), []
    for n in range(5):
        account = day(quotas, account, START + n * DAY, 5000)
        sent.append(account.day)
    assert sent == [200, 400, 800, 5000, 5000]
    assert room(at(account, quotas, START + 6 * DAY), quotas) is None


def test_a_day_of_rest_warms_nobody_up() -> None:
    """A weekly letter grows by the week: the plan counts days of use, not dates."""
    quotas = Quotas(warm_up=WarmUp(ceilings=(200, 400)))
    account = day(quotas, Account(), START, 200)
    account = day(quotas, account, START + 7 * DAY, 5000)
    assert account.day == 400


def test_a_few_proofs_are_no_day_of_use() -> None:
    """Less than half of a ceiling does not raise it."""
    quotas = Quotas(warm_up=WarmUp(ceilings=(200, 400)))
    account = day(quotas, Account(), START, 99)
    account = day(quotas, account, START + DAY, 5000)
    assert account.day == 200


def test_a_day_begins_with_its_first_message() -> None:
    """24 hours from then, whatever the calendar, the zone or the season says."""
    quotas = Quotas(warm_up=WarmUp(ceilings=(200, 400)))
    account = day(quotas, Account(), START, 200)
    assert room(at(account, quotas, START + DAY - 1), quotas) == Room(0, START + DAY)
    assert room(at(account, quotas, START + DAY), quotas) == Room(400)


def test_the_daily_quota_holds_during_a_warm_up_too() -> None:
    """The lower one of the two."""
    quotas = Quotas(daily=300, warm_up=WarmUp(ceilings=(200, 400)))
    account = day(quotas, Account(), START, 500)
    account = day(quotas, account, START + DAY + 900, 500)
    assert account.day == 300


def test_usage_says_it_to_people() -> None:
    """Last hour, last day, the day of the warm-up counted from one."""
    quotas = Quotas(hourly=1000, warm_up=WarmUp(ceilings=(200, 400)))
    account = spent(Account(booked={"a": 3}), 150, START)
    said = usage(account, quotas, START + DAY)
    assert (said.last_hour, said.last_day, said.today) == (3, 153, 3)
    assert (said.warming_day, said.ceiling) == (2, 400)
    assert usage(account, Quotas(hourly=1000), START).warming_day is None


# -- clocks that lie ------------------------------------------------------------------


def test_a_clock_set_back_empties_no_window() -> None:
    """What seems to lie in the future still counts, and stops counting in time."""
    quotas = Quotas(hourly=100)
    account = spent(Account(), 100, START + 7200)
    account = at(account, quotas, START)
    assert room(account, quotas) == Room(0, START + 3660)
    assert room(at(account, quotas, START + 3660), quotas) == Room(100)


# -- credits: processes that come, work, and are killed ----------------------------------


@dataclass
class Store:
    """What outlives the processes, and every message that went, for the judges."""

    quotas: Quotas
    state: PaceState = field(default_factory=PaceState)
    went: list[float] = field(default_factory=list)


class Process:
    """One sender: asks its pace, sends, brings reports when it wants to."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.pace = Pace(relays={RELAY: RelayPace(quotas=store.quotas)}, worker=name)

    def meet(self, now: float, *, leaving: bool = False) -> None:
        answer = meet(self.store.state, self.pace.report(now, leaving=leaving))
        self.store.state = answer.state
        self.pace.adopt(answer, now)

    def send(self, now: float, most: int) -> int:
        """As many of *most* messages as may go at *now*."""
        for sent in range(most):
            if self.pace.wants(now):
                self.meet(now)
            if self.pace.ready(RELAY, LANE, now):
                return sent
            self.pace.spend(RELAY, LANE, now)
            self.store.went.append(now)
        return most


LIVES = st.lists(
    st.tuples(
        st.integers(0, 2),  # which of three processes
        st.floats(0, 900),  # after how many seconds
        st.integers(0, 60),  # how many messages it wants to send
        st.sampled_from(["go on", "go on", "kill", "leave"]),
    ),
    min_size=1,
    max_size=40,
)


@given(LIVES, st.integers(1, 120), st.integers(50, 300))
def test_no_quota_is_exceeded_whoever_is_killed(lives, hourly, daily) -> None:
    """Three processes on one store, killed at any moment without a word."""
    store = Store(Quotas(hourly=hourly, daily=daily))
    names = (f"w{n}" for n in range(1000))
    processes = [Process(store, next(names)) for _ in range(3)]
    now = START
    for which, wait, wanted, end in lives:
        now += wait
        processes[which].send(now, wanted)
        if end == "leave":
            processes[which].meet(now, leaving=True)
        if end != "go on":
            processes[which] = Process(store, next(names))
    for first in store.went:
        assert sum(first <= m < first + 3600 for m in store.went) <= hourly
        assert sum(first <= m < first + DAY for m in store.went) <= daily


@given(LIVES)
def test_no_ceiling_is_exceeded_whoever_is_killed(lives) -> None:
    """The same for the warm-up: each day of use at most its own."""
    store = Store(Quotas(warm_up=WarmUp(ceilings=(30, 60, 120))))
    names = (f"w{n}" for n in range(1000))
    processes = [Process(store, next(names)) for _ in range(3)]
    now = START
    for which, wait, wanted, end in lives:
        now += wait
        processes[which].send(now, wanted)
        if end != "go on":
            processes[which] = Process(store, next(names))
    # All of it happens within ten hours: the first day, whoever sends.
    assert len(store.went) <= 30


def run(process: Process, now: float, seconds: float, step: float) -> Iterator[float]:
    """The moments at which messages went, asked every *step* seconds."""
    end = now + seconds
    while now < end:
        if process.send(now, 1):
            yield now
        else:
            wait = process.pace.ready(RELAY, LANE, now)
            now += min(max(wait, step), 60.0)
        now += step


def test_a_quota_is_used_wholly_by_who_works_alone() -> None:
    """Booking ahead wastes nothing while nobody dies: 1,000 an hour are 1,000."""
    process = Process(Store(Quotas(hourly=1000)), "a")
    went = list(run(process, START, 3600, 0.01))
    assert len(went) == 1000


def test_credits_do_not_slow_who_has_room() -> None:
    """With room to spare, 500 a second go after the first moments."""
    process = Process(Store(Quotas(hourly=1_000_000)), "a")
    went = list(run(process, START, 10, 0.002))
    assert len(went) > 4700


def test_a_killed_process_wastes_its_credit_and_no_more() -> None:
    """What it had booked counts as spent after some seconds; the rest is free to use."""
    store = Store(Quotas(hourly=1000))
    first = Process(store, "a")
    first.send(START, 5)
    held = store.state.accounts[RELAY].held
    second = Process(store, "b")
    list(run(second, START + LOST + 1, 3000, 0.01))
    assert len(store.went) == 1000 - held + 5
    assert 5 < held <= 20


def test_the_fastest_process_wastes_a_twentieth() -> None:
    """However fast it sends, a small quota is not booked whole by who is killed."""
    store = Store(Quotas(hourly=1000))
    process = Process(store, "a")
    for n in range(20):
        process.send(START + n / 10, 200)
        assert store.state.accounts[RELAY].held <= 50
    assert len(store.went) > 500


def test_who_leaves_gives_back() -> None:
    """After a proper end the account is exact."""
    store = Store(Quotas(hourly=1000))
    process = Process(store, "a")
    process.send(START, 7)
    process.meet(START + 1, leaving=True)
    account = store.state.accounts[RELAY]
    assert (account.held, account.last_hour()) == (0, 7)
    assert store.state.workers == {}
    assert process.pace.ready(RELAY, LANE, START + 1) > 0  # nothing of it is left


def test_two_processes_use_a_quota_between_them() -> None:
    """Together they send what one could, to the last message."""
    store = Store(Quotas(hourly=400))
    one, two = Process(store, "a"), Process(store, "b")
    now = START
    while now < START + 3000:
        one.send(now, 2)
        two.send(now, 1)
        now += 0.5
    assert len(store.went) == 400


def test_a_process_that_slept_does_not_trust_its_credit() -> None:
    """Stopped and woken, it asks again before it sends."""
    store = Store(Quotas(hourly=1000))
    process = Process(store, "a")
    process.send(START, 1)
    assert process.pace.ready(RELAY, LANE, START + 1) == 0.0
    assert process.pace.ready(RELAY, LANE, START + LOST) > 0.0
    assert process.pace.wants(START + LOST)


def test_a_spent_quota_is_waited_for_not_asked_for() -> None:
    """Once spent, it says when to come again, and wants nothing until then."""
    store = Store(Quotas(hourly=10))
    process = Process(store, "a")
    process.send(START, 50)
    assert len(store.went) == 10
    now = START + 0.2
    process.send(now, 1)
    wait = process.pace.ready(RELAY, LANE, now)
    assert now + wait == START + 3660
    assert process.send(now + wait, 20) == 10


def test_what_others_hold_is_asked_for_again_soon() -> None:
    """The last of a quota is booked by one; the other waits a second, not an hour."""
    store = Store(Quotas(hourly=10))
    one, two = Process(store, "a"), Process(store, "b")
    one.meet(START)
    two.meet(START)
    assert one.pace.ready(RELAY, LANE, START) == 0.0
    assert two.pace.ready(RELAY, LANE, START) == 1.0
    one.meet(START + 0.5, leaving=True)
    assert two.send(START + 1, 20) == 10
