"""How a provider proves that a report is its own, each by what it really offers.

Postmark, Brevo and Mailjet send the name and password, or the token, that their webhook
was set up with (RFC 7617, RFC 6750). Mailgun signs with a key that both know (HMAC),
SendGrid and Amazon SNS with keys of their own. A signature says when it was made: what is
old is refused, for it may be somebody's copy. All comparisons take the same time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_pem_x509_certificate

from mailer.errors import TokenError

OLDEST = timedelta(hours=48)
"""Providers go on trying for a day; what was signed before that is a copy."""

_AHEAD = timedelta(minutes=10)
_NUMBER = re.compile(r"\d{9,12}", re.ASCII)


def check_password(headers: Mapping[str, str], secret: str) -> None:
    """TokenError unless *headers* say *secret*, ``user:password`` or a token."""
    said = headers.get("authorization", "")
    basic = base64.b64encode(secret.encode()).decode()
    known = [f"Basic {basic}", f"Bearer {secret}"]
    matches = [_same(said, each) for each in known]
    if not secret or not any(matches):
        raise _strange()


def check_hmac(*, timestamp: str, token: str, signature: str, key: str) -> None:
    """TokenError unless *signature* is that of *timestamp* and *token* (Mailgun)."""
    signed = f"{timestamp}{token}".encode()
    ours = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
    if not key or not token or not _same(signature, ours):
        raise _strange()


def check_ecdsa(headers: Mapping[str, str], body: bytes, key: str) -> datetime:
    """When *body* was signed with the private half of *key* (SendGrid); TokenError."""
    signature = headers.get("x-twilio-email-event-webhook-signature", "")
    timestamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        public = serialization.load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise _strange()
        signed = timestamp.encode() + body
        public.verify(
            base64.b64decode(signature, validate=True),
            signed,
            ec.ECDSA(hashes.SHA256()),
        )
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise _strange() from error
    return read_seconds(timestamp)


def check_certificate(
    signed: bytes, signature: str, pem: bytes, *, version: str
) -> None:
    """TokenError unless the key in *pem* signed *signed* (SNS, versions 1 and 2)."""
    digest: hashes.HashAlgorithm = hashes.SHA256()
    if version == "1":
        digest = hashes.SHA1()  # noqa: S303 - theirs; version 2 is advised in the docs
    try:
        public = load_pem_x509_certificate(pem).public_key()
        if version not in {"1", "2"} or not isinstance(public, rsa.RSAPublicKey):
            raise _strange()
        raw = base64.b64decode(signature, validate=True)
        public.verify(raw, signed, padding.PKCS1v15(), digest)
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise _strange() from error


def read_seconds(text: str) -> datetime:
    """A moment in seconds since 1970; TokenError if it is none."""
    if not _NUMBER.fullmatch(text):
        raise _strange()
    return datetime.fromtimestamp(int(text), UTC)


def check_moment(signed: datetime, now: datetime) -> None:
    """TokenError if it was *signed* too long ago, or is yet to be."""
    if not -_AHEAD <= now - signed <= OLDEST:
        message = "signed too long ago"
        raise TokenError(message)


def _same(said: str, ours: str) -> bool:
    return hmac.compare_digest(said.encode("utf-8", "replace"), ours.encode())


def _strange() -> TokenError:
    message = "not the provider's"
    return TokenError(message)
