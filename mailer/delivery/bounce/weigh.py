"""How bad it is: what was said of one recipient, weighed; words before codes.

``Unknown user`` is believed where the far end said so of the address: with an enhanced code
that says the same, or when it was named (RCPT), or where the server that writes looked it
up itself. A server that says it after it has read the message judged the message: mobile
carriers hide their filters behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.delivery.bounce.model import Fate, Kind, Reason
from mailer.delivery.bounce.reasons import (
    code_in,
    reason_in,
    reason_of_status,
    status_in,
)
from mailer.delivery.bounce.testimony import Testimony, stage_of

_LONGEST_SAID = 300
_REPLY = re.compile(r"(?<![\d.#/-])(?<!\w:)[45]\d\d(?:[ ,:;-]|$)")
_AGAIN = re.compile(
    r"(?:not found|lookup failure|lookup error)\W+try again|temporar|"
    r"in the queue too long|giving up|given up on"
)
_GONE = re.compile(r"(?:does not|doesn't|not) exist|user unknown|unknown user")
_STOCK = re.compile(r"\buser unknown\b", re.IGNORECASE)
"""What every relay says to whatever it did not like: alone, it is hearsay."""

_ABOUT_THE_SENDER = frozenset({".1.7", ".1.8"})
_FIXED = {
    "delivered": (Kind.DELIVERED, Reason.DELIVERED),
    "deliverable": (Kind.DELIVERED, Reason.DELIVERED),
    "relayed": (Kind.DELIVERED, Reason.DELIVERED),
    "expanded": (Kind.DELIVERED, Reason.DELIVERED),
    "complaint": (Kind.COMPLAINT, Reason.COMPLAINT),
}


def weigh(told: Testimony) -> Fate:
    """What became of the message to the recipient that *told* is about."""
    status = (
        status_in(told.diagnosis)
        or told.status
        or status_in(told.prose)
        or status_in(told.context)
    )
    if told.action in _FIXED:
        kind, reason = _FIXED[told.action]
    else:
        reason = _reason(told, status)
        kind = Kind.HARD if reason.is_hard else Kind.SOFT
    if told.action == "delayed":
        kind = Kind.DELAYED
        if reason.is_hard or reason in {Reason.UNDEFINED, Reason.FILTERED}:
            reason = Reason.DELAYED
    return Fate(
        recipient=told.recipient,
        kind=kind,
        reason=reason,
        status=status,
        said=(told.diagnosis or told.prose)[:_LONGEST_SAID],
    )


def _reason(told: Testimony, status: str) -> Reason:
    """What the first words that mean anything mean, or else the code."""
    reason = next(
        (r for r in map(reason_in, _words(told)) if r is not Reason.UNDEFINED),
        Reason.UNDEFINED,
    )
    if reason is Reason.UNDEFINED:
        reason = reason_of_status(status)
    if reason is Reason.DISABLED and _is_gone(told, status):
        reason = Reason.UNKNOWN_USER
    if reason.is_hard and status[1:] in _ABOUT_THE_SENDER:
        return Reason.PROTOCOL
    if reason.is_hard and told.is_local:
        return Reason.SYSTEM  # a delivery program's “no such user” is one of its own
    if reason is Reason.UNKNOWN_USER:
        return _believed(told, status)
    if reason in {Reason.UNKNOWN_HOST, Reason.TAKES_NO_MAIL}:
        words = f"{told.diagnosis} {told.prose}".lower()
        is_temporary = "4." in {told.status[:2], status[:2]}
        if is_temporary or _AGAIN.search(words):
            return Reason.NETWORK  # the DNS may answer otherwise tomorrow
    return reason


def _is_gone(told: Testimony, status: str) -> bool:
    """Whether a disabled mailbox is one that is not there any more."""
    said = f"{told.diagnosis} {told.prose}".lower()
    return status.endswith(".1.1") or _GONE.search(said) is not None


def _words(told: Testimony) -> Iterator[str]:
    """What was said, the surest first: a quoted reply, then what is written around it."""
    for words in (told.diagnosis, told.prose, told.context):
        reply = _REPLY.search(words)
        if reply is not None and reply.start():
            yield words[reply.start() :]
        if words:
            yield words


def _believed(told: Testimony, status: str) -> Reason:
    """What an unknown user is, by the moment and the code it was said with."""
    words = f"{told.context} {told.prose} {told.diagnosis}"
    stage = stage_of(words)
    if stage in {"MAIL", "HELO"}:
        return Reason.PROTOCOL  # the sender is unknown
    if status[1:4] == ".1." or stage == "RCPT":
        return Reason.UNKNOWN_USER
    if not stage and not code_in(words):
        said = _STOCK.sub(" ", words)
        return Reason.UNKNOWN_USER if reason_in(said).is_hard else Reason.FILTERED
    return Reason.FILTERED
