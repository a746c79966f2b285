"""What a mail proves of a delivery in doubt: that the relay had taken the message.

A Message-ID of ours is signed for one reader of one edition, and nobody knows it who has
not had the message: wherever it comes back from, a relay took it. What a mail says
otherwise (who it is from, whom it is about) anybody could have written, and proves
nothing.

Sources: RFC 3464 sections 2.3.3 (Action) and 2.3.4 (Status), RFC 6522 section 3 (the
returned message or its header), RFC 5322 section 3.6.4 (In-Reply-To, References).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from mailer.delivery.ledger import State
from mailer.phrases import Phrase, say, verbatim

_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_CARRIED = ("Received", "Return-Path", "Delivered-To", "X-Original-To")
"""Headers that a message has when somebody has carried it; a rendered file has none."""

_LONGEST = 200  # of a diagnosis: the ledger keeps what the relay said, not an essay


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is proved of the message called *message_id*: ACCEPTED, or BOUNCED later."""

    message_id: str
    state: State
    words: Phrase


def read_evidence(raw: bytes) -> list[Evidence]:
    """What the mail *raw* proves; nothing, if it is no mail or names no message.

    Mail is anybody's: whatever cannot be read proves nothing, and raises nothing.
    """
    try:
        return list(_evidence(message_from_bytes(raw)))
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        return []  # the parser of the standard library stumbles over hostile headers


def _evidence(mail: Message) -> Iterator[Evidence]:
    if any(mail.get(name) for name in _CARRIED):
        for message_id in _ids(mail, "Message-ID"):
            words = say("a copy of the message")
            yield Evidence(message_id=message_id, state=State.ACCEPTED, words=words)
    for message_id in _ids(mail, "In-Reply-To", "References"):
        words = say("an answer to the message")
        yield Evidence(message_id=message_id, state=State.ACCEPTED, words=words)
    if not mail.is_multipart():
        return
    state, words = _report(mail)
    for message_id in _returned(mail):
        yield Evidence(message_id=message_id, state=state, words=words)


def _report(mail: Message) -> tuple[State, Phrase]:
    """What a delivery status notification says; without one the message came back."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in _parts(part):
            action = str(block.get("Action", "")).partition(";")[0].strip().lower()
            if action == "failed":
                said = block.get("Diagnostic-Code") or block.get("Status", "")
                reply = " ".join(
                    str(said).partition(";")[2].split() or str(said).split()
                )
                return State.BOUNCED, verbatim(reply[:_LONGEST])
            if action:
                return State.ACCEPTED, say("reported as {action}", action=action)
    return State.ACCEPTED, say("the message came back")


def _returned(mail: Message) -> Iterator[str]:
    """Message-IDs of the messages, or headers of messages, that *mail* has in it."""
    for part in mail.walk():
        match part.get_content_type():
            case "message/rfc822":
                for message in _parts(part):
                    yield from _ids(message, "Message-ID")
            case "text/rfc822-headers":
                header = part.get_payload(decode=True)
                if isinstance(header, bytes):
                    yield from _ids(message_from_bytes(header), "Message-ID")
            case _:
                pass


def _parts(part: Message) -> list[Message]:
    """What stands inside *part*; nothing where it is text."""
    inside = part.get_payload()
    if not isinstance(inside, list):
        return []
    return [each for each in inside if isinstance(each, Message)]


def _ids(mail: Message, *headers: str) -> Iterator[str]:
    for name in headers:
        for value in mail.get_all(name, ()):
            yield from _MESSAGE_ID.findall(str(value))
