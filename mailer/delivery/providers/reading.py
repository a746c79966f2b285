"""The reports of each provider: proved first, then read.

Their fields are documented by each; what is not about a failure, a complaint or somebody
who leaves (deliveries, openings, clicks) is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from mailer.delivery.bounce.model import Fate
from mailer.delivery.providers import proofs
from mailer.delivery.providers.event import (
    Event,
    complaint,
    failure,
    gone,
    nothing,
    report,
)
from mailer.delivery.providers.fields import Fields, read_many

_OURS = re.compile(r"e[A-Za-z0-9-]*\.[a-z0-9]{24}@")

Reader = Callable[[bytes, Mapping[str, str], str, datetime], Iterator[Event]]


def postmark(
    body: bytes, headers: Mapping[str, str], secret: str, _now: datetime
) -> Iterator[Event]:
    """Bounces, spam complaints, changes of subscription."""
    proofs.check_password(headers, secret)
    told = Fields.read(body)
    kind, sort = told.text("RecordType"), told.text("Type")
    email = told.text("Email", "Recipient")
    said = told.text("Details", "Description")
    evidence = _lines(
        told, "RecordType", "Type", "Name", "Details", "SuppressionReason"
    )
    key = (
        told.text("ID") or f"{told.text('MessageID')} {told.text('ChangedAt')} {email}"
    )
    event = _event(f"{kind} {key}", evidence)
    if kind == "SpamComplaint" or sort == "SpamComplaint":
        yield event(complaint(email))
    elif kind == "SubscriptionChange" and told.is_true("SuppressSending"):
        match told.text("SuppressionReason"):
            case "ManualSuppression":
                yield replace(event(nothing(email)), leaves=True)
            case "HardBounce":
                yield event(gone(email, "suppressed by Postmark: HardBounce"))
    elif kind == "Bounce" and sort == "Unsubscribe":
        yield replace(event(nothing(email)), leaves=True)
    elif kind == "Bounce" and sort not in {
        "AutoResponder",
        "AddressChange",
        "Subscribe",
    }:
        hard = sort in {"HardBounce", "BadEmailAddress"}
        yield event(failure(recipient=email, is_permanent=hard, said=said))


def mailgun(
    body: bytes, _headers: Mapping[str, str], secret: str, now: datetime
) -> Iterator[Event]:
    """Failures, complaints, unsubscriptions."""
    whole = Fields.read(body)
    signature = whole.inside("signature")
    timestamp = signature.raw("timestamp")
    proofs.check_hmac(
        timestamp=timestamp,
        token=signature.raw("token"),
        signature=signature.raw("signature"),
        key=secret,
    )
    proofs.check_moment(proofs.read_seconds(timestamp), now)
    told = whole.inside("event-data")
    email, kind = told.text("recipient"), told.text("event")
    status = told.inside("delivery-status")
    said = " ".join(
        filter(None, (status.text("code"), status.text("message", "description")))
    )
    evidence = (
        *_lines(told, "event", "severity", "reason"),
        *_lines(status, "code", "message", "description"),
    )
    message_id = told.inside("message", "headers").text("message-id")
    event = _event(told.text("id"), evidence, message_id)
    if kind == "complained":
        yield event(complaint(email))
    elif kind == "unsubscribed":
        yield replace(event(nothing(email)), leaves=True)
    elif kind == "failed":
        hard = told.text("severity") == "permanent"
        code = status.text("enhanced-code")
        yield event(failure(recipient=email, is_permanent=hard, status=code, said=said))


def sendgrid(
    body: bytes, headers: Mapping[str, str], secret: str, now: datetime
) -> Iterator[Event]:
    """Bounces, blocks, drops, spam reports, unsubscriptions; many in one post."""
    proofs.check_moment(proofs.check_ecdsa(headers, body, secret), now)
    for told in read_many(body):
        email, kind = told.text("email"), told.text("event")
        said = told.text("reason", "response")
        evidence = _lines(told, "event", "type", "status", "reason")
        event = _event(told.text("sg_event_id"), evidence, told.text("smtp-id"))
        if kind == "spamreport":
            yield event(complaint(email))
        elif kind in {"unsubscribe", "group_unsubscribe"}:
            yield replace(event(nothing(email)), leaves=True)
        elif kind == "bounce":
            hard = told.text("type") != "blocked"
            code = told.text("status")
            yield event(
                failure(recipient=email, is_permanent=hard, status=code, said=said)
            )
        elif kind == "dropped" and "bounced address" in said.lower():
            yield event(gone(email, said))


def brevo(
    body: bytes, headers: Mapping[str, str], secret: str, _now: datetime
) -> Iterator[Event]:
    """Bounces, blocks, complaints, unsubscriptions; some webhooks send lists."""
    proofs.check_password(headers, secret)
    for told in read_many(body):
        email, kind = told.text("email"), told.text("event").lower()
        message_id = told.text("message-id")
        moment = told.text("ts_epoch", "ts_event", "ts", "date")
        evidence = _lines(told, "event", "reason", "tag")
        key = f"{kind} {message_id} {email} {moment}"
        # Whether Brevo keeps our Message-ID, it does not say: another proves nothing.
        event = _event(key, evidence, message_id if _OURS.search(message_id) else "")
        if kind in {"spam", "complaint"}:
            yield event(complaint(email))
        elif kind in {"unsubscribe", "unsubscribed"}:
            yield replace(event(nothing(email)), leaves=True)
        elif kind in {
            "hard_bounce",
            "soft_bounce",
            "invalid_email",
            "blocked",
            "error",
        }:
            hard = kind in {"hard_bounce", "invalid_email"}
            said = told.text("reason")
            yield event(failure(recipient=email, is_permanent=hard, said=said))


def mailjet(
    body: bytes, headers: Mapping[str, str], secret: str, _now: datetime
) -> Iterator[Event]:
    """Bounces, blocks, spam, unsubscriptions; one, or many in one post."""
    proofs.check_password(headers, secret)
    for told in read_many(body):
        email, kind = told.text("email"), told.text("event").lower()
        said = " ".join(filter(None, (told.text("error"), told.text("comment"))))
        evidence = _lines(
            told, "event", "hard_bounce", "error_related_to", "error", "comment"
        )
        key = f"{kind} {told.text('MessageID', 'Message_GUID')} {email} {told.text('time')}"
        event = _event(key, evidence)
        if kind == "spam":
            yield event(complaint(email))
        elif kind == "unsub":
            yield replace(event(nothing(email)), leaves=True)
        elif kind in {"bounce", "blocked"}:
            hard = kind == "bounce" and told.is_true("hard_bounce")
            yield event(failure(recipient=email, is_permanent=hard, said=said))


READERS: Mapping[str, Reader] = {
    "postmark": postmark,
    "mailgun": mailgun,
    "sendgrid": sendgrid,
    "brevo": brevo,
    "mailjet": mailjet,
}
"""By provider, what its post says: TokenError if it is not its own, ValueError if it
makes no sense. Amazon's comes in an envelope of SNS (``ses``)."""


def _event(
    key: str, evidence: tuple[str, ...], message_id: str = ""
) -> Callable[[Fate], Event]:
    def make(fate: Fate) -> Event:
        return Event(
            key=key, about=report(fate, evidence=evidence, message_id=message_id)
        )

    return make


def _lines(told: Fields, *names: str) -> tuple[str, ...]:
    return tuple(f"{name}: {said}" for name in names if (said := told.text(name)))
