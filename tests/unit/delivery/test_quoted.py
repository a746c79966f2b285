"""Quoted-printable for the wire."""

from __future__ import annotations

import quopri

from dkim.canonicalization import Relaxed
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.delivery.quoted import quoted_printable

TEXT = st.text(
    st.one_of(
        st.sampled_from(" \t\n.=-é\u202f\u00a0🧀F"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=400,
)


def rows(coded: bytes) -> list[bytes]:
    return coded.split(b"\r\n")


@given(TEXT)
@example("x" * 1000)
@example("=" * 200)
@example("." * 200)
@example("From here\nFrom there\n")
@example("a" * 75 + ".")
@example("trailing \nspace\t\n ")
def test_what_is_decoded_is_what_was_written(text) -> None:
    """A judge that is not ours reads back every character."""
    decoded = quopri.decodestring(quoted_printable(text).replace(b"\r\n", b"\n"))
    assert decoded.decode() == text


@given(TEXT)
def test_the_wire_finds_nothing_to_mend(text) -> None:
    """7 bits, CRLF, at most 76 a line; no dot in front, no bare space behind."""
    coded = quoted_printable(text)
    assert coded.isascii()
    assert coded.count(b"\r") == coded.count(b"\n") == coded.count(b"\r\n")
    for row in rows(coded):
        assert len(row) <= 76
        assert not row.startswith((b".", b"From "))
        assert not row.endswith((b" ", b"\t"))


@given(TEXT)
@example("two  spaces,   three, a\ttab")
@example("a" * 74 + "  b")
def test_what_travels_is_what_a_signature_hashes(text) -> None:
    """No tab and no two spaces in a line: dkimpy's relaxed form changes no byte of it."""
    body = quoted_printable(text) + b"--x--\r\n"
    assert Relaxed.canonicalize_body(body) == body


@given(TEXT)
def test_a_run_ends_where_a_line_begins(text) -> None:
    """Runs join in any order, for each begins and ends at column 0."""
    coded = quoted_printable(text)
    assert coded == b"" or coded.endswith(b"\r\n")


@given(TEXT, TEXT)
def test_two_runs_read_as_one(left, right) -> None:
    """Where two runs meet, nothing is added and nothing is lost."""
    joined = quoted_printable(left) + quoted_printable(right)
    assert quopri.decodestring(joined).replace(b"\r\n", b"\n").decode() == left + right
