"""Values are read as their types say, and what is wrong is told all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.reading import After, Before, Key, Table, UnreadableError, read


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("should be even")
    return number


@dataclass(frozen=True, kw_only=True)
class Shelf(Table):
    """A table in a table."""

    kind: Annotated[str, Key("class")]
    books: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind == "empty" and self.books:
            raise ValueError("an empty shelf has no books")


@dataclass(frozen=True, kw_only=True)
class Library(Table):
    """One of everything."""

    name: str
    height: Annotated[int, After(_even)] = 2
    width: float = 1.0
    is_open: bool = True
    lang: Literal["fr", "en"] | None = None
    pair: tuple[str, int] = ("", 0)
    words: Annotated[tuple[str, ...], Before(lambda text: text.split())] = ()
    shelves: Mapping[str, Shelf] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("key", "said", "value"),
    [
        ("height", "24", 24),
        ("height", " 24 ", 24),
        ("height", "24.0", 24),
        ("height", 24.0, 24),
        ("width", "0.5", 0.5),
        ("width", 3, 3.0),
        ("is_open", "False", False),
        ("is_open", "off", False),
        ("is_open", "yes", True),
        ("is_open", 0, False),
        ("lang", "fr", "fr"),
        ("lang", None, None),
        ("pair", ["a", "3"], ("a", 3)),
        ("words", "a b", ("a", "b")),
    ],
)
def test_a_text_becomes_what_its_type_says(
    key: str, said: object, value: object
) -> None:
    """The environment has texts alone; a file may write a number as one."""
    assert getattr(read(Library, {"name": "x", key: said}), key) == value


@pytest.mark.parametrize(
    ("key", "said", "words"),
    [
        ("name", 3, "should be a text"),
        ("height", 2.5, "should be a whole number"),
        ("height", True, "should be a whole number"),
        ("height", "many", "should be a whole number"),
        ("height", float("inf"), "should be a whole number"),
        ("height", 3, "should be even"),
        ("width", [], "should be a number"),
        ("width", "wide", "should be a number"),
        ("is_open", 2, "should be true or false"),
        ("is_open", [], "should be true or false"),
        ("lang", "de", "should be one of these: 'fr', 'en'"),
        ("pair", ["a"], "should be a list of 2"),
        ("pair", "ab", "should be a list"),
        ("shelves", [], "should be a table"),
        ("nam", "x", "unknown key; did you mean name?"),
    ],
)
def test_what_is_no_such_value_is_told(key: str, said: object, words: str) -> None:
    """What it should be, at the key, with what stood there."""
    with pytest.raises(UnreadableError) as caught:
        read(Library, {"name": "x", key: said})
    (fault,) = caught.value.faults
    assert (fault.place, fault.words) == ((key,), words)
    assert fault.got == (None if key == "nam" else said)


def test_every_fault_is_told_at_its_place() -> None:
    """However deep it stands; a table that is wrong by itself speaks for itself."""
    said = {
        "height": 3,
        "pair": [1, "x"],
        "shelves": {
            "a": {"class": 1, "books": ["x", 2]},
            "b": {"class": "empty", "books": ["x"]},
            "c": {"kind": "x"},
        },
    }
    with pytest.raises(UnreadableError) as caught:
        read(Library, said)
    assert [".".join(fault.place) for fault in caught.value.faults] == [
        "name",
        "height",
        "pair.0",
        "pair.1",
        "shelves.a.class",
        "shelves.a.books.1",
        "shelves.b",
        "shelves.c.class",
        "shelves.c.kind",
    ]


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(Library.__dataclass_fields__)), _ANYTHING)
def test_anything_is_read_or_refused(key: str, said: object) -> None:
    """Whatever a parser hands on, there is one error."""
    if key == "words" and not isinstance(said, str):
        return
    try:
        made = read(Library, {"name": "x", key: said})
    except UnreadableError as error:
        assert error.faults
    else:
        assert isinstance(made, Library)
