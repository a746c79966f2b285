"""Which relay carries the next message, and which is set aside."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.switchboard import Health, Share, Standing, Switchboard
from mailer.phrases import say

REFUSED = say("refuses the login")
DOWN = say("cannot be reached")
WEIGHTS = st.lists(st.integers(1, 20), min_size=1, max_size=5)
NAMES = "abcde"


def board(*weights: int, priorities: str = "", connections: int = 4) -> Switchboard:
    return Switchboard(
        Share(
            relay=NAMES[at],
            weight=weight,
            priority=int(priorities[at]) if priorities else 1,
            connections=connections,
        )
        for at, weight in enumerate(weights)
    )


def carry(switch: Switchboard, able: str, now: float = 0.0) -> str | None:
    """The relay that takes the next message, and none that did not ask."""
    chosen = [name for name in able if switch.may_take(name, now, able)]
    assert len(chosen) <= 1
    for name in chosen:
        switch.took(name)
    return chosen[0] if chosen else None


def fail(switch: Switchboard, relay: str, now: float, times: int = 3, **how: object):
    """The news of the last of some failures in a row."""
    news = [switch.failed(relay, now, DOWN, **how) for _ in range(times)]
    return news[-1]


def health(switch: Switchboard, relay: str, now: float) -> Health:
    return standing(switch, relay, now).health


def standing(switch: Switchboard, relay: str, now: float) -> Standing:
    return next(s for s in switch.standings(now) if s.relay == relay)


# -- shares -------------------------------------------------------------------


@given(WEIGHTS, st.integers(1, 400))
def test_shares_converge_to_the_weights(weights: list[int], messages: int) -> None:
    """When all are able, each carries its share of any number, give or take a message."""
    switch = board(*weights)
    names = NAMES[: len(weights)]
    carried = Counter(carry(switch, names) for _ in range(messages))
    assert carried.total() == messages
    for name, weight in zip(names, weights, strict=True):
        due = messages * weight / sum(weights)
        assert abs(carried[name] - due) <= len(weights)


@given(WEIGHTS, st.lists(st.sets(st.sampled_from(NAMES), min_size=1), max_size=60))
def test_no_message_waits_while_a_relay_could_take_it(
    weights: list[int], moments: list[set[str]]
) -> None:
    """Whoever is able, one of them may take the next; never somebody else."""
    names = NAMES[: len(weights)]
    switch = board(*weights)
    for moment in moments:
        able = "".join(sorted(moment & set(names)))
        chosen = carry(switch, able)
        assert (chosen in able) if able else chosen is None


@given(st.integers(0, 5000))
def test_a_relay_that_missed_its_turns_does_not_claim_them_all(missed: int) -> None:
    """After a long rest a relay catches up a little and then keeps to its share."""
    switch = board(1, 1)
    for _ in range(missed):
        assert carry(switch, "a") == "a"
    carried = Counter(carry(switch, "ab") for _ in range(200))
    assert 100 <= carried["b"] <= 110


def test_a_relay_that_is_busy_now_and_then_keeps_its_share() -> None:
    """To miss a single turn costs nothing: it comes back."""
    switch = board(3, 1)
    carried = Counter(carry(switch, "b" if n % 5 == 0 else "ab") for n in range(4000))
    assert carried["a"] == pytest.approx(3000, abs=25)


# -- priorities ---------------------------------------------------------------


def test_the_second_priority_carries_when_nobody_of_the_first_is_up() -> None:
    """A relay for emergencies holds no connection until there is one."""
    switch = board(1, 1, 1, priorities="112")
    assert switch.carriers(0) == {"a", "b"}
    assert not switch.may_take("c", 0, "c")
    fail(switch, "a", 0)
    assert switch.carriers(0) == {"b"}
    assert {carry(switch, "abc") for _ in range(9)} == {"b"}
    fail(switch, "b", 0)
    assert switch.carriers(0) == {"c"}
    assert {carry(switch, "abc") for _ in range(9)} == {"c"}


def test_the_first_priority_is_tried_for_while_the_second_carries() -> None:
    """On probation the better relay gets one connection; when it is up it carries."""
    switch = board(1, 1, priorities="12")
    fail(switch, "a", 0)
    assert switch.carriers(9) == {"b"}
    assert switch.wake_at(9) == 10
    assert switch.carriers(10) == {"a", "b"}
    assert (switch.connections("a", 10), switch.connections("b", 10)) == (1, 4)
    assert carry(switch, "ab", 10) == "b"  # a has shown nothing yet
    assert switch.reached("a", 11)
    assert switch.carriers(11) == {"a"}
    assert switch.connections("b", 11) == 0


def test_nobody_bothers_with_a_worse_relay_on_probation() -> None:
    """A relay that is not needed is not probed either."""
    switch = board(1, 1, priorities="12")
    fail(switch, "b", 0)
    assert switch.carriers(1000) == {"a"}
    fail(switch, "a", 1000)
    assert switch.carriers(1000) == {"b"}
    assert switch.connections("b", 1000) == 1


# -- the breaker --------------------------------------------------------------


def test_failures_in_a_row_set_a_relay_aside() -> None:
    """Two failures are chance, a success forgets them, three in a row are not."""
    switch = board(1, 1)
    assert fail(switch, "a", 0, times=2) is None
    assert not switch.reached("a", 0)
    assert fail(switch, "a", 0, times=2) is None
    assert switch.carriers(0) == {"a", "b"}
    news = switch.failed("a", 0, DOWN)
    assert news == Standing(relay="a", health=Health.ASIDE, reason=DOWN, until=10)
    assert switch.carriers(0) == {"b"}
    assert {carry(switch, "ab") for _ in range(9)} == {"b"}


@pytest.mark.parametrize("how", ["permanent", "closing"])
def test_some_failures_set_aside_at_once(how: str) -> None:
    """A refused login, and a 421 in place of a greeting, need no second proof."""
    switch = board(1)
    assert fail(switch, "a", 0, times=1, **{how: True}) is not None
    assert switch.carriers(0) == frozenset()


def test_pauses_double_up_to_a_limit_and_begin_anew_after_a_recovery() -> None:
    """Each probation that fails doubles the pause; a relay that held well starts small."""
    switch, now, pauses = board(1), 0.0, []
    fail(switch, "a", now)
    for _ in range(9):
        until = standing(switch, "a", now).until
        pauses.append(until - now)
        now = until
        assert health(switch, "a", now) is Health.PROBATION
        assert fail(switch, "a", now, times=1) is not None  # one is enough here
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 900, 900]
    now += 900
    assert switch.reached("a", now)
    fail(switch, "a", now + 60)  # up for a minute only: not recovered
    assert standing(switch, "a", now + 60).until == now + 60 + 900
    now += 1000
    switch.reached("a", now)
    fail(switch, "a", now + 901)
    assert standing(switch, "a", now + 901).until == now + 911


def test_what_an_operator_must_mend_is_asked_for_seldom() -> None:
    """A refused login rests a quarter of an hour at first, four hours at most."""
    switch, now, pauses = board(1), 0.0, []
    for _ in range(6):
        fail(switch, "a", now, times=1, permanent=True)
        until = standing(switch, "a", now).until
        pauses.append((until - now) / 60)
        now = until
    assert pauses == [15, 30, 60, 120, 240, 240]


@given(st.floats(0, 1, exclude_max=True))
def test_jitter_only_ever_shortens_a_pause_by_a_quarter(jitter: float) -> None:
    """Senders do not come back in step, and none waits longer than the limit."""
    switch = board(1)
    assert 7.5 <= fail(switch, "a", 0, jitter=jitter).until <= 10


def test_who_was_on_the_way_already_prolongs_nothing() -> None:
    """Four connections that fail together are one failure, not four doublings."""
    switch = board(1)
    fail(switch, "a", 0)
    assert fail(switch, "a", 1, times=5) is None
    assert standing(switch, "a", 1).until == 10


def test_a_permanent_reason_outweighs_a_temporary_one() -> None:
    """Once the login is refused, the relay is not tried for after ten seconds."""
    switch = board(1)
    fail(switch, "a", 0)
    switch.failed("a", 1, REFUSED, permanent=True)
    found = standing(switch, "a", 1)
    assert (found.reason, found.permanent) == (REFUSED, True)
    assert found.until > 900


def test_on_probation_one_connection_decides() -> None:
    """Success brings the relay back with all its connections and its fair share."""
    switch = board(1, 1)
    fail(switch, "a", 0)
    for _ in range(500):
        carry(switch, "ab")
    assert switch.connections("a", 10) == 1
    assert not switch.may_take("a", 10, "a")
    assert switch.reached("a", 10)
    assert switch.connections("a", 10) == 4
    carried = Counter(carry(switch, "ab", 10) for _ in range(100))
    assert carried["a"] == pytest.approx(50, abs=1)
    assert standing(switch, "a", 10).reason == ""


def test_a_relay_with_no_room_for_one_more_keeps_what_it_has() -> None:
    """A 421 while other connections live lowers their number, and sets nobody aside."""
    switch = board(1, connections=8)
    for _ in range(5):
        assert switch.failed("a", 0, DOWN, closing=True, held=3) is None
    assert switch.connections("a", 1) == 3
    later = switch.wake_at(1)
    assert switch.connections("a", later) == 4  # one more is tried for
    switch.reached("a", later)
    assert switch.connections("a", later) == 5
    assert switch.failed("a", later, DOWN, held=4) is None
    assert switch.connections("a", later) == 4
    assert switch.wake_at(later) > later + 10
    for moment in range(1000, 1005):
        switch.reached("a", moment)
    assert switch.connections("a", 2000) == 8


def test_a_refused_login_sets_aside_whatever_is_open() -> None:
    """Other connections living on prove nothing about a password that has changed."""
    switch = board(1)
    assert switch.failed("a", 0, REFUSED, permanent=True, held=3) is not None


# -- the operator -------------------------------------------------------------


def test_a_paused_relay_carries_nothing_until_it_is_resumed() -> None:
    """The operator's word is last: neither time nor success overrules it."""
    switch = board(1, 1)
    switch.pause({"a"})
    assert switch.carriers(0) == {"b"}
    switch.reached("a", 1)
    assert (health(switch, "a", 1), switch.connections("a", 1)) == (Health.PAUSED, 0)
    switch.pause(set())
    assert switch.carriers(1) == {"a", "b"}


def test_why_nobody_carries_names_each_relay() -> None:
    """A run that stops for want of relays says what is wrong with each of them."""
    switch = board(1, 1, 1, priorities="112")
    assert switch.why_not(0) == ""
    switch.pause({"b"})
    switch.failed("a", 0, REFUSED, permanent=True)
    assert not switch.is_hopeless(0)
    switch.failed("c", 0, DOWN, closing=True)
    assert not switch.is_hopeless(0)  # c may come back by itself
    assert switch.carriers(0) == frozenset()
    assert switch.why_not(0) == (
        "relay a is set aside: refuses the login; relay b is paused; "
        "relay c is set aside: cannot be reached"
    )
    switch.failed("c", 1, REFUSED, permanent=True)
    assert switch.is_hopeless(1)


def test_the_operator_may_have_a_relay_tried_at_once() -> None:
    """A pause is over when the operator says so; a relay that is up minds nothing."""
    switch = board(1, 1)
    switch.failed("a", 0, REFUSED, permanent=True)
    for name in ("a", "b", "unknown"):
        switch.try_now(name, 5)
    assert health(switch, "a", 5) is Health.PROBATION
    assert (switch.connections("a", 5), switch.connections("b", 5)) == (1, 4)


def test_nothing_wakes_a_board_that_is_well() -> None:
    """No timer where there is nothing to wait for."""
    switch = board(1, 1)
    assert switch.wake_at(0) is None
    switch.pause({"a"})
    assert switch.wake_at(0) is None


# -- anything -----------------------------------------------------------------


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["fail", "bad", "busy", "reach", "pause", "wait", "carry"]),
        st.sampled_from("abc"),
        st.floats(0, 2000),
    ),
    max_size=80,
)


@given(EVENTS, st.text("12", min_size=3, max_size=3))
def test_whatever_happens_only_relays_that_are_up_carry(events, priorities) -> None:
    """No relay aside, paused or on probation takes a message; one that is up does."""
    switch, now = board(3, 2, 1, priorities=priorities), 0.0
    for what, relay, amount in events:
        match what:
            case "fail":
                switch.failed(relay, now, DOWN)
            case "bad":
                switch.failed(relay, now, REFUSED, permanent=True)
            case "busy":
                switch.failed(relay, now, DOWN, closing=True, held=int(amount) % 4)
            case "reach":
                switch.reached(relay, now)
            case "pause":
                switch.pause({relay} if amount > 1000 else set())
            case "wait":
                now += amount
            case "carry":
                up = [n for n in "abc" if health(switch, n, now) is Health.UP]
                best = min((priorities["abc".index(n)] for n in up), default="")
                chosen = carry(switch, "abc", now)
                expected = [n for n in up if priorities["abc".index(n)] == best]
                assert chosen in expected or (not expected and chosen is None)
        carriers = switch.carriers(now)
        for name in "abc":
            held = switch.connections(name, now)
            assert (held > 0) == (name in carriers)
            assert held <= (1 if health(switch, name, now) is Health.PROBATION else 4)
        if not carriers and not switch.is_hopeless(now):
            assert switch.wake_at(now) > now
