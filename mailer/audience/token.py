"""Signed tokens in links: who may leave, choose or read, without a login.

A token is ``<key id><payload><mac>`` in URL-safe letters. Its MAC is keyed BLAKE2b over
key id and payload, of 16 bytes (128 bits, RFC 7693 section 2.9), under a key derived for
one purpose, so that a token to leave never opens the preferences. Nothing in it is
secret, nothing expires by itself: an unsubscribe link must work for years. Whoever wants
a token to age puts a moment into it. What protects it is
that nobody without the key can make one; keys rotate by adding a newer one.

Four tokens and a digest are made for every message, hence not HMAC: BLAKE2b takes a
third of its time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, Self

from mailer.errors import TokenError

_MAC_BYTES = 16
_ID_BYTES = 2
_KEY_BYTES = 16  # fewer could be guessed
_DIGEST_BYTES = 12
_STAMP_BYTES = 10  # 80 bits: an address has little room, and every guess costs a mail
_SEPARATOR = "\x1f"  # ASCII unit separator: in no id, name or address
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class _Keyed(Protocol):
    """A hash that knows its key, and was fed nothing yet."""

    def copy(self) -> Self: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class Purpose(StrEnum):
    """What a token lets its bearer do, and nothing else."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    WEB = "web"
    VOTE = "vote"
    GIFT = "gift"
    UNDO = "undo"
    DATA = "data"
    CONFIRM = "confirm"
    FORM = "form"
    CLICK = "click"
    OPEN = "open"
    MEASURE = "measure"


READERS_OWN = (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES, Purpose.WEB, Purpose.VOTE)
"""Those that every message may carry, all made by ``Keyring.sign_own``."""

_QUARTERS = range(0, len(READERS_OWN) * _MAC_BYTES, _MAC_BYTES)


class Keyring:
    """Keys, oldest to newest: the newest signs, every one is read.

    A key leaves the list only when its links may die. ``digest`` uses the oldest, so
    that what must not change with a rotation (a Message-ID) does not.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < _KEY_BYTES for key in keys):
            message = f"a keyring needs keys of at least {_KEY_BYTES} bytes"
            raise ValueError(message)
        own = [_keyed(key, "token:own", len(READERS_OWN) * _MAC_BYTES) for key in keys]
        self._own = own[-1]
        self._keyed = {
            purpose: (own, slice(at, at + _MAC_BYTES))
            for at, purpose in zip(_QUARTERS, READERS_OWN, strict=True)
        }
        for purpose in set(Purpose) - set(READERS_OWN):
            of_its_own = [_keyed(key, f"token:{purpose}", _MAC_BYTES) for key in keys]
            self._keyed[purpose] = of_its_own, slice(None)
        self._ids = [_derive(key, "key id")[:_ID_BYTES] for key in keys]
        self._digest = _keyed(keys[0], "digest", _DIGEST_BYTES)
        self._stamps = [_keyed(key, "stamp", _STAMP_BYTES) for key in keys]

    def sign(self, purpose: Purpose, *parts: str) -> str:
        """A token that says *parts* for *purpose*; ASCII letters, digits, ``-_``."""
        body = self._body(parts)
        keyed, ours = self._keyed[purpose]
        return _encode(body + _mac(keyed[-1], body)[ours])

    def sign_own(self, *parts: str) -> tuple[str, ...]:
        """The tokens that say *parts* for each of ``READERS_OWN``, as ``sign`` makes them."""
        body = self._body(parts)
        macs = _mac(self._own, body)
        return tuple([_encode(body + macs[at : at + _MAC_BYTES]) for at in _QUARTERS])

    def read(self, purpose: Purpose, token: str) -> tuple[str, ...]:
        """What *token* says; TokenError if we did not sign it for *purpose*."""
        try:
            raw = _decode(token)
            body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
            parts = tuple(body[_ID_BYTES:].decode().split(_SEPARATOR))
        except ValueError as error:
            message = "not a token"
            raise TokenError(message) from error
        keyed, ours = self._keyed[purpose]
        for key_id, key in zip(self._ids, keyed, strict=True):
            right = hmac.compare_digest(_mac(key, body)[ours], mac)
            if right and body[:_ID_BYTES] == key_id:
                return parts
        message = "not our token"
        raise TokenError(message)

    def digest(self, label: str, text: str) -> str:
        """A keyed name for *text*, the same for ever; 24 lower-case letters and digits."""
        return _mac(self._digest, f"{label}\0{text}".encode()).hex()

    def stamp(self, label: str, text: str) -> str:
        """A short MAC of *text* under the newest key; 20 lower-case letters and digits."""
        return _mac(self._stamps[-1], f"{label}\0{text}".encode()).hex()

    def is_stamp(self, label: str, text: str, stamp: str) -> bool:
        """Whether *stamp* is that of *text* under any of the keys."""
        body, said = f"{label}\0{text}".encode(), stamp.encode()
        found = [
            hmac.compare_digest(_mac(key, body).hex().encode(), said)
            for key in self._stamps
        ]
        return any(found)

    def _body(self, parts: tuple[str, ...]) -> bytes:
        text = _SEPARATOR.join(parts)
        if not parts or text.count(_SEPARATOR) != len(parts) - 1:
            message = "a token says at least one thing, without U+001F in it"
            raise ValueError(message)
        return self._ids[-1] + text.encode()


def _derive(key: bytes, salt: str) -> bytes:
    return hmac.digest(key, salt.encode(), hashlib.sha256)


def _keyed(key: bytes, salt: str, size: int) -> _Keyed:
    return hashlib.blake2b(key=_derive(key, salt), digest_size=size)


def _mac(key: _Keyed, body: bytes) -> bytes:
    mac = key.copy()
    mac.update(body)
    return mac.digest()


def _encode(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def _decode(text: str) -> bytes:
    """Strict: one spelling per value, so that no token has a twin."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(raw) != text:
        message = "not canonical"
        raise ValueError(message)
    return raw
