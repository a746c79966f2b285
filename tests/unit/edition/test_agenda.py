"""What leaves when: slots, their hour, and the editions that fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.agenda import Dated, coming, departures, stranded
from tests.fakes.specimen import publication

PAPER = replace(publication(), schedule="sat 07:00", timezone="Europe/Paris")
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SATURDAY = date(2026, 3, 14)
WEEK = timedelta(days=7)


def edition(name: str, day: date, send_at: str = "") -> Dated:
    when = datetime.fromisoformat(send_at) if send_at else None
    return Dated(name=f"{PAPER.id}/{name}", day=day, send_at=when)


def test_an_edition_fits_the_slot_of_its_date() -> None:
    """Local hour, UTC, and the edition; the week after has none yet."""
    this, following = coming(PAPER, [edition("118", SATURDAY)], now=NOW, count=2)
    assert this.local.isoformat() == "2026-03-14T07:00:00+01:00"
    assert this.due == datetime(2026, 3, 14, 6, tzinfo=UTC)
    assert (this.edition, this.planned) == (f"{PAPER.id}/118", False)
    assert (following.day, following.editions) == (date(2026, 3, 21), ())


def test_send_at_moves_the_hour_and_not_the_slot() -> None:
    """The evening before: one slot, of the date the edition bears."""
    early = edition("118", SATURDAY, "2026-03-13 18:00")
    this, following = coming(PAPER, [early], now=NOW, count=2)
    assert (this.day, this.planned) == (SATURDAY, True)
    assert this.due == datetime(2026, 3, 13, 17, tzinfo=UTC)
    assert following.day == date(2026, 3, 21)


def test_send_at_makes_a_slot_where_the_calendar_has_none() -> None:
    """A special edition leaves beside the calendar, however far ahead."""
    special = edition("hs", date(2026, 9, 1), "2026-09-01 12:00")
    found = coming(PAPER, [special], now=NOW, count=1)
    assert (found[0].day, found[-1].edition) == (SATURDAY, f"{PAPER.id}/hs")


def test_two_editions_of_a_date_are_one_too_many() -> None:
    """Nobody guesses which: none is the edition of that slot."""
    both = [edition("118", SATURDAY), edition("119", SATURDAY)]
    (slot,) = coming(PAPER, both, now=NOW, count=1)
    assert (slot.edition, len(slot.editions)) == (None, 2)


def test_an_edition_outside_the_calendar_is_stranded() -> None:
    """It is told, for it would never leave by itself; past ones are nobody's worry."""
    editions = [
        edition("117", date(2026, 3, 6)),
        edition("118", SATURDAY),
        edition("119", date(2026, 3, 20)),
        edition("120", date(2026, 3, 27), "2026-03-27 12:00"),
    ]
    assert stranded(PAPER, editions, now=NOW) == [editions[2]]


def test_a_window_takes_its_end_and_leaves_its_beginning() -> None:
    """Windows that follow each other have every slot once."""
    due = datetime(2026, 3, 14, 6, tzinfo=UTC)
    assert departures(PAPER, [], since=due - WEEK, until=due)[-1].due == due
    assert departures(PAPER, [], since=due, until=due + WEEK / 2) == []


@given(
    zone=st.sampled_from(["Europe/Paris", "America/New_York", "Pacific/Kiritimati"]),
    other=st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "Pacific/Niue"]),
    hours=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    step=st.integers(1, 400),
)
def test_a_change_of_hour_or_zone_moves_slots_and_makes_none(
    zone: str, other: str, hours: tuple[int, int], step: int
) -> None:
    """The dates stay the same: what left under the old hour has its slot already."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    window = {"since": since, "until": since + timedelta(days=step)}
    one = replace(PAPER, timezone=zone, schedule=f"sat {hours[0]:02}:00")
    two = replace(PAPER, timezone=other, schedule=f"sat {hours[1]:02}:00")
    days = [{each.day for each in departures(p, [], **window)} for p in (one, two)]
    assert all(day.weekday() == 5 for day in days[0] | days[1])
    assert len(days[0] ^ days[1]) <= 2  # at the two ends of the window only


@pytest.mark.parametrize("minutes", [1, 7, 97])
def test_a_year_of_three_publications_in_two_zones(minutes: int) -> None:
    """However often somebody looks, each slot comes up exactly once, DST included."""
    papers = [
        replace(PAPER, id="saturday", schedule="sat 02:30"),
        replace(PAPER, id="sunday", schedule="sun 02:30"),
        replace(
            PAPER, id="daily", schedule="mon-sun 00:00", timezone="America/Santiago"
        ),
    ]
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    step = timedelta(minutes=minutes * 60)
    seen: Counter[tuple[str, date]] = Counter()
    since = begin
    while since < end:
        until = min(since + step, end)
        for paper in papers:
            for each in departures(paper, [], since=since, until=until):
                seen[paper.id, each.day] += 1
        since = until
    assert set(seen.values()) == {1}
    assert Counter(name for name, _ in seen) == {
        "saturday": 52,
        "sunday": 52,
        "daily": 365,
    }
