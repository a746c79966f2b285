"""What a departure needs: in time, once, and nothing when all is well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.vigil import Need, Readiness, Watch, what_is_needed

DUE = datetime(2026, 3, 14, 6, tzinfo=UTC)
WATCH = Watch(proof=timedelta(hours=14), alarm=timedelta(hours=12))
HOURS = st.floats(-48, 48)
READINESS = st.builds(
    Readiness,
    exists=st.booleans(),
    approved=st.booleans(),
    edited=st.booleans(),
    ready=st.booleans(),
    settled=st.booleans(),
    met=st.frozensets(st.sampled_from(list(Need))),
)


def needed(hours_before: float, **known: bool) -> tuple[Need, ...]:
    now = DUE - timedelta(hours=hours_before)
    return what_is_needed(DUE, Readiness(**known), WATCH, now=now)  # type: ignore[arg-type]


def test_a_draft_is_proofed_first_and_then_alarmed_about() -> None:
    """Fourteen hours before, the proof; twelve, the alarm."""
    assert needed(14.1, exists=True) == ()
    assert needed(14, exists=True) == (Need.PROOF,)
    assert needed(12, exists=True) == (Need.PROOF, Need.ALARM)


def test_without_an_edition_there_is_nothing_to_prove() -> None:
    """Only the alarm, and also after the hour has passed: somebody must know."""
    assert needed(13) == ()
    assert needed(12) == (Need.ALARM,)
    assert needed(-1) == (Need.ALARM,)


def test_what_checks_approve_is_shown_to_people_all_the_same() -> None:
    """It leaves by itself, so nobody is alarmed; nobody approved it, so it is proofed."""
    assert needed(1, exists=True, ready=True) == (Need.PROOF,)


def test_an_approval_that_was_lost_is_told_apart_from_none() -> None:
    """Who was told that nothing was ready, and approved, hears of a later edit."""
    assert needed(1, exists=True, edited=True) == (Need.PROOF, Need.EDITED)


@given(READINESS, HOURS)
def test_nothing_is_needed_when_all_is_well(found: Readiness, hours: float) -> None:
    """Approved and ready, or settled: silence."""
    now = DUE - timedelta(hours=hours)
    needs = what_is_needed(DUE, found, WATCH, now=now)
    if found.settled or (found.approved and found.ready):
        assert needs == ()
    if found.ready:
        assert not {Need.ALARM, Need.EDITED} & set(needs)
    if not found.exists:
        assert Need.PROOF not in needs


@given(READINESS, HOURS)
def test_a_need_that_was_met_is_needed_no_more(found: Readiness, hours: float) -> None:
    """Each once for a slot."""
    now = DUE - timedelta(hours=hours)
    needs = what_is_needed(DUE, found, WATCH, now=now)
    assert not set(needs) & found.met
    known = {name: getattr(found, name) for name in Readiness.__slots__}
    met = Readiness(**{**known, "met": found.met | set(needs)})
    assert what_is_needed(DUE, met, WATCH, now=now) == ()


@given(READINESS, HOURS, HOURS)
def test_what_is_needed_stays_needed_until_it_is_met(
    found: Readiness, one: float, other: float
) -> None:
    """However late somebody looks: a machine that slept tells nobody less."""
    early, late = sorted(DUE + timedelta(hours=h) for h in (one, other))
    before = what_is_needed(DUE, found, WATCH, now=early)
    assert set(before) <= set(what_is_needed(DUE, found, WATCH, now=late))


@given(READINESS, HOURS)
def test_a_watch_that_is_off_needs_nothing(found: Readiness, hours: float) -> None:
    """And a watch begins with its earliest need."""
    off = Watch(proof=None, alarm=None)
    now = DUE - timedelta(hours=hours)
    assert what_is_needed(DUE, found, off, now=now) == ()
    if now < DUE - WATCH.begins:
        assert what_is_needed(DUE, found, WATCH, now=now) == ()
