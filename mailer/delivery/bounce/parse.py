"""From a mail that came back to what it says: never raises, and never takes long.

In this order: is it a complaint; does it have a report; does a person's absence answer, or
a server tell in words. What nobody here can read may still be a bounce to somebody who
has read many (flufl.bounce): then it counts, softly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailer.delivery.bounce import dsn, ses, signs
from mailer.delivery.bounce.complaints import read_complaint
from mailer.delivery.bounce.last_resort import ask_others
from mailer.delivery.bounce.mail import (
    RETURNED,
    Fields,
    Mail,
    open_mail,
    split_header,
    unencoded,
)
from mailer.delivery.bounce.model import Fate, Kind, Reason, Return
from mailer.delivery.bounce.prose import (
    Prose,
    addresses_in,
    read_prose,
    testimonies,
    testimony,
)
from mailer.delivery.bounce.reasons import code_in, reason_in, status_in
from mailer.delivery.bounce.testimony import LONGEST, Testimony
from mailer.delivery.bounce.weigh import weigh

_SENT_TO = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_WROTE = ("from", "sender", "reply-to", "return-path")
_MOST = 20
_SILENT = 3  # of a line: it says neither who, nor why, nor a code
_MOST_EVIDENCE = 6
_LONGEST_EVIDENCE = 300
_WORST = (
    Kind.COMPLAINT,
    Kind.HARD,
    Kind.SOFT,
    Kind.DELAYED,
    Kind.REPLY,
    Kind.DELIVERED,
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}@[^<>\s]{1,250}>")
_WAY_OUT = re.compile(r"<((?:https?|mailto):[^<>\s]{1,1000})>", re.IGNORECASE)

Told = tuple[Fate, tuple[str, ...]]
"""A fate, and the lines that it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A mail, its prose, and the header of what it returns."""

    raw: bytes
    mail: Mail
    subject: str
    prose: Prose
    returned: Fields
    inner: bytes

    def addresses(self, fields: Fields, *names: str) -> list[str]:
        values = fields.all(*names)
        found = [each for value in values[:_MOST] for each in addresses_in(value)]
        return list(dict.fromkeys(found))[:_MOST]


def parse(raw: bytes) -> Return:
    """What *raw* says, whatever it is; ``Kind.NONE`` where it says nothing of ours."""
    opened = _open(raw)
    if opened.inner and not _report(opened).testimonies:
        # A bounce that was sent on, by somebody's forwarding: it says more.
        inner = _open(opened.inner)
        if _report(inner).testimonies:
            opened = inner
    return _read(opened)


def _read(opened: _Opened) -> Return:
    complaint = read_complaint(opened.mail)
    if complaint is not None:
        told = [(fate, complaint.lines) for fate in complaint.fates]
        return _result(opened, told, feedback=complaint.feedback)
    report = _report(opened)
    if report.testimonies:
        told = [_weighed(each) for each in _in_context(report.testimonies, opened)]
        return _result(opened, told, envelope_id=report.envelope_id)
    return _result(opened, _without_report(opened))


def _without_report(opened: _Opened) -> list[Told]:
    mail, subject = opened.mail, opened.subject
    if signs.is_receipt(mail):
        return [_plain(Kind.DELIVERED, Reason.DELIVERED, f"Subject: {subject}")]
    if signs.is_reply(mail, subject):
        submitted = mail.fields.get("auto-submitted")
        line = f"Auto-Submitted: {submitted}" if submitted else f"Subject: {subject}"
        return [_plain(Kind.REPLY, Reason.REPLY, line)]
    if not signs.is_bounce(mail, subject, opened.prose):
        others = () if signs.is_letter(mail) else ask_others(opened.raw)
        return [_weighed(each) for each in others]
    action = ""
    if signs.is_delayed(subject, opened.prose):
        action = "delayed"
    elif signs.is_success(subject):
        action = "delivered"
    found = [replace(each, action=action) for each in _named(opened)]
    return [_weighed(each) for each in _in_context(found, opened)]


def _plain(kind: Kind, reason: Reason, line: str) -> Told:
    return Fate(recipient="", kind=kind, reason=reason), (line,)


def _named(opened: _Opened) -> list[Testimony]:
    """What the prose says of each recipient, wherever in the mail they are named."""
    mail, returned, prose = opened.mail, opened.returned, opened.prose
    others = [
        *opened.addresses(mail.fields, *_SENT_TO, *_WROTE),
        *opened.addresses(returned, *_WROTE),
    ]
    told = testimonies(
        prose, not_these=frozenset(each.lower() for each in others)
    ) or testimonies(prose, not_these=frozenset())
    failed = opened.addresses(mail.fields, "x-failed-recipients")
    if failed:
        known = {each.recipient.lower(): each for each in told}
        return [known.get(a.lower()) or testimony(a, prose.lines) for a in failed]
    if told:
        return told
    to = opened.addresses(returned, "x-original-to", "delivered-to", "to")
    return [testimony(to[0] if to else "", prose.lines)]


def _in_context(told: Sequence[Testimony], opened: _Opened) -> list[Testimony]:
    """Each of *told* with what the mail says beside it: of them, if they are several."""
    lines = opened.prose.lines
    near = {}
    if len(told) > 1:
        every = testimonies(opened.prose, not_these=frozenset())
        near = {each.recipient.lower(): each for each in every}
    else:
        near = {told[0].recipient.lower(): testimony(told[0].recipient, lines)}
    found = []
    for each in told:
        beside = near.get(each.recipient.lower(), Testimony(recipient=""))
        words = f"{beside.prose} {opened.subject}"
        found.append(
            replace(
                each,
                diagnosis=each.diagnosis or beside.diagnosis,
                context=words[:LONGEST],
            )
        )
    return found


def _weighed(told: Testimony) -> Told:
    fate = weigh(told)
    plain = replace(
        fate, recipient=_printable(fate.recipient), said=_printable(fate.said)
    )
    return plain, _evidence(told, fate)


def _printable(text: str) -> str:
    """*text* without what would move a cursor: terminals and pages show it."""
    return "".join(c if c.isprintable() else " " for c in text)


def _evidence(told: Testimony, fate: Fate) -> tuple[str, ...]:
    """The lines that say something, the one that says why first."""

    def weight(line: str) -> int:
        if reason_in(line) is fate.reason:
            return 0
        if code_in(line) or status_in(line):
            return 1
        is_about = bool(told.recipient) and told.recipient in line
        return 2 if is_about or reason_in(line) is not Reason.UNDEFINED else 3

    lines = sorted(told.lines, key=weight)
    speaking = [line for line in lines if weight(line) < _SILENT]
    return tuple(speaking or lines)


def _result(
    opened: _Opened,
    told: Sequence[Told],
    *,
    envelope_id: str = "",
    feedback: str = "",
) -> Return:
    """The worst of *told*, and everything that tells whose message it was."""
    returned = opened.returned
    nothing: Told = (Fate(recipient="", kind=Kind.NONE, reason=Reason.NONE), ())
    ranked = (each for kind in _WORST for each in told if each[0].kind is kind)
    worst, lines = next(ranked, nothing)
    sent_to = opened.addresses(opened.mail.fields, *_SENT_TO)
    return Return(
        kind=worst.kind,
        recipient=worst.recipient,
        reason=worst.reason,
        status=worst.status,
        evidence=tuple(
            _printable(line[:_LONGEST_EVIDENCE]) for line in lines[:_MOST_EVIDENCE]
        ),
        fates=tuple(fate for fate, _ in told),
        addresses=(*sent_to, *opened.addresses(returned, "return-path")),
        envelope_id=envelope_id,
        message_ids=tuple(_MESSAGE_ID.findall(" ".join(returned.all("message-id"))))[
            :_MOST
        ],
        ways_out=tuple(_WAY_OUT.findall(" ".join(returned.all("list-unsubscribe"))))[
            :_MOST
        ],
        feedback=feedback,
    )


def _open(raw: bytes) -> _Opened:
    mail = open_mail(raw)
    texts = [part.text for part in mail.of_type("text/plain")]
    texts += [part.text for part in mail.of_type("text/html")]
    prose = read_prose(next((text for text in texts if text.strip()), ""))
    returned, inner = prose.returned, b""
    for part in mail.of_type(*RETURNED):
        inner = part.content
        returned = split_header(inner)[0]
        break
    return _Opened(
        raw=raw,
        mail=mail,
        subject=unencoded(mail.fields.get("subject")),
        prose=prose,
        returned=returned,
        inner=inner,
    )


def _report(opened: _Opened) -> dsn.DeliveryReport:
    """The report in *opened*, as a part or as text."""
    for part in opened.mail.of_type(*dsn.TYPES):
        report = dsn.read_report(part.text)
        if report.testimonies:
            return report
    for part in opened.mail.of_type("text/plain"):
        text = part.text
        if dsn.looks_like_report(text):
            return dsn.read_report(text)
        if notified := ses.read_notification(text):
            return dsn.DeliveryReport(envelope_id="", testimonies=tuple(notified))
    return dsn.DeliveryReport(envelope_id="", testimonies=())
