"""Where an edition stands, computed from facts that are kept anyway.

Nobody writes an edition's state down: an approval, the hour of its slot and the state
of its newest run say it, so that it cannot disagree with them. ``MOVES`` is the law;
``docs/operating.md`` has its picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EditionState(StrEnum):
    """What can be said of an edition as a whole."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    ARMED = "armed"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


_BEFORE = frozenset({EditionState.DRAFT, EditionState.APPROVED, EditionState.SCHEDULED})
_ON_THE_WAY = frozenset({EditionState.ARMED, EditionState.SENDING, EditionState.PAUSED})

MOVES: dict[EditionState, frozenset[EditionState]] = {
    EditionState.DRAFT: frozenset({EditionState.APPROVED, EditionState.SCHEDULED}),
    # Back to draft: an edit that a reader could see, or `mailer unapprove`.
    EditionState.APPROVED: frozenset(
        {
            EditionState.DRAFT,
            EditionState.SCHEDULED,
            EditionState.ARMED,
            EditionState.SENDING,
        }
    ),
    EditionState.SCHEDULED: frozenset(
        {
            EditionState.DRAFT,
            EditionState.APPROVED,
            EditionState.ARMED,
            EditionState.SENDING,
        }
    ),
    EditionState.ARMED: frozenset(
        {EditionState.SENDING, EditionState.PAUSED, EditionState.CANCELLED}
    ),
    EditionState.SENDING: frozenset(
        {EditionState.PAUSED, EditionState.SENT, EditionState.CANCELLED}
    ),
    EditionState.PAUSED: frozenset({EditionState.SENDING, EditionState.CANCELLED}),
    # A further run for who joined since, a retry, a new departure after a change of mind.
    EditionState.SENT: frozenset(
        {EditionState.ARMED, EditionState.SENDING, EditionState.APPROVED}
    ),
    EditionState.CANCELLED: frozenset(
        {EditionState.ARMED, EditionState.SENDING, EditionState.APPROVED}
    ),
}
"""From a state to those it may become. Nothing leads from a draft to a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an edition.

    ``approved`` is the hour of an approval that stands and still holds, ``departs`` that
    of its slot, if it has one ahead; ``run`` and ``opened`` are its newest run's.
    """

    approved: datetime | None = None
    departs: datetime | None = None
    run: EditionState | None = None
    opened: datetime | None = None


def state_of(facts: Facts) -> EditionState:
    """The one state that *facts* amount to.

    A run on its way says it alone. One that has ended says it until somebody approves
    the edition again.
    """
    if facts.run in _ON_THE_WAY:
        return facts.run
    if facts.run is not None and not _is_newer(facts.approved, facts.opened):
        return facts.run
    if facts.approved is None:
        return EditionState.DRAFT
    return EditionState.APPROVED if facts.departs is None else EditionState.SCHEDULED


def is_open(state: EditionState) -> bool:
    """Whether an edit of its files still says something about what will leave."""
    return state in _BEFORE


def diagram() -> str:
    """The law as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {EditionState.DRAFT}"]
    lines += [
        f"    {old} --> {new}"
        for old, moves in MOVES.items()
        for new in EditionState
        if new in moves
    ]
    return "\n".join(lines) + "\n"


def _is_newer(approved: datetime | None, opened: datetime | None) -> bool:
    return approved is not None and opened is not None and approved > opened
