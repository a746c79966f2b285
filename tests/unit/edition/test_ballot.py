"""A poll's ballot: its words, its end, and when readers see the result."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.ballot import Ballot, Showing, ballots, shares_of
from mailer.edition.reading.parse import parse_edition
from mailer.errors import EditionError
from tests.fakes import specimen

HEAD = "---\ntitle: A\ndate: 2026-03-14\n---\n\n# B\n\n"


def read(opening: str) -> tuple[Ballot, ...]:
    edition = parse_edition(
        f"{HEAD}::: poll {opening}\nToi, **tu**…\n\n- 💬 *a*\n- b\n:::\n",
        file="index.md",
        folder="a",
        publication=specimen.publication(),
    )
    return ballots(edition)


def test_a_ballot_is_the_poll_in_plain_words() -> None:
    """Marks are the mail's; what an attribute says is kept."""
    choices = ("💬 a", "b")
    plain = Ballot(id="frigo", question="Toi, tu…", choices=choices)
    assert read("frigo") == (plain,)
    secret = "{until=2026-03-28 results=end votes=anonymous}"
    assert read(f"frigo {secret}") == (
        Ballot(
            id="frigo",
            question="Toi, tu…",
            choices=choices,
            until=date(2026, 3, 28),
            results="end",
            anonymous=True,
        ),
    )


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ("votes=anonymous", "an anonymous poll says its last day"),
        ("until=2026-03-28 votes=secret", "no votes secret"),
        ("results=later", "no results later"),
    ],
)
def test_what_a_poll_cannot_be_is_told(attributes: str, said: str) -> None:
    """With the line; an anonymous poll without end would keep its key for ever."""
    with pytest.raises(EditionError, match=said):
        read(f"frigo {{{attributes}}}")


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("Europe/Paris", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        # The night after the last day is the one in which the clocks change.
        ("America/New_York", datetime(2026, 3, 29, 4, tzinfo=UTC)),
        ("UTC", datetime(2026, 3, 29, tzinfo=UTC)),
    ],
)
def test_a_poll_ends_with_its_last_day(zone: str, end: datetime) -> None:
    """At midnight of the publication's wall clock."""
    ballot = Ballot(id="a", question="?", choices=("a", "b"), until=date(2026, 3, 28))
    assert ballot.ends(zone) == end
    assert ballot.is_open(end - timedelta(microseconds=1), zone)
    assert not ballot.is_open(end, zone)


@pytest.mark.parametrize(
    ("showing", "early", "late"),
    [("always", True, True), ("end", False, True), ("never", False, False)],
)
def test_results_are_shown_as_the_poll_says(
    showing: Showing, early: bool, late: bool
) -> None:
    """At any time, after the end, or never."""
    day = date(2026, 3, 28)
    ballot = Ballot(
        id="a", question="?", choices=("a", "b"), until=day, results=showing
    )
    seen = [
        ballot.shows_results(datetime(2026, 3, n, 12, tzinfo=UTC), "UTC")
        for n in (28, 29)
    ]
    assert seen == [early, late]


def test_a_poll_without_end_stays_open() -> None:
    """Its results after the end are never shown: there is none."""
    ballot = Ballot(id="a", question="?", choices=("a", "b"), results="end")
    far = datetime(2126, 1, 1, tzinfo=UTC)
    assert ballot.is_open(far, "UTC")
    assert not ballot.shows_results(far, "UTC")


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9))
def test_shares_add_up(counts: list[int]) -> None:
    """To a hundred where no two are equal; equals are, and more is never less."""
    shares = shares_of(counts)
    total = sum(counts) or 1
    for count, share in zip(counts, shares, strict=True):
        assert abs(share - 100 * count / total) < 1
        assert (share == 0) or count
    ranked = sorted(zip(counts, shares, strict=True))
    assert [share for _, share in ranked] == sorted(shares)
    assert len(set(ranked)) == len(set(counts))
    if any(counts) and len({100 * count % total for count in counts}) == len(counts):
        assert sum(shares) == 100


def test_equal_choices_have_equal_shares() -> None:
    """Even if a hundredth is nobody's."""
    assert shares_of([10, 10, 10]) == (33, 33, 33)
    assert shares_of([18, 37, 43]) == (18, 38, 44)
