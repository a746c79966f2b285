"""Signatures of posts between programs: who wrote a body, and when.

``t=1773468000,v1=…`` is HMAC-SHA256 (RFC 2104) over ``t.body`` in hexadecimal: our own
``Mailer-Signature``, and Stripe's ``Stripe-Signature``, which may have several ``v1``
while its secret is renewed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far a post's own clock may be from ours: later it may be a repetition."""

_LONGEST = 2_000  # of a header; theirs have some 200 characters


def is_signed(
    header: str, body: bytes, *, keys: Sequence[bytes], now: datetime
) -> bool:
    """Whether somebody who has one of *keys* wrote *body* about *now*."""
    moment, signatures = "", []
    for part in header[:_LONGEST].split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            moment = value
        elif name == "v1":
            signatures.append(value.encode())
    if not (moment.isascii() and moment.isdecimal() and len(moment) <= 12):
        return False
    if abs(now.timestamp() - int(moment)) > TOLERANCE.total_seconds():
        return False
    signed = moment.encode() + b"." + body
    ours = [hmac.new(key, signed, hashlib.sha256).hexdigest().encode() for key in keys]
    found = [hmac.compare_digest(one, their) for one in ours for their in signatures]
    return any(found)
