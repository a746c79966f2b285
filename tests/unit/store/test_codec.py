"""Frozen values survive the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import Paragraph, Source, Text
from mailer.edition.model import Edition, Publication, Variant
from mailer.rendering.model import FeedEntry, Picture
from mailer.store.codec import (
    dump_edition,
    dump_entry,
    dump_pictures,
    dump_publication,
    load_edition,
    load_entry,
    load_pictures,
    load_publication,
    picture_key,
    without_blocks,
)

# What a database can keep as text: no NUL, no half of a surrogate pair.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_TOKENS = st.dictionaries(_TEXT, st.tuples(_TEXT, _TEXT), max_size=3)
_VARIANTS = st.lists(st.sampled_from(Variant), unique=True).map(tuple)
_PUBLICATIONS = st.builds(
    Publication,
    **{field.name: _TEXT for field in fields(Publication) if field.type == "str"},
    audiences=_VARIANTS,
    flags=st.lists(_TEXT, max_size=3).map(tuple),
    endmatter=st.lists(_TEXT, max_size=3).map(tuple),
    labels=st.dictionaries(_TEXT, _TEXT, max_size=3),
    tokens=_TOKENS,
)
_EDITIONS = st.builds(
    Edition,
    **{field.name: _TEXT for field in fields(Edition) if field.type == "str"},
    at=st.builds(Source, _TEXT, st.integers(0, 9999)),
    number=st.none() | st.integers(0, 9999),
    audiences=_VARIANTS,
    tokens=_TOKENS,
    send_at=st.none() | st.datetimes(),
    preface=st.just(()),
    sections=st.just(()),
    warnings=st.just(()),
)
_PICTURES = st.builds(
    Picture,
    name=_TEXT,
    src=_TEXT,
    content=st.binary(max_size=50),
    media_type=st.sampled_from(["image/jpeg", "image/png", "image/gif"]),
)


@settings(max_examples=60)
@given(_PUBLICATIONS)
def test_a_publication_comes_back_equal(publication: Publication) -> None:
    """Every field, accents, colours and order of tuples included."""
    assert load_publication(dump_publication(publication)) == publication


@settings(max_examples=60)
@given(_EDITIONS)
def test_an_edition_comes_back_equal(edition: Edition) -> None:
    """Every field but the tree, local wall time included."""
    assert load_edition(dump_edition(edition)) == edition


@settings(max_examples=60)
@given(_EDITIONS)
def test_the_same_edition_is_written_the_same(edition: Edition) -> None:
    """The text is what tells one frozen edition from another."""
    assert dump_edition(load_edition(dump_edition(edition))) == dump_edition(edition)


@settings(max_examples=60)
@given(st.lists(_PICTURES, max_size=3).map(tuple))
def test_pictures_come_back_with_their_bytes(pictures: tuple[Picture, ...]) -> None:
    """The bytes are kept apart, once for each hash."""
    kept = {picture_key(picture): picture.content for picture in pictures}
    assert load_pictures(dump_pictures(pictures), kept.__getitem__) == pictures


@settings(max_examples=60)
@given(
    st.builds(
        FeedEntry,
        title=_TEXT,
        summary=_TEXT,
        authors=st.lists(_TEXT, max_size=2).map(tuple),
        tags=st.lists(_TEXT, max_size=2).map(tuple),
        permalink=st.none() | _TEXT,
        picture=st.none() | _TEXT,
    )
    | st.none()
)
def test_a_feed_entry_comes_back_equal(entry: FeedEntry | None) -> None:
    """Every field, and nothing where there is no feed."""
    assert load_entry(dump_entry(entry)) == entry


def test_the_tree_is_left_behind() -> None:
    """It has become renderings; what is kept does not grow with the text."""
    at = Source("index.md", 1)
    edition = load_edition(dump_edition(_plain(at)))
    block = Paragraph(at=at, content=(Text("Les ports"),))
    full = replace(edition, preface=(block,))
    assert without_blocks(full) == edition
    assert dump_edition(full) == dump_edition(edition)


def _plain(at: Source) -> Edition:
    return Edition(
        at=at,
        publication="p",
        folder="f",
        slug="s",
        title="t",
        date=dt.date(2026, 3, 14),
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"title": 1}'])
def test_what_we_did_not_write_is_not_read(text: str) -> None:
    """Nothing is made up for a field that is missing."""
    with pytest.raises(ValueError, match=r"is missing|should be|Expecting value"):
        load_edition(text)
