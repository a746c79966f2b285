"""Header fields, with the standard library as their judge."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.delivery.header import cleaned, field, named_field, one_line, raw_field
from mailer.errors import InputError

# What people write on one line, spaces in odd places left out.
WORDS = st.lists(
    st.text(
        st.one_of(
            st.sampled_from('=?_".,:;<>()@\\é\u2019🧀👩‍🚀'),
            st.characters(exclude_categories=["C", "Z"]),
        ),
        min_size=1,
        max_size=30,
    ),
    max_size=12,
)
LINES = WORDS.map(" ".join)
ENCODED = re.compile(rb"=\?utf-8\?[qb]\?[^? ]*\?=")


def parsed(header: bytes):
    return email.message_from_bytes(header + b"\r\n", policy=email.policy.default)


def display_name(header: bytes) -> str:
    """The name in front of an address; the newer parser sets spaces between its words.

    Encoded-words that stand beside one another are one text (RFC 2047 section 6.2).
    """
    raw = email.message_from_bytes(header)["To"]
    return str(make_header(decode_header(parseaddr(raw)[0])))


def check_rows(header: bytes) -> None:
    assert header.isascii()
    assert header.endswith(b"\r\n")
    first, *folds = header.removesuffix(b"\r\n").split(b"\r\n")
    assert first
    for row in folds:
        assert row.startswith(b" ")
        assert row.strip()
    for row in (first, *folds):
        assert len(row) <= (76 if ENCODED.search(row) else 998)
        assert all(
            len(b"=?utf-8?q??=") < len(word) <= 75 for word in ENCODED.findall(row)
        )


@given(LINES)
@example(
    "Les ports se cherchent un cerveau, et l\u2019été n\u2019y changera rien du tout"
)
@example("plain words enough to need a second line because there are so many of them")
@example("🧀" * 100)
@example("=?utf-8?q?not_ours?=")
@example("x" * 500)
@example("two  spaces")
@example("")
def test_a_subject_is_read_as_it_was_written(subject) -> None:
    """Any words come back, in lines and encoded-words of legal length."""
    header = field("Subject", subject)
    check_rows(header)
    assert parsed(header).keys() == ["Subject"]
    assert parsed(header)["Subject"] == subject


@given(st.lists(st.sampled_from(["été", "ça", "port", "naïve"]), min_size=1))
def test_words_are_not_cut(words) -> None:
    """Each encoded-word ends between two words: Outlook shows a space at every cut."""
    header = field("Subject", "déjà " + " ".join(words))
    rows = header.removesuffix(b"\r\n").split(b"\r\n ")
    for row in rows[:-1]:
        assert str(parsed(b"X: " + row.split(b": ")[-1] + b"\r\n")["X"]).split()[
            -1
        ] in {"déjà", "été", "ça", "port", "naïve"}


@given(LINES)
@example('Le "Méridien"')
@example('a "quoted" \\ name')
@example("x" * 300)
@example("Rédaction, Le Méridien")
@example("=?utf-8?q?a?= b")
def test_a_name_is_read_as_it_was_written(name) -> None:
    """Commas, quotes and accents stay in the name; the address stays the address."""
    header = named_field("To", name, "renee@example.org")
    check_rows(header)
    assert parsed(header).keys() == ["To"]
    assert parsed(header)["To"].addresses[0].addr_spec == "renee@example.org"
    assert display_name(header) == name


@given(
    st.text(max_size=20),
    st.sampled_from("\r\n\0\t\x0b\x7f\x85\u2028\u2029\ud800"),
    st.text(max_size=20),
)
def test_no_line_break_comes_through(before, control, after) -> None:
    """Whoever writes a line break into a name or subject is told, and adds no header."""
    text = f"{before}{control}{after}"
    for write in (
        lambda: field("Subject", text),
        lambda: named_field("To", text, "a@example.org"),
        lambda: raw_field("List-Archive", text),
        lambda: one_line(text, what="the name"),
    ):
        with pytest.raises(InputError, match="control character, U"):
            write()


@given(st.text())
def test_a_cleaned_name_can_be_written(name) -> None:
    """What spreadsheets leave in names is taken out, and never anything that shows."""
    assert one_line(cleaned(name), what="the name") == cleaned(name)
    assert cleaned(cleaned(name)) == cleaned(name)


def test_cleaning_keeps_what_shows() -> None:
    """Tabs and breaks become spaces; joined emoji and accents stay joined."""
    assert cleaned(" René\te\r\n  Ü\0 👩‍🚀 ") == "René e Ü 👩‍🚀"
