"""How French and English say dates, numbers, money and sentences."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.language import (
    ENGLISH,
    Catalogue,
    day_and_month,
    long_date,
    moment,
    money,
    number,
    percent,
    plain_date,
)
from mailer.phrases import kilobytes, lasting, say, say_many

FRENCH = Catalogue(
    lang="fr",
    sentences={
        "{count} error": ("{count} erreur", "{count} erreurs"),
        "{count} KB": ("{count}\u00a0ko",),
        "{minutes} min {seconds} s": ("{minutes}\u00a0min {seconds}\u00a0s",),
        "{key}: {fault}": ("{key}\u00a0: {fault}",),
        "no author {key}": ("aucun auteur {key}",),
        "dated {day}": ("daté du {day}",),
    },
    plural="n > 1",
)


@pytest.mark.parametrize(
    ("day", "french", "english"),
    [
        ((2026, 10, 1), "jeudi 1er octobre 2026", "Thursday, October 1, 2026"),
        ((2026, 10, 21), "mercredi 21 octobre 2026", "Wednesday, October 21, 2026"),
        ((2026, 3, 14), "samedi 14 mars 2026", "Saturday, March 14, 2026"),
        ((2025, 1, 1), "mercredi 1er janvier 2025", "Wednesday, January 1, 2025"),
    ],
)
def test_a_date_has_its_weekday(
    day: tuple[int, int, int], french: str, english: str
) -> None:
    """French says 1er, and only on the first."""
    assert long_date(date(*day), "fr") == french
    assert plain_date(date(*day), "fr") == french.partition(" ")[2]
    assert plain_date(date(*day), "en") == english.partition(" ")[2]
    assert long_date(date(*day), "en") == english


@pytest.mark.parametrize(
    ("day", "french", "english"),
    [
        ((2026, 10, 1), "1er octobre", "October 1"),
        ((2026, 8, 31), "31 août", "August 31"),
    ],
)
def test_a_day_of_this_year_needs_no_year(
    day: tuple[int, int, int], french: str, english: str
) -> None:
    """As one speaks of an offer's end."""
    assert day_and_month(date(*day), "fr") == french
    assert day_and_month(date(*day), "en") == english


@given(st.dates())
def test_only_the_first_is_an_ordinal(day: date) -> None:
    """Whatever the month and the year."""
    assert ("1er " in long_date(day, "fr")) == (day.day == 1)
    assert "1er" not in long_date(day, "en")


def test_a_moment_is_short_enough_for_a_table() -> None:
    """Two figures for the day, so that columns hold."""
    when = datetime(2026, 3, 4, 7, 5)  # noqa: DTZ001 - shown, not reckoned with
    assert moment(when, "fr") == "04/03 07:05"
    assert moment(when, "en") == "04 Mar 07:05"


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (1240, "1\u202f240", "1,240"),
        (-1234567, "-1\u202f234\u202f567", "-1,234,567"),
        (1234.5, "1\u202f234,5", "1,234.5"),
        (4.0, "4", "4"),
        (4.57, "4,57", "4.57"),
    ],
)
def test_numbers_are_grouped(value: float, french: str, english: str) -> None:
    """By a narrow no-break space, or a comma."""
    assert number(value, "fr") == french
    assert number(value, "en") == english


def test_percent_and_money_keep_their_unit_close() -> None:
    """No line begins with a unit."""
    assert percent(11, "fr") == "11\u00a0%"
    assert percent(11.5, "en") == "11.5%"
    assert money(Decimal("1234.5"), "EUR", "fr") == "1\u202f234,50\u00a0€"
    assert money(Decimal("1234.5"), "EUR", "en") == "€1,234.50"


@pytest.mark.parametrize(
    ("count", "french", "english"),
    [
        (0, "0 erreur", "0 errors"),
        (1, "1 erreur", "1 error"),
        (2, "2 erreurs", "2 errors"),
        (1500, "1\u202f500 erreurs", "1,500 errors"),
    ],
)
def test_each_language_counts_in_its_way(count: int, french: str, english: str) -> None:
    """French has no plural for nothing."""
    said = say_many("{count} error", "{count} errors", count)
    assert FRENCH.translate(said) == french
    assert ENGLISH.translate(said) == english == said


def test_values_are_said_in_the_language_too() -> None:
    """Phrases within phrases, sizes, durations and dates."""
    inner = ValueError(say("no author {key}", key="zoé"))
    assert (
        FRENCH.translate(say("{key}: {fault}", key="from", fault=inner))
        == "from\u00a0: aucun auteur zoé"
    )
    assert FRENCH.translate(kilobytes(1200 * 1024)) == "1\u202f200\u00a0ko"
    assert FRENCH.translate(lasting(725)) == "12\u00a0min 5\u00a0s"
    dated = say("dated {day}", day=date(2026, 5, 1))
    assert FRENCH.translate(dated) == "daté du vendredi 1er mai 2026"
    assert ENGLISH.translate(dated) == "dated Friday, May 1, 2026"


def test_what_is_not_in_the_catalogue_is_said_in_english() -> None:
    """Rather than not at all; and a plain text stays what it is."""
    assert FRENCH.translate(say("no run {name}", name="x")) == "no run x"
    assert FRENCH.translate("no author {key}") == "no author {key}"


@given(st.dates(), st.integers(), st.floats(-1e9, 1e9))
def test_english_is_what_a_phrase_says_by_itself(
    day: date, count: int, ratio: float
) -> None:
    """The core speaks as the catalogue of English would."""
    said = say("{day} {count} {ratio}", day=day, count=count, ratio=round(ratio, 2))
    assert re.sub(r"-0\b", "0", ENGLISH.translate(said)) == re.sub(r"-0\b", "0", said)
