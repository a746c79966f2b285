"""The rule over what came back: a word at once, a fact soon, a mood only if it lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.bounce.model import Kind, Reason
from mailer.delivery.bounce.policy import Action, Incident, Ruling, Terms, rule

NOW = datetime(2026, 3, 14, tzinfo=UTC)
DAY = timedelta(days=1)
SENT = [f"p/{n}" for n in range(1, 11)]


def incident(
    number: int,
    kind: Kind = Kind.SOFT,
    reason: Reason = Reason.MAILBOX_FULL,
    *,
    every: int = 7,
) -> Incident:
    return Incident(
        edition=f"p/{number}", kind=kind, reason=reason, at=NOW + number * every * DAY
    )


def hard(number: int) -> Incident:
    return incident(number, Kind.HARD, Reason.UNKNOWN_USER)


def ruled(*incidents: Incident, sent: list[str] = SENT, **terms: object) -> Ruling:
    return rule(incidents, sent=sent, terms=Terms(**terms))  # type: ignore[arg-type]  # by name


def test_a_complaint_leaves_at_once() -> None:
    """Whatever else is there."""
    word = incident(2, Kind.COMPLAINT, Reason.COMPLAINT)
    found = ruled(incident(1), word, hard(3), hard=0)
    assert (found.action, found.rests_on) == (Action.LEAVE, (word,))


def test_a_hard_bounce_is_enough() -> None:
    """By default; or the same in two editions, and the same edition twice is one."""
    assert ruled(hard(10)).action is Action.SUPPRESS
    assert ruled(hard(10), hard(10), hard=2).action is Action.KEEP
    assert ruled(hard(9), hard(10), hard=2).action is Action.SUPPRESS
    assert ruled(hard(9), hard(10), hard=0, soft=0).action is Action.KEEP


def test_an_edition_that_arrived_ends_a_row() -> None:
    """The mailbox is back; what was before it is forgotten."""
    assert ruled(hard(8), hard(10), hard=2).action is Action.KEEP
    broken = [incident(n) for n in (4, 5, 6, 8, 9, 10)]
    assert ruled(*broken, soft=5).action is Action.KEEP
    assert ruled(*broken, soft=3).action is Action.SUPPRESS


def test_soft_bounces_take_a_row() -> None:
    """Four are not five; the newest editions may still come back."""
    row = [incident(n) for n in range(3, 8)]
    assert ruled(*row[:4], soft=5).action is Action.KEEP
    found = ruled(*row, soft=5)
    assert (found.action, found.rests_on) == (Action.SUPPRESS, tuple(row))
    assert "5 editions in a row" in found.words


def test_a_row_that_lasts_is_enough() -> None:
    """A monthly letter would take half a year to count to five."""
    row = [incident(n, every=31) for n in (8, 9, 10)]
    assert ruled(*row).action is Action.SUPPRESS
    assert ruled(*row[:2]).action is Action.KEEP
    assert ruled(*row, soft_for=None).action is Action.KEEP
    assert ruled(row[0], row[0], soft_for=timedelta(0)).action is Action.KEEP


@pytest.mark.parametrize("reason", [r for r in Reason if r.is_ours])
def test_our_own_fault_counts_for_nothing(reason: Reason) -> None:
    """A block list says nothing about the reader, not even ten times."""
    found = ruled(*(incident(n, reason=reason) for n in range(1, 11)), soft=1)
    assert found.action is Action.KEEP
    assert "fault" in found.words


def test_what_names_no_edition_counts_once() -> None:
    """A provider's event may not say which letter it was about."""
    nameless = Incident(edition="", kind=Kind.HARD, reason=Reason.UNKNOWN_USER, at=NOW)
    assert ruled(nameless, sent=[]).action is Action.SUPPRESS
    assert ruled(nameless, nameless, hard=2).action is Action.KEEP
    assert ruled(nameless, hard(10), hard=2).action is Action.SUPPRESS


INCIDENTS = st.builds(
    incident,
    st.integers(1, 10),
    st.sampled_from(list(Kind)),
    st.sampled_from(list(Reason)),
)


@given(
    st.lists(INCIDENTS, max_size=12),
    st.integers(0, 4),
    st.integers(0, 6),
    st.lists(st.sampled_from(SENT), unique=True),
)
def test_a_ruling_rests_on_what_it_says(
    incidents: list[Incident], most: int, soft: int, sent: list[str]
) -> None:
    """Never raises, always has words, and suppresses nobody without an incident."""
    terms = Terms(hard=most, soft=soft)
    found = rule(incidents, sent=sent, terms=terms)
    assert found.words
    assert set(found.rests_on) <= set(incidents)
    if found.action is not Action.KEEP:
        assert found.rests_on
    if found.action is Action.SUPPRESS:
        assert all(
            not each.reason.is_ours or each.kind is Kind.HARD for each in found.rests_on
        )
