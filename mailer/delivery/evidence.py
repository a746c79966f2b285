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

from mailer.delivery.bounce import dsn
from mailer.delivery.bounce.mail import RETURNED, Fields, Mail, open_mail, split_header
from mailer.delivery.ledger import State
from mailer.phrases import Phrase, say, verbatim

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}@[^<>\s]{1,250}>")
_CARRIED = ("received", "return-path", "delivered-to", "x-original-to")
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
    return list(_evidence(open_mail(raw)))


def _evidence(mail: Mail) -> Iterator[Evidence]:
    if mail.fields.has(*_CARRIED):
        for message_id in _ids(mail.fields, "message-id"):
            words = say("a copy of the message")
            yield Evidence(message_id=message_id, state=State.ACCEPTED, words=words)
    for message_id in _ids(mail.fields, "in-reply-to", "references"):
        words = say("an answer to the message")
        yield Evidence(message_id=message_id, state=State.ACCEPTED, words=words)
    returned = [split_header(part.content)[0] for part in mail.of_type(*RETURNED)]
    if not returned:
        return
    state, words = _report(mail)
    for fields in returned:
        for message_id in _ids(fields, "message-id"):
            yield Evidence(message_id=message_id, state=state, words=words)


def _report(mail: Mail) -> tuple[State, Phrase]:
    """What a delivery status notification says; without one the message came back."""
    for part in mail.of_type(*dsn.TYPES):
        for told in dsn.read_report(part.text).testimonies:
            if told.action == "failed":
                said = told.diagnosis or told.status
                return State.BOUNCED, verbatim(said[:_LONGEST])
            if told.action:
                return State.ACCEPTED, say("reported as {action}", action=told.action)
    return State.ACCEPTED, say("the message came back")


def _ids(fields: Fields, *names: str) -> Iterator[str]:
    for value in fields.all(*names):
        yield from _MESSAGE_ID.findall(value)
