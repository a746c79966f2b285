"""Domains and selectors as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.domain import read_domain, read_selector
from mailer.errors import InputError


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("meridien.example", "meridien.example"),
        (" Meridien.EXAMPLE. ", "meridien.example"),
        ("méridien.example", "xn--mridien-bya.example"),
        ("a-1.b2.example", "a-1.b2.example"),
    ],
)
def test_a_domain_is_read_as_the_dns_has_it(typed: str, read: str) -> None:
    """Small letters, A-labels, no dot at the end."""
    assert read_domain(typed) == read


@pytest.mark.parametrize(
    "typed",
    ["", ".", "example", "a..b", "-a.example", "a_b.example", "a b.example", "a@b.c",
     "x" * 64 + ".example", ("x" * 60 + ".") * 5 + "example", "a.example/b", "a.b\r\nc"],
)  # fmt: skip
def test_what_is_no_domain_is_refused(typed: str) -> None:
    """It says so, with an example."""
    with pytest.raises(InputError, match="is no domain") as caught:
        read_domain(typed)
    assert "example.org" in caught.value.hint


@pytest.mark.parametrize("typed", ["", ".", "a..b", "a_b", "a b", "-a", "a;s=b", "é"])
def test_what_is_no_selector_is_refused(typed: str) -> None:
    """A selector is one or more labels of a name in the DNS."""
    assert read_selector(" RSA2026.b ") == "rsa2026.b"
    with pytest.raises(InputError, match="is no selector"):
        read_selector(typed)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never anything but an InputError; what is read can be read again."""
    for read in (read_domain, read_selector):
        try:
            once = read(text)
        except InputError:
            continue
        assert read(once) == once
        assert once.isascii()
        assert once.isprintable()
