"""Amazon SES: reports inside messages of SNS, which a certificate of Amazon's signs.

A message names the certificate that signed it. Only one of Amazon's own hosts is ever
asked for it; and a topic that was not configured is not ours, however well it is signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailer.delivery.providers import proofs
from mailer.delivery.providers.event import Event, complaint, failure, report
from mailer.delivery.providers.fields import Fields
from mailer.errors import TokenError

_HOST = r"https://sns\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/SimpleNotificationService-[A-Za-z0-9]{8,64}\.pem")
_CONFIRM = re.compile(_HOST + r"/\?Action=ConfirmSubscription&[\w=&%:./~-]{1,1000}")
_NOTE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of SNS; nothing in it is believed before ``check``."""

    told: Fields

    @property
    def topic(self) -> str:
        """The topic it claims to be of."""
        return self.told.raw("TopicArn")

    @property
    def certificate_url(self) -> str:
        """Where the certificate is that signed it; TokenError if not Amazon's."""
        url = self.told.raw("SigningCertURL") or self.told.raw("SigningCertUrl")
        if not _CERTIFICATE.fullmatch(url):
            message = "not a certificate of Amazon's"
            raise TokenError(message)
        return url

    @property
    def is_confirmation(self) -> bool:
        """Whether it asks whether somebody wants to hear this topic."""
        return self.told.raw("Type") == "SubscriptionConfirmation"

    @property
    def confirm_url(self) -> str:
        """What to ask for to say yes; TokenError if it is not Amazon's."""
        url = self.told.raw("SubscribeURL")
        if not _CONFIRM.fullmatch(url):
            message = "not Amazon's way to confirm"
            raise TokenError(message)
        return url

    def check(self, certificate: bytes, now: datetime) -> None:
        """TokenError unless it was signed with *certificate*, not too long before *now*."""
        names = _CONFIRMATION if self.is_confirmation else _NOTE
        said = ((name, self.told.raw(name)) for name in names)
        signed = "".join(
            f"{name}\n{value}\n" for name, value in said if value or name != "Subject"
        )
        proofs.check_certificate(
            signed.encode(),
            self.told.raw("Signature"),
            certificate,
            version=self.told.raw("SignatureVersion"),
        )
        try:
            moment = datetime.fromisoformat(self.told.raw("Timestamp"))
        except ValueError as error:
            message = "signed at no moment"
            raise TokenError(message) from error
        if moment.tzinfo is None:
            message = "signed at no moment"
            raise TokenError(message)
        proofs.check_moment(moment, now)

    def events(self) -> list[Event]:
        """What SES reports in it; ValueError if that makes no sense."""
        if self.told.raw("Type") != "Notification":
            return []
        return list(_events(Fields.read(self.told.raw("Message"))))


def read_envelope(body: bytes) -> Envelope:
    """The message of SNS in *body*; ValueError if it is none."""
    return Envelope(Fields.read(body))


def _events(told: Fields) -> Iterator[Event]:
    kind = told.text("notificationType", "eventType")
    mail = told.inside("mail")
    message_id = mail.inside("commonHeaders").text("messageId")
    source = mail.text("source")
    found = told.inside("complaint")
    if kind == "Complaint" and found.text("complaintFeedbackType") != "not-spam":
        evidence = _lines(found, "complaintFeedbackType", "userAgent")
        for each in found.each("complainedRecipients"):
            fate = complaint(each.text("emailAddress"))
            yield Event(
                key=f"{found.text('feedbackId')} {fate.recipient}",
                about=report(
                    fate, evidence=evidence, message_id=message_id, addresses=(source,)
                ),
            )
    if kind == "Bounce":
        found = told.inside("bounce")
        is_permanent = found.text("bounceType") == "Permanent"
        for each in found.each("bouncedRecipients"):
            fate = failure(
                recipient=each.text("emailAddress"),
                is_permanent=is_permanent,
                status=each.text("status"),
                said=each.text("diagnosticCode"),
            )
            evidence = (
                *_lines(found, "bounceType", "bounceSubType"),
                *_lines(each, "action", "status", "diagnosticCode"),
            )
            yield Event(
                key=f"{found.text('feedbackId')} {fate.recipient}",
                about=report(
                    fate, evidence=evidence, message_id=message_id, addresses=(source,)
                ),
            )


def _lines(told: Fields, *names: str) -> tuple[str, ...]:
    return tuple(f"{name}: {said}" for name in names if (said := told.text(name)))
