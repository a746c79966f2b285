"""Mailboxes as settings name them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.mailbox import Mailbox, ascii_address, read_mailbox
from mailer.errors import InputError


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("lettre@meridien.example", Mailbox("", "lettre@meridien.example")),
        ("<lettre@meridien.example>", Mailbox("", "lettre@meridien.example")),
        ("Le Méridien <l@m.example>", Mailbox("Le Méridien", "l@m.example")),
        ('"Méridien, Le" <l@m.example>', Mailbox("Méridien, Le", "l@m.example")),
        (r'"Le \"M\"" <l@m.example>', Mailbox('Le "M"', "l@m.example")),
        ("L <l+x@été.example>", Mailbox("L", "l+x@xn--t-9fab.example")),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(text, mailbox) -> None:
    """Names may be quoted, and a domain may have accents: the wire sees its ASCII form."""
    assert read_mailbox(text, what="the sender") == mailbox


def test_a_mailbox_knows_its_domain() -> None:
    """The domain is what signs, and what Message-IDs end with."""
    assert Mailbox("", "lettre@meridien.example").domain == "meridien.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Le Méridien",
        "Le Méridien <lettre@meridien.example",
        "Le Méridien <>",
        "a@b <c>",
        "a b@example.org",
        "a@example.org, b@example.org",
        "a..b@example.org",
        "été@example.org",
        "a@exa_mple.org",
        "a@" + "é" * 70 + ".org",
        "a@example.org\r\nBcc: b@example.org",
        "a" * 250 + "@example.org",
    ],
)
def test_what_is_no_mailbox_is_refused(text) -> None:
    """The error says which setting it is."""
    with pytest.raises(InputError, match="the sender"):
        read_mailbox(text, what="the sender")


@given(st.text(max_size=40))
def test_an_address_for_the_wire_is_ascii_without_spaces(text) -> None:
    """Whatever passes stands in a command or between brackets and cannot leave them."""
    try:
        address = ascii_address(text, what="it")
    except InputError:
        return
    assert address.isascii()
    assert not set(address) & set(' <>,;:"\\()[]\r\n')


@given(st.emails())
def test_ordinary_addresses_pass(address) -> None:
    """What the RFC lets everybody have, we can write to."""
    assert ascii_address(address, what="it") == address
