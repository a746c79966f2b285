"""The table of states."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.ledger import (
    MOVES,
    State,
    check_move,
    diagram,
    is_end,
    state_after,
)
from mailer.delivery.reply import Outcome

LATER = datetime(2026, 3, 14, 7, tzinfo=UTC)


def reachable(start: State, without: State | None = None) -> set[State]:
    """Every state that a walk from *start* can come to."""
    seen, edge = {start}, [start]
    while edge:
        for state in MOVES[edge.pop()] - seen - {without}:
            seen.add(state)
            edge.append(state)
    return seen


def test_every_state_stands_in_the_table_and_can_be_reached() -> None:
    """No state is forgotten, and none is for show."""
    assert set(MOVES) == set(State)
    assert reachable(State.DUE) == set(State)


def test_nobody_is_lost() -> None:
    """From every state that is no end, an end can be reached."""
    for state in State:
        assert any(is_end(end) for end in reachable(state))


def test_nobody_is_written_to_twice() -> None:
    """From *accepted* no way leads back to *due*."""
    assert State.DUE not in reachable(State.ACCEPTED)


def test_nothing_is_accepted_that_was_not_marked_before() -> None:
    """A body leaves only after *handing over* is durable, so all ways lead past it."""
    unmarked = reachable(State.DUE, without=State.HANDING_OVER)
    assert {State.ACCEPTED, State.IN_DOUBT} & unmarked == set()


def test_who_left_is_let_go_for_good() -> None:
    """A withdrawn delivery never becomes due again."""
    assert MOVES[State.WITHDRAWN] == frozenset()


@given(st.sampled_from(State), st.sampled_from(State))
def test_a_move_that_is_not_in_the_table_is_refused(old, new) -> None:
    """The check and the table say the same, and the error names both states."""
    if new in MOVES[old]:
        check_move(old, new)
    else:
        with pytest.raises(ValueError, match=f"that is {old} may .*, not {new}"):
            check_move(old, new)


@given(
    st.lists(st.tuples(st.sampled_from(Outcome), st.none() | st.just(LATER))),
)
def test_every_outcome_is_a_move_from_handing_over(attempts) -> None:
    """Whatever comes of attempts, the ledger has a line for it, to the end."""
    state = State.DUE
    for outcome, next_attempt in attempts:
        if is_end(state):
            break
        for step in (State.CLAIMED, State.HANDING_OVER):
            check_move(state, step)
            state = step
        after = state_after(outcome, next_attempt)
        check_move(state, after)
        state = after


@pytest.mark.parametrize(
    ("outcome", "next_attempt", "state"),
    [
        (Outcome.ACCEPTED, None, State.ACCEPTED),
        (Outcome.REFUSED, None, State.REFUSED),
        (Outcome.IN_DOUBT, LATER, State.IN_DOUBT),
        (Outcome.DEFERRED, LATER, State.DUE),
        (Outcome.DEFERRED, None, State.EXPIRED),
    ],
)
def test_an_outcome_leaves_one_state(outcome, next_attempt, state) -> None:
    """Deferred means due again, or expired when no time is left."""
    assert state_after(outcome, next_attempt) is state


def test_the_diagram_draws_each_move_once() -> None:
    """What the docs print is the table itself."""
    lines = diagram().splitlines()
    arrows = [line for line in lines if "-->" in line and "[*]" not in line]
    assert len(arrows) == len(set(arrows)) == sum(map(len, MOVES.values()))
    assert lines[0] == "stateDiagram-v2"
    assert "    claimed --> handing_over" in arrows
    assert '    state "in doubt" as in_doubt' in lines
