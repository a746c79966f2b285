"""The states of a delivery, and the one table in which they change.

Every row begins as *due* and comes to an end with a reason. The store writes no change
of state that is not in ``MOVES``; the diagram in the docs is printed from it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from mailer.delivery.reply import Outcome


class State(StrEnum):
    """Where the journey of one message to one subscriber stands."""

    DUE = "due"
    CLAIMED = "claimed"
    HANDING_OVER = "handing over"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


MOVES: dict[State, frozenset[State]] = {
    State.DUE: frozenset({State.CLAIMED, State.WITHDRAWN, State.EXPIRED}),
    # Not to *accepted*: no body leaves before the hand-over is marked. Not to *in
    # doubt*: nothing was handed over yet. Expired: deferred, and no time left to retry.
    State.CLAIMED: frozenset(
        {
            State.HANDING_OVER,
            State.DUE,
            State.REFUSED,
            State.WITHDRAWN,
            State.EXPIRED,
        }
    ),
    # Not to *withdrawn*: who leaves now may have the message already.
    State.HANDING_OVER: frozenset(
        {
            State.ACCEPTED,
            State.DUE,
            State.REFUSED,
            State.IN_DOUBT,
            State.EXPIRED,
        }
    ),
    State.ACCEPTED: frozenset({State.BOUNCED, State.COMPLAINED}),
    # The operator's word opens these again; a bounce proves that a doubt was taken.
    State.REFUSED: frozenset({State.DUE}),
    State.IN_DOUBT: frozenset({State.DUE, State.ACCEPTED}),
    State.EXPIRED: frozenset({State.DUE}),
    State.WITHDRAWN: frozenset(),
    State.BOUNCED: frozenset(),
    State.COMPLAINED: frozenset(),
}
"""From a state to those it may become. Nothing leads from *accepted* back to *due*:
nobody is written to twice."""

_ON_THE_WAY = frozenset({State.DUE, State.CLAIMED, State.HANDING_OVER})


def is_end(state: State) -> bool:
    """Whether nothing more happens by itself; only an operator or a report moves it."""
    return state not in _ON_THE_WAY


def check_move(old: State, new: State) -> None:
    """Raise ValueError unless the table has a line from *old* to *new*."""
    if new not in MOVES[old]:
        allowed = ", ".join(sorted(MOVES[old])) or "nothing else"
        message = f"a delivery that is {old} may become {allowed}, not {new}"
        raise ValueError(message)


def state_after(outcome: Outcome, next_attempt: datetime | None) -> State:
    """Where an attempt leaves its delivery; deferred without a next attempt is the end."""
    match outcome:
        case Outcome.ACCEPTED:
            return State.ACCEPTED
        case Outcome.REFUSED:
            return State.REFUSED
        case Outcome.IN_DOUBT:
            return State.IN_DOUBT
        case Outcome.DEFERRED:
            return State.EXPIRED if next_attempt is None else State.DUE
    assert_never(outcome)


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {_id(State.DUE)}"]
    lines += [f'    state "{state}" as {_id(state)}' for state in State]
    lines += [
        f"    {_id(old)} --> {_id(new)}"
        for old, moves in MOVES.items()
        for new in State
        if new in moves
    ]
    return "\n".join(lines) + "\n"


def _id(state: State) -> str:
    return state.replace(" ", "_")
