"""Addresses in one form, and what is not an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.address import (
    address_key,
    domain_of,
    is_role,
    mask,
    needs_smtputf8,
    read_address,
)
from mailer.errors import InputError


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  Jean@Orange.FR ", "Jean@orange.fr"),
        ("Jean Dupont <jean@x.example>", "jean@x.example"),
        ("mailto:jean@x.example", "jean@x.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("élise@x.example", "élise@x.example"),
    ],
)
def test_an_address_has_one_form(typed: str, read: str) -> None:
    """Names, schemes, case of the domain and accents in it are settled."""
    assert read_address(typed) == read
    assert read_address(read) == read


@pytest.mark.parametrize(
    "typed", ["", "x", "a@", "@x.example", "a b@x.example", "a@x.example\nBcc: b@c.d"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    """The reason is in words."""
    with pytest.raises(InputError):
        read_address(typed)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """An address or an InputError, and never a control character."""
    try:
        found = read_address(text)
    except InputError:
        return
    assert found.isprintable()


def test_small_questions_about_an_address() -> None:
    """Key, mask, domain, role and need of SMTPUTF8."""
    assert address_key("Jean@x.example") == address_key("jEAN@x.example")
    assert mask("claire@orange.fr") == "c•••@orange.fr"
    assert domain_of("a@X.Example") == "x.example"
    assert is_role("info@x.example")
    assert not is_role("claire@x.example")
    assert needs_smtputf8("élise@x.example")
    assert not needs_smtputf8("elise@x.example")
