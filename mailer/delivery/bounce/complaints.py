"""Complaints: somebody called a message spam, and a provider tells whoever sent it.

RFC 5965 gives them a form (``message/feedback-report``); before it, and beside it, there
are imitations. Providers take the address out: whose message it was then stands only in
what they return.
"""

from __future__ import annotations

import re

from mailer.delivery.bounce.mail import Mail, split_header, unencoded
from mailer.delivery.bounce.model import Fate, Kind, Reason
from mailer.delivery.bounce.prose import addresses_in

_SUBJECT = re.compile(
    r"complaint about message from|abuse (?:report|complaint)|spam (?:report|complaint)|"
    r"(?:email )?feedback (?:loop )?(?:report|complaint)",
    re.IGNORECASE,
)
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc"})
_TOLD = (
    "feedback-type",
    "original-rcpt-to",
    "removal-recipient",
    "original-mail-from",
    "user-agent",
)
_MOST = 20


class Complaint:
    """A complaint: about whom, of which type, and the lines that say so."""

    def __init__(self, recipients: list[str], feedback: str, lines: list[str]) -> None:
        self.feedback = feedback
        self.lines = tuple(lines)
        self.fates = tuple(
            Fate(recipient=each, kind=Kind.COMPLAINT, reason=Reason.COMPLAINT)
            for each in recipients[:_MOST] or [""]
        )


def read_complaint(mail: Mail) -> Complaint | None:
    """The complaint that *mail* is, or None."""
    for part in mail.of_type("message/feedback-report"):
        fields, _ = split_header(part.content)
        feedback = fields.get("feedback-type").strip().lower() or "abuse"
        if feedback in _NO_COMPLAINT:
            return None
        about = fields.all("original-rcpt-to", "removal-recipient")
        recipients = [each for value in about for each in addresses_in(value)]
        lines = [f"{k.title()}: {v}" for k, v in fields.pairs if k in _TOLD]
        return Complaint(recipients, feedback, lines)
    subject = unencoded(mail.fields.get("subject"))
    redacted = mail.fields.get("x-hmxmroriginalrecipient")  # Microsoft's JMRP
    if redacted or _SUBJECT.match(subject.strip()):
        lines = [f"Subject: {subject}"]
        return Complaint([*addresses_in(redacted)], "abuse", lines)
    return None
