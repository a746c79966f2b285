"""Who came before, in a few bytes each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.seen import Seen


@given(st.lists(st.text(max_size=3)))
def test_it_answers_as_a_set_does(texts: list[str]) -> None:
    """Each text is new once, and counted once."""
    seen, known = Seen(), set()
    for text in texts:
        assert seen.add(text) is (text in known)
        known.add(text)
    assert len(seen) == len(known)


def test_it_grows_and_forgets_nobody() -> None:
    """Thousands are remembered through every enlargement."""
    seen = Seen()
    names = [f"r{n}@x.example" for n in range(5000)]
    assert not any(seen.add(name) for name in names)
    assert all(seen.add(name) for name in names)
    assert len(seen) == 5000
