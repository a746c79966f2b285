"""Tokens nobody else can make, for one purpose each, through rotations."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.audience.subscriber import Tier
from mailer.audience.token import READERS_OWN, Keyring, Purpose
from mailer.audience.variants import variant_for
from mailer.edition.model import Variant
from mailer.errors import TokenError

OLD, NEW = b"o" * 16, b"n" * 32
PARTS = st.lists(
    st.text(st.characters(exclude_characters="\x1f", codec="utf-8"), max_size=20),
    min_size=1,
    max_size=3,
)


@given(PARTS, st.sampled_from(Purpose))
def test_what_was_signed_is_read(parts: list[str], purpose: Purpose) -> None:
    """A token gives back what it says, and is fit for a link."""
    ring = Keyring((OLD,))
    token = ring.sign(purpose, *parts)
    assert ring.read(purpose, token) == tuple(parts)
    assert token.isascii()
    assert all(c.isalnum() or c in "-_." for c in token)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("other", Purpose)
def test_a_token_serves_one_purpose(purpose: Purpose, other: Purpose) -> None:
    """A token to leave does not open the preferences, nor any other anything else."""
    ring = Keyring((OLD,))
    token = ring.sign(purpose, "p", "1")
    if purpose is not other:
        with pytest.raises(TokenError):
            ring.read(other, token)


@given(PARTS)
def test_the_tokens_of_a_reader_are_made_at_once(parts: list[str]) -> None:
    """Together they are what each is alone, and no two are the same."""
    ring = Keyring((OLD, NEW))
    own = ring.sign_own(*parts)
    assert own == tuple(ring.sign(purpose, *parts) for purpose in READERS_OWN)
    assert len(set(own)) == len(READERS_OWN)


@settings(max_examples=150)
@given(st.integers(0, 60), st.sampled_from("Aa0-_.z"))
def test_no_letter_can_be_changed(at: int, letter: str) -> None:
    """Every other spelling of a token is refused."""
    ring = Keyring((OLD,))
    token = ring.sign(Purpose.WEB, "le-meridien/118", "42")
    at %= len(token)
    forged = token[:at] + letter + token[at + 1 :]
    if forged != token:
        with pytest.raises(TokenError):
            ring.read(Purpose.WEB, forged)


@given(st.text(max_size=40))
def test_what_a_stranger_types_is_refused(text: str) -> None:
    """Anything else is a TokenError and nothing worse."""
    with pytest.raises(TokenError):
        Keyring((OLD,)).read(Purpose.UNSUBSCRIBE, text)


def test_old_links_work_after_a_rotation() -> None:
    """A new key signs; the old one is still read, until it is taken away."""
    token = Keyring((OLD,)).sign(Purpose.UNSUBSCRIBE, "1")
    both = Keyring((OLD, NEW))
    assert both.read(Purpose.UNSUBSCRIBE, token) == ("1",)
    assert both.sign(Purpose.UNSUBSCRIBE, "1") != token
    with pytest.raises(TokenError):
        Keyring((NEW,)).read(Purpose.UNSUBSCRIBE, token)


def test_a_digest_outlives_rotations() -> None:
    """What names a message stays the same when keys are added."""
    assert Keyring((OLD,)).digest("m", "x") == Keyring((OLD, NEW)).digest("m", "x")
    assert Keyring((OLD,)).digest("m", "x") != Keyring((OLD,)).digest("n", "x")


@pytest.mark.parametrize("keys", [(), (b"short",)])
def test_a_keyring_needs_real_keys(keys: tuple[bytes, ...]) -> None:
    """No key, or a guessable one, is refused."""
    with pytest.raises(ValueError, match="16 bytes"):
        Keyring(keys)


def test_members_read_what_is_free_where_nothing_is_theirs() -> None:
    """The variant follows the tier and what was built."""
    free, member = Variant.FREE, Variant.MEMBER
    assert variant_for(Tier.MEMBER, [free, member]) is member
    assert variant_for(Tier.MEMBER, [free]) is free
    assert variant_for(Tier.FREE, [free, member]) is free
    assert variant_for(Tier.FREE, [member]) is None
