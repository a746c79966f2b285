"""A mail that a reader wrote back: who, when, and to which message of ours.

Nothing of its text is looked at. What a machine wrote (RFC 3834) is no answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from mailer.audience.address import read_address
from mailer.delivery.request import read_request
from mailer.errors import InputError

_ID = re.compile(r"<[^<>\s]{1,900}>")
_OURS = re.compile(r"<e[A-Za-z0-9-]*\.([a-z0-9]{24})@[^<>@\s]+>")
_HEAD = 64 * 1024
_HOSTILE = (LookupError, ValueError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What its headers say. ``digests`` are those of Message-IDs of ours it answers to.

    ``at`` is None where it says no moment that can be believed.
    """

    sender: str
    message_id: str
    digests: frozenset[str]
    at: datetime | None


def read_answer(raw: bytes) -> Answer | None:
    """The answer in *raw*; None if it is none, or a machine's. Never raises."""
    head = raw[:_HEAD]
    if read_request(head).is_automatic:
        return None
    try:
        mail = message_from_bytes(head)
        sent = _ID.search(str(mail.get("Message-ID", "")))
        threads = f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}"
        digests = frozenset(found[1] for found in _OURS.finditer(threads))
        senders = getaddresses([str(mail.get("From", ""))])
        if not sent or not digests or len(senders) != 1:
            return None
        return Answer(
            sender=read_address(senders[0][1]),
            message_id=sent[0],
            digests=digests,
            at=_moment(mail),
        )
    except (InputError, *_HOSTILE):
        return None


def _moment(mail: Message) -> datetime | None:
    try:
        said = parsedate_to_datetime(str(mail.get("Date", "")))
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except (*_HOSTILE, OverflowError):
        return None
