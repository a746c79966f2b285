"""The day, the number and the name of the next edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailer.edition.succession import coming_day, coming_number, free_slug
from tests.fakes.specimen import publication

PAPER = replace(publication(), schedule="sat 07:00", timezone="Europe/Paris")
SATURDAY = date(2026, 3, 14)


def paris(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour - 1, tzinfo=UTC)  # winter time


@pytest.mark.parametrize(
    ("now", "taken", "day"),
    [
        (paris(10, 9), (), SATURDAY),
        (paris(14, 6), (), SATURDAY),  # its departure is ahead
        (paris(14, 8), (), date(2026, 3, 21)),  # and has passed
        (paris(10, 9), (SATURDAY,), date(2026, 3, 21)),
        (paris(10, 9), (SATURDAY, date(2026, 3, 28)), date(2026, 3, 21)),  # a gap
        (paris(10, 9), (date(2026, 3, 11),), SATURDAY),  # a special edition
    ],
)
def test_the_coming_free_saturday(now, taken, day) -> None:
    """The first slot whose departure is ahead and that no edition has."""
    assert coming_day(PAPER, now=now, taken=taken) == day


def test_several_days_a_week_come_in_turn() -> None:
    """Mondays and Thursdays: whichever is next, in whatever order they are written."""
    twice = replace(PAPER, schedule="thu 12:00, mon 07:30")
    taken: list[date] = []
    for _ in range(4):
        day = coming_day(twice, now=paris(10, 9), taken=taken)
        assert day
        taken.append(day)
    assert [f"{day:%a %d}" for day in taken] == ["Thu 12", "Mon 16", "Thu 19", "Mon 23"]


def test_a_day_is_that_of_the_publication_s_own_zone() -> None:
    """At 23:30 UTC it is Saturday in Paris, and 7 o'clock there is still ahead."""
    now = datetime(2026, 3, 13, 23, 30, tzinfo=UTC)
    assert coming_day(PAPER, now=now, taken=()) == SATURDAY


def test_without_a_schedule_no_day_is_guessed() -> None:
    """Somebody has to say it."""
    assert coming_day(replace(PAPER, schedule=" "), now=paris(10, 9), taken=()) is None


@pytest.mark.parametrize(
    ("known", "number"),
    [((), 1), ((118, 47), 119), ((118, None), 119), ((None, None), None)],
)
def test_the_number_after_the_highest(known, number) -> None:
    """A letter that has never borne numbers is not given one."""
    assert coming_number(known) == number


@pytest.mark.parametrize(
    ("title", "taken", "slug"),
    [
        ("Le cœur à l’ouvrage", (), "le-coeur-a-l-ouvrage"),
        ("Bis", ("bis", "bis-2"), "bis-3"),
        ("118", (), "edition-118"),
        ("Next!", (), "edition-next"),
        ("", (), "no-119"),
        ("مرحبا", (), "no-119"),
    ],
)
def test_a_slug_names_one_edition_only(title, taken, slug) -> None:
    """Nothing else answers to it: no edition, no number, no word of the commands."""
    assert free_slug(title, number=119, taken=taken) == slug
