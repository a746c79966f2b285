"""Where an edition stands follows from facts, and moves as the law says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.states import (
    MOVES,
    EditionState,
    Facts,
    diagram,
    is_open,
    state_of,
)
from mailer.flows.ports import RunState

NOON = datetime(2026, 3, 13, 12, tzinfo=UTC)
HOURS = st.none() | st.integers(0, 48).map(lambda h: NOON + timedelta(hours=h))
RUNS = st.none() | st.sampled_from([EditionState(state) for state in RunState])


def facts(**known: object) -> Facts:
    return Facts(**known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, "draft"),
        ({"departs": NOON}, "draft"),
        ({"approved": NOON}, "approved"),
        ({"approved": NOON, "departs": NOON}, "scheduled"),
        ({"approved": NOON, "run": "armed", "opened": NOON}, "armed"),
        ({"approved": NOON, "run": "sending", "opened": NOON}, "sending"),
        ({"approved": NOON, "run": "paused", "opened": NOON}, "paused"),
        ({"approved": NOON, "run": "sent", "opened": NOON}, "sent"),
        ({"run": "cancelled", "opened": NOON}, "cancelled"),
    ],
)
def test_facts_amount_to_one_state(known: dict[str, object], state: str) -> None:
    """A draft is what nobody approved; a run says the rest."""
    if "run" in known:
        known = {**known, "run": EditionState(known["run"])}  # type: ignore[arg-type]
    assert state_of(facts(**known)) == state


def test_what_is_approved_again_after_its_run_is_approved() -> None:
    """A correction is approved, though the edition was sent or cancelled before."""
    for run in (EditionState.SENT, EditionState.CANCELLED):
        later = NOON + timedelta(hours=1)
        known = facts(approved=later, run=run, opened=NOON)
        assert state_of(known) is EditionState.APPROVED


@given(HOURS, HOURS, RUNS, HOURS)
def test_an_unapproved_edition_is_never_about_to_leave(
    approved: datetime | None,
    departs: datetime | None,
    run: EditionState | None,
    opened: datetime | None,
) -> None:
    """Without a standing approval and without a run it is a draft, whatever the calendar."""
    state = state_of(facts(approved=approved, departs=departs, run=run, opened=opened))
    if approved is None and run is None:
        assert state is EditionState.DRAFT
    if run in {EditionState.ARMED, EditionState.SENDING, EditionState.PAUSED}:
        assert state is run
    assert state in MOVES


@given(HOURS, HOURS, st.none() | HOURS)
def test_an_edit_leads_back_to_a_draft_by_the_law(
    approved: datetime | None, departs: datetime | None, opened: datetime | None
) -> None:
    """Taking the approval away, or giving it, is a move that the law knows."""
    before = state_of(facts(approved=approved, departs=departs))
    after = state_of(facts(approved=None, departs=departs))
    assert after is before or after in MOVES[before]
    assert before is after or before in MOVES[after]


def test_every_state_of_a_run_is_a_state_of_its_edition() -> None:
    """The two vocabularies agree word for word."""
    assert {str(state) for state in RunState} <= {str(state) for state in EditionState}


def test_the_law_is_closed_and_drawn() -> None:
    """Nothing leads from a draft to a run, and every line of the law is in its picture."""
    assert set(MOVES) == set(EditionState)
    assert not MOVES[EditionState.DRAFT] & {EditionState.ARMED, EditionState.SENDING}
    assert EditionState.SENT not in MOVES[EditionState.ARMED]
    drawn = diagram().splitlines()
    assert len(drawn) == 2 + sum(map(len, MOVES.values()))
    assert "    armed --> cancelled" in drawn
    assert is_open(EditionState.SCHEDULED)
    assert not is_open(EditionState.ARMED)
