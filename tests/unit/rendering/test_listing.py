"""What the archive lists and searches: open words, found as they are heard."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.model import Variant
from mailer.rendering.listing import asked, excerpt, listing_of
from mailer.rendering.render import freeze
from tests.fakes import specimen


def said(text: str, query: str) -> str:
    """The excerpt as a page marks it."""
    pieces = excerpt(text, asked(query))
    return "".join(f"[{words}]" if hit else words for words, hit in pieces)


def test_a_listing_says_what_the_feed_says_and_the_page_counts() -> None:
    """Title as it is set, summary, cover, the open text, the minutes of the page."""
    frozen = freeze(specimen.edition(), specimen.scene())
    listing = listing_of(frozen)
    assert listing is not None
    assert listing.title == "Les ports & l’«\xa0algorithme\xa0»"
    assert listing.summary == "Deux ports • Une nuit"
    assert listing.picture.startswith("https://lettres.example.org/media/")
    assert "vingt-deux navires attendent." in listing.text
    assert "brouillard" not in listing.sought
    minutes = re.search(r"(\d+)\smin", frozen.rendering(Variant.WEB).html)
    assert minutes
    assert listing.minutes == int(minutes[1])


def test_an_archive_for_members_tells_how_long_members_read() -> None:
    """What strangers see is the head; the card is no text of the edition."""
    shut = specimen.edition(archive="members")
    listing = listing_of(freeze(shut, specimen.scene()))
    assert listing is not None
    assert (listing.text, listing.is_open) == ("", False)
    assert listing.minutes >= 1
    assert (
        listing_of(freeze(specimen.edition(archive="none"), specimen.scene())) is None
    )


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Une Œuvre d’été.", "oeuvre ETE", "Une [Œuvre] d’[été]."),
        ("portes et ports", "port", "[portes] et [ports]"),
        ("rien", "port", ""),
        ("a " * 100 + "ici", "ici", "…" + "a " * 30 + "[ici]"),
        ("ici " + "b " * 200, "ici", "[ici] " + ("b " * 79).strip() + "…"),
    ],
)
def test_an_excerpt_shows_where_a_text_says_it(
    text: str, query: str, found: str
) -> None:
    """Accents or not, from the beginning of a word, cut between words."""
    assert said(text, query) == found


@given(st.text(max_size=300), st.text(max_size=20))
def test_an_excerpt_invents_nothing(text: str, query: str) -> None:
    """Whatever is asked, what is shown stands in the text in this order."""
    shown = "".join(words for words, _ in excerpt(text, asked(query)))
    assert shown.strip("…") in text
