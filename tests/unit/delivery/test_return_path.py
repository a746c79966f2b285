"""Who a bounce is about stands in the address it is sent to, and nobody can invent it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.token import Keyring
from mailer.delivery.return_path import (
    LONGEST_NAME,
    Bearer,
    BounceAddress,
    Enveloping,
    ReturnPaths,
)

OLD, NEW = b"o" * 32, b"n" * 32
KEYRING = Keyring((OLD,))
IDS = st.integers(1, 999_999_999)


@given(run=IDS, subscriber=IDS)
def test_a_return_path_comes_back_as_it_left(run: int, subscriber: int) -> None:
    """However a relay folds it, in brackets or bare, and as an ENVID."""
    bounces = BounceAddress(domain="bounces.meridien.example")
    envelope = Enveloping(
        "lettre@m.example", run=run, bounces=bounces, keyring=KEYRING
    ).envelope(subscriber=subscriber, email="r@x.example")
    local, _, domain = envelope.return_path.partition("@")
    assert domain == "bounces.meridien.example"
    assert re.fullmatch(r"b\+[0-9a-f.]+", local)
    assert len(local) <= 64
    paths, whose = ReturnPaths(KEYRING), Bearer(run=run, subscriber=subscriber)
    path = envelope.return_path
    for told in (path, path.upper(), f"<{path}>", envelope.envelope_id):
        assert paths.read(told) == whose


def test_the_longest_name_still_takes_a_key() -> None:
    """RFC 5321 section 4.5.3.1.1: 64 octets; a name too long for it gets no key."""
    bounces = BounceAddress(plus=True)
    most = 999_999_999
    for length, has_key in ((LONGEST_NAME, True), (LONGEST_NAME + 1, False)):
        path = f"{'l' * length}@m.example"
        envelope = Enveloping(path, run=most, bounces=bounces, keyring=KEYRING)
        found = envelope.envelope(subscriber=most, email="r@x.example").return_path
        assert len(found.partition("@")[0]) <= 64
        assert (ReturnPaths(KEYRING).read(found) is not None) is has_key


def test_without_a_place_for_it_the_key_is_only_the_envelope_id() -> None:
    """An ordinary mailbox would take nothing that comes to another name."""
    envelope = Enveloping(
        "lettre@m.example", run=3, bounces=BounceAddress(), keyring=KEYRING
    ).envelope(subscriber=7, email="r@x.example")
    assert envelope.return_path == "lettre@m.example"
    assert ReturnPaths(KEYRING).read(envelope.envelope_id) == Bearer(
        run=3, subscriber=7
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key.replace("3.7.", "3.8."),
        lambda key: key.replace("3.7.", "4.7."),
        lambda key: key.replace("3.7.", "03.7."),
        lambda key: key[:-1],
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: key + "0",
        lambda key: key.replace(".", "+", 1),
        lambda _: "",
        lambda _: "b+@x.example",
        lambda key: "b+" + key + "x" * 400,
    ],
)
def test_nobody_can_have_a_reader_taken_for_dead(change: object) -> None:
    """An invented, altered or cut address is about nobody."""
    key = ReturnPaths(KEYRING).key(3, 7)
    assert callable(change)
    for told in (change(key), f"b+{change(key)}@bounces.m.example"):
        assert ReturnPaths(KEYRING).read(told) is None


@given(st.text(max_size=100))
def test_anything_may_stand_in_an_address(text: str) -> None:
    """Mail is anybody's: what is no key of ours is about nobody, and raises nothing."""
    assert ReturnPaths(KEYRING).read(text) is None


def test_a_newer_key_signs_and_the_older_is_still_read() -> None:
    """Bounces of what left before the rotation still find their reader."""
    before, after = ReturnPaths(KEYRING), ReturnPaths(Keyring((OLD, NEW)))
    assert before.key(3, 7) != after.key(3, 7)
    assert after.read(before.key(3, 7)) == Bearer(run=3, subscriber=7)
    assert before.read(after.key(3, 7)) is None
    assert ReturnPaths(Keyring((NEW,))).read(before.key(3, 7)) is None
