"""Signed tokens in links: who may leave, choose or read, without a login.

A token is ``<key id><payload>.<mac>`` in URL-safe letters. Its MAC is HMAC-SHA256 over
key id and payload, cut to 16 bytes (128 bits, RFC 2104 section 5), under a key derived
for one purpose, so that a token to leave never opens the preferences. Nothing in it is
secret, nothing expires: an unsubscribe link must work for years. What protects it is
that nobody without the key can make one; keys rotate by adding a newer one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum

from mailer.errors import TokenError

_MAC_BYTES = 16
_KEY_BYTES = 16  # fewer could be guessed
_SEPARATOR = "\x1f"  # ASCII unit separator: in no id, name or address


class Purpose(StrEnum):
    """What a token lets its bearer do, and nothing else."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    WEB = "web"


class Keyring:
    """Keys, oldest to newest: the newest signs, every one is read.

    A key leaves the list only when its links may die. ``digest`` uses the oldest, so
    that what must not change with a rotation (a Message-ID) does not.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < _KEY_BYTES for key in keys):
            message = f"a keyring needs keys of at least {_KEY_BYTES} bytes"
            raise ValueError(message)
        self._derived = {
            purpose: [_derive(key, f"token:{purpose}") for key in keys]
            for purpose in Purpose
        }
        self._ids = [_derive(key, "key id")[:2] for key in keys]
        self._digest_key = _derive(keys[0], "digest")

    def sign(self, purpose: Purpose, *parts: str) -> str:
        """A token that says *parts* for *purpose*; ASCII letters, digits, ``-_.``."""
        if not parts or any(_SEPARATOR in part for part in parts):
            message = "a token says at least one thing, without U+001F in it"
            raise ValueError(message)
        body = self._ids[-1] + _SEPARATOR.join(parts).encode()
        mac = hmac.digest(self._derived[purpose][-1], body, "sha256")[:_MAC_BYTES]
        return f"{_encode(body)}.{_encode(mac)}"

    def read(self, purpose: Purpose, token: str) -> tuple[str, ...]:
        """What *token* says; TokenError if we did not sign it for *purpose*."""
        try:
            left, right = token.split(".")
            body, mac = _decode(left), _decode(right)
            parts = tuple(body[2:].decode().split(_SEPARATOR))
        except ValueError as error:
            message = "not a token"
            raise TokenError(message) from error
        for key_id, key in zip(self._ids, self._derived[purpose], strict=True):
            expected = hmac.digest(key, body, "sha256")[:_MAC_BYTES]
            if hmac.compare_digest(expected, mac) and body[:2] == key_id:
                return parts
        message = "not our token"
        raise TokenError(message)

    def digest(self, label: str, text: str) -> str:
        """A keyed name for *text*, the same for ever; 20 lower-case letters and digits."""
        mac = hmac.digest(self._digest_key, f"{label}\0{text}".encode(), "sha256")
        return base64.b32encode(mac)[:20].decode().lower()


def _derive(key: bytes, salt: str) -> bytes:
    return hmac.digest(key, salt.encode(), hashlib.sha256)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strict: one spelling per value, so that no token has a twin."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(raw) != text:
        message = "not canonical"
        raise ValueError(message)
    return raw
