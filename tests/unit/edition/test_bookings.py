"""Places for sponsors: who comes first gets in, and nobody is lost without a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.blocks import Source, Sponsor, plain
from mailer.edition.feature import Assembly, Feature, Supply
from mailer.edition.gathering.bookings import (
    Booking,
    State,
    faults_of,
    inventory,
    last_days,
    read_booking,
    sponsor_text,
    without_edition,
    words_fault,
)
from mailer.edition.reading.parse import parse_edition
from mailer.errors import InputError
from tests.fakes import specimen

AT = Source("sponsors.toml", 7)
SATURDAY = date(2026, 3, 14)
SATURDAYS = [SATURDAY + timedelta(weeks=n) for n in range(4)]
PUBLICATION = replace(
    specimen.publication(id="la-revue"),
    assembly=Assembly(
        features=(
            Feature(name="haut", supply=Supply.SPONSORS, count=1),
            Feature(name="bas", supply=Supply.SPONSORS, count=2),
        )
    ),
)
ROW: Mapping[str, object] = {
    "sponsor": "Voltaquai",
    "publication": "la-revue",
    "position": "haut",
    "from": SATURDAY,
    "text": "sponsors/voltaquai.md",
}


def booking(**more: object) -> Booking:
    row = {key: value for key, value in {**ROW, **more}.items() if value is not None}
    return read_booking(row, AT)


def test_a_place_is_free_booked_or_booked_twice() -> None:
    """As long as there is room it is free; a booking without a place has the first."""
    first = booking(until="2026-03-21")
    second = booking(sponsor="Hydra", position=None, dates=[SATURDAY], **{"from": None})
    third = booking(sponsor="Abers", position="bas")
    places = inventory(PUBLICATION, [first, second, third], SATURDAYS[:3])
    assert [(p.position, p.state) for p in places] == [
        ("haut", State.DOUBLE),
        ("bas", State.FREE),
        ("haut", State.BOOKED),
        ("bas", State.FREE),
        ("haut", State.FREE),
        ("bas", State.FREE),
    ]
    assert places[0].printed == (first,)
    assert places[0].left_out == (second,)


@given(st.lists(st.sampled_from(["haut", "bas", ""]), max_size=6))
def test_nobody_is_lost(positions: list[str]) -> None:
    """Every booking of a day is printed or left out, once, in the order of the file."""
    bookings = [
        booking(sponsor=f"n° {n}", position=position)
        for n, position in enumerate(positions)
    ]
    places = inventory(PUBLICATION, bookings, [SATURDAY])
    placed = [each for place in places for each in place.bookings]
    assert sorted(placed, key=bookings.index) == bookings
    for place in places:
        assert len(place.printed) <= place.room
        assert (*place.printed, *place.left_out) == place.bookings


def test_what_ends_is_told_while_there_is_time() -> None:
    """With the next edition or the one after; not what goes on, not what ends later."""
    soon = booking(until="2026-03-25")
    later = booking(until="2026-03-28")
    ever = booking()
    assert list(last_days([soon, later, ever], SATURDAYS)) == [(soon, SATURDAYS[1])]


def test_a_booked_day_without_an_edition_is_told() -> None:
    """Days that are past, or further than one looks, are nobody's fault."""
    days = ["2026-03-07", "2026-03-15", "2026-03-21", "2027-01-01"]
    odd = booking(dates=days, **{"from": None})
    found = list(without_edition([odd], SATURDAYS, until=SATURDAYS[-1]))
    assert found == [(odd, date(2026, 3, 15))]


def test_a_booking_of_what_there_is_not_is_told() -> None:
    """Another publication, another place, a publication without places."""
    known = {"la-revue": PUBLICATION, "le-lundi": specimen.publication(id="le-lundi")}
    poor = [
        booking(publication="la-revu"),
        booking(position="milieu"),
        booking(publication="le-lundi"),
        booking(),
    ]
    told = [str(fault) for _, fault in faults_of(known, poor)]
    assert told == [
        "no publication la-revu: did you mean la-revue?",
        "no place milieu: there are: bas, haut",
        "le-lundi has no place for sponsors",
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sponsr": "x"}, "unknown key sponsr"),
        ({"sponsor": None}, "sponsor is missing"),
        ({"text": ""}, "text is missing"),
        ({"sponsor": 3}, "sponsor: should be a text"),
        ({"sponsor": "a\nb"}, "sponsor: one line of text"),
        ({"sponsor": "a\x07"}, "sponsor: U+0007"),
        ({"from": "samedi"}, "samedi is no date"),
        ({"from": None}, "say dates, or from and until"),
        ({"dates": ["2026-03-14"]}, "say dates, or from and until"),
        ({"until": "2026-03-01"}, "it ends before it begins"),
        ({"link": "https://voltaquai.fr/"}, "link and button"),
        ({"link": "javascript:x", "button": "Voir"}, "no address"),
        ({"label": "pub"}, "no label pub"),
    ],
)
def test_a_poor_booking_is_told_at_its_line(more: dict[str, object], said: str) -> None:
    """What is wrong, where, and the way out."""
    with pytest.raises(InputError) as caught:
        booking(**more)
    assert str(caught.value).startswith("sponsors.toml:7: ")
    assert said in str(caught.value)


TEXTS = st.text(st.sampled_from("aé\"'\\{}<>&=| •#"), min_size=1, max_size=20)


@given(TEXTS.filter(str.strip), TEXTS.filter(str.strip))
def test_a_booking_is_read_back_from_its_text(name: str, button: str) -> None:
    """Quotes, braces and backslashes in names stay what they are."""
    made = booking(
        sponsor=name,
        button=button,
        link="https://voltaquai.fr/a?b=c",
        label="partner",
        offer_ends="2026-03-31",
    )
    text = sponsor_text(made, "## Titre\n\nUn texte.\n")
    edition = parse_edition(
        f"---\ntitle: A\ndate: 2026-03-14\n---\n\n# T\n\n{text}\n",
        file="a.md",
        folder="a",
        publication=PUBLICATION,
    )
    (block,) = edition.sections[0].blocks
    assert isinstance(block, Sponsor)
    assert (block.by, block.button) == (name.strip(), button.strip())
    assert block.until == date(2026, 3, 31)
    assert block.label == "partner"
    assert plain(block.title) == "Titre"


@pytest.mark.parametrize("words", ["", " \n", "::: box\nx\n:::", "a\n  :::\n", "# T"])
def test_a_text_that_would_break_its_frame_is_refused(words: str) -> None:
    """Nothing, a directive, or a section of its own."""
    assert words_fault(words)
    assert words_fault("## Titre\n\nUn texte.") is None
