"""A part of a draft is ours as long as nobody touched it, and theirs from then on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.gathering.refresh import Fate, Part, fate_of, hash_of

TEXTS = st.text("ab\n#-é", max_size=8)
FOUND = st.none() | TEXTS
PARTS = st.none() | TEXTS.map(lambda text: Part(file="10-a.md", hash=hash_of(text)))


@given(PARTS, FOUND, TEXTS, st.booleans())
def test_what_somebody_wrote_is_never_changed(
    part: Part | None, found: str | None, wanted: str, sure: bool
) -> None:
    """A text that we did not write stands, whatever we would have written."""
    fate = fate_of(part, found=found, wanted=wanted, sure=sure)
    is_ours = part is not None and found is not None and hash_of(found) == part.hash
    if found is not None and not is_ours:
        assert not fate.changes
    if fate is Fate.WRITTEN:
        assert found is None
        assert part is None


@given(PARTS, FOUND, TEXTS)
def test_assembling_twice_changes_nothing(
    part: Part | None, found: str | None, wanted: str
) -> None:
    """What was done stays done: the second time finds what it wants, or leaves it."""
    fate = fate_of(part, found=found, wanted=wanted, sure=True)
    if fate is Fate.TAKEN_OUT:
        part, found = None, None
    elif fate.is_ours:
        part, found = Part(file="10-a.md", hash=hash_of(wanted)), wanted
    assert not fate_of(part, found=found, wanted=wanted, sure=True).changes


@given(PARTS.filter(bool), FOUND, TEXTS)
def test_a_source_in_doubt_changes_no_part(
    part: Part, found: str | None, wanted: str
) -> None:
    """What a failing feed would have said is not known: the part stays as it is."""
    assert not fate_of(part, found=found, wanted=wanted, sure=False).changes


def test_a_part_that_was_deleted_stays_away() -> None:
    """Somebody did not want it; a new one is not made."""
    part = Part(file="10-a.md", hash=hash_of("# A\n"))
    assert fate_of(part, found=None, wanted="# A\n", sure=True) is Fate.DELETED


def test_line_ends_are_no_edit() -> None:
    """An editor that saves with CR LF has changed nothing that is read."""
    part = Part(file="10-a.md", hash=hash_of("# A\n"))
    assert fate_of(part, found="# A\r\n", wanted="# B\n", sure=True) is Fate.REFRESHED
    assert fate_of(part, found="# A\r\n", wanted="# A\n", sure=True) is Fate.UNCHANGED
