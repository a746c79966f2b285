"""Dialects that nobody here has met, and somebody else has: flufl.bounce.

Mailman's collection knows who is meant, and little else: three of four soft bounces are
permanent to it. So what it finds counts softly, and it is asked only where our own reading
finds nothing at all.
"""

from __future__ import annotations

from email import message_from_bytes

from mailer.delivery.bounce.testimony import Testimony

_LONGEST = 8_000  # octets: its patterns take the square of the time
_MOST_PARTS = 12
_MOST = 20


def ask_others(raw: bytes) -> list[Testimony]:
    """Whom the mail *raw* tells of, and whether it failed or is only delayed."""
    beginning = raw[:_LONGEST]
    if beginning.lower().count(b"boundary") > _MOST_PARTS:
        return []
    from flufl.bounce import all_failures

    try:
        delayed, failed = all_failures(message_from_bytes(beginning))
    except Exception:  # noqa: BLE001 - forty parsers of strangers' mail, none of them ours
        return []
    return [
        Testimony(recipient=address, action=action, lines=(address,))
        for action, found in (("failed", failed), ("delayed", delayed))
        for address in sorted(each.decode("utf-8", "replace") for each in found)[:_MOST]
        if "@" in address
    ]
