"""What one reader gets, as bytes: compiled once per variant, joined per reader.

A template is constant runs of bytes with holes between them. Every run and every value
begins and ends at the start of a line, so filling is one join: no MIME, no folding and
no regular expression over a message per reader.

The bytes are what goes over the wire, only the final dot is missing: CRLF, 7 bits,
lines of at most 76 in the body, none of which begins with a dot. Whatever carries them
must not encode them again, or a signature made over them breaks.

Sources: RFC 5322 (headers), RFC 2046 section 5.1 (multipart), RFC 2387 (related),
RFC 2369 and RFC 2919 (list headers), RFC 8058 (one click), RFC 3834 (automatic mail).
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailer.delivery.header import LINK, field, named_field, one_line, raw_field
from mailer.delivery.links import FILLED, Links
from mailer.delivery.mailbox import ascii_address, read_mailbox, wire_address
from mailer.delivery.quoted import plain, quoted_printable
from mailer.delivery.reader import Reader
from mailer.errors import InputError
from mailer.fleeting import fleeting
from mailer.phrases import say
from mailer.rendering.model import Picture, Rendering
from mailer.rendering.personalise import HOLE, NAMES, fill, hole, pieces

if TYPE_CHECKING:  # it brings MJML and Jinja2, which whoever sends has no need of
    from mailer.rendering.letter import Written

_T = TypeVar("_T")
_LEAVING = hole("unsubscribe_token")
_LIST_ID = re.compile(r"(?=.{3,255}\Z)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_FEEDBACK_ID = re.compile(r"(?:[\w.-]{0,60}:){3}[\w.-]{5,15}", re.ASCII)


@fleeting
class Envelope:
    """Return path and recipient: what SMTP sees (RFC 5321 section 2.3.1).

    ``envelope_id`` is what a report of failure gives back, in letters, digits and dots;
    empty asks the relay for nothing.
    """

    return_path: str
    recipient: str
    envelope_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What the headers of all readers share; InputError if a value could break out.

    ``sender`` and ``reply_to`` are mailboxes, ``Name <address>``. ``list_id`` is
    ``label.domain`` without brackets. ``subject_prefix`` marks proofs (``[BAT]``).
    ``archive_url`` is empty when the archive is not public. ``return_path`` is the
    sender's address unless given.
    """

    sender: str
    list_id: str
    list_name: str
    date: datetime
    reply_to: str = ""
    return_path: str = ""
    archive_url: str = ""
    feedback_id: str = ""
    subject_prefix: str = ""

    def __post_init__(self) -> None:
        sender = read_mailbox(self.sender, what="the sender")
        if self.reply_to:
            read_mailbox(self.reply_to, what="the reply-to")
        ascii_address(self.return_path or sender.address, what="the return path")
        one_line(self.list_name, what="the list's name")
        one_line(self.subject_prefix, what="the subject's prefix")
        _require(_LIST_ID, self.list_id, "the List-Id", "label.example.org")
        _require(LINK, self.archive_url, "the archive's address", "https://…")
        if self.feedback_id:
            _require(
                _FEEDBACK_ID, self.feedback_id, "the Feedback-ID", "a:b:c:sender-id"
            )
        if self.date.tzinfo is None:
            message = say("the date of a message needs a time zone")
            raise ValueError(message)


def feedback_id(*, edition: str, publication: str, sender: str) -> str:
    """What Gmail's feedback loop counts complaints by; nothing in it names a reader.

    The last field stands for the sender in all their mail, and has 5 to 15 characters.
    """
    domain = read_mailbox(sender, what="the sender").domain
    sender_id = re.sub(r"[^a-z0-9]", "", domain.lower())[:15].ljust(5, "0")
    fields = (
        re.sub(r"[^\w.-]", "-", x, flags=re.ASCII) for x in (edition, publication)
    )
    return ":".join([*(x[:60] for x in fields), "newsletter", sender_id])


@dataclass(frozen=True, slots=True)
class Hole:
    """A per-reader gap: ``fill`` writes what stands there for a reader.

    ``content`` is a placeholder's name, or a text with placeholders. ``fields`` are the
    header fields that may stand here; none in the body.
    """

    fill: Callable[[Reader, str], bytes]
    content: str = ""
    fields: tuple[str, ...] = ()


class _Deal(Protocol):
    """Hands out what there is one of per different hole, hole after hole."""

    def __call__(self, values: list[_T], /) -> tuple[_T, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """A message with holes: ``parts`` are constants, every second one to be filled.

    ``holes`` holds each different hole once; ``pick`` deals their values out.
    """

    return_path: str
    parts: tuple[bytes, ...]
    holes: tuple[Hole, ...]
    pick: _Deal

    def values(self, reader: Reader) -> list[bytes]:
        """What fills each of ``holes`` for *reader*."""
        return [hole.fill(reader, hole.content) for hole in self.holes]

    def write(self, reader: Reader) -> bytes:
        """The message that *reader* gets, canonical, without the final dot."""
        return self.join(self.pick(self.values(reader)))

    def join(self, dealt: Sequence[bytes]) -> bytes:
        """The parts with values between them, one for each place."""
        parts = list(self.parts)
        parts[1::2] = dealt
        return b"".join(parts)


def compile_message(
    rendering: Rendering, letterhead: Letterhead, links: Links
) -> MessageTemplate:
    """The template of one variant; InputError if a value of it cannot be sent."""
    if not rendering.variant.is_mail:
        message = say(
            "the {variant} variant has no recipient", variant=rendering.variant
        )
        raise ValueError(message)
    parts = [b""]
    index: dict[Hole, int] = {}
    order: list[int] = []
    for piece in _message(rendering, letterhead, links):
        if isinstance(piece, bytes):
            parts[-1] += piece
        else:
            order.append(index.setdefault(piece, len(index)))
            parts += [b"", b""]
    sender = read_mailbox(letterhead.sender, what="the sender")
    return MessageTemplate(
        return_path=letterhead.return_path or sender.address,
        parts=tuple(parts),
        holes=tuple(index),
        pick=itemgetter(*order),
    )


def compile_letter(
    written: Written,
    *,
    sender: str,
    date: datetime,
    reply_to: str = "",
    return_path: str = "",
    leave: Sequence[str] = (),
) -> MessageTemplate:
    """The template of a letter of our own; *leave* are a reader's ways out, click first.

    It is marked as automatic, so that nobody's absence answers it (RFC 3834 section 5).
    """
    mailbox = read_mailbox(sender, what="the sender")
    seal = hashlib.sha256(written.html.encode()).hexdigest()[:32]
    parts = (("text/plain", written.text), ("text/html", written.html))
    head = named_field("From", mailbox.name, mailbox.address)
    if reply_to:
        answers = read_mailbox(reply_to, what="the reply-to")
        head += named_field("Reply-To", answers.name, answers.address)
    between = field("Subject", written.subject)
    between += raw_field("Date", format_datetime(date))
    rest = b""
    if leave:
        rest = raw_field("List-Unsubscribe", ", ".join(f"<{way}>" for way in leave))
        if leave[0].startswith("https:"):
            rest += raw_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    rest += raw_field("Auto-Submitted", "auto-generated")
    rest += raw_field("MIME-Version", "1.0")
    body = [_constant(*part) for part in parts]
    for piece in _multipart("alternative", f"=_a_{seal}", body):
        rest += piece if isinstance(piece, bytes) else b""
    return MessageTemplate(
        return_path=return_path or mailbox.address,
        parts=(head, b"", between, b"", rest),
        holes=(_TO, _MESSAGE_ID),
        pick=itemgetter(0, 1),
    )


def _constant(media_type: str, body: str) -> Iterator[bytes]:
    """A body without holes: what looks like one was quoted from somebody's text."""
    yield _encoding(media_type)
    yield quoted_printable(body if body.endswith("\n") else body + "\n")


def _message(
    rendering: Rendering, head: Letterhead, links: Links
) -> Iterator[bytes | Hole]:
    """The message from top to bottom."""
    for part in (rendering.subject, rendering.text, rendering.html):
        _check_placeholders(part)
    yield from _headers(rendering, head, links)
    digest = rendering.digest()[:32]
    text_body = links.expand(rendering.text, escape=False)
    text = _part("text/plain", _in_text, text_body)
    if not rendering.html:
        yield from text  # for whoever asked for no more
        return
    inline = [picture for picture in rendering.pictures if picture.inline]
    html_body = links.expand(rendering.html, escape=True)
    body: Iterable[bytes | Hole] = _part("text/html", _in_html, html_body)
    if inline:
        body = _multipart(
            'related; type="text/html"',
            f"=_r_{digest}",
            [body, *(_picture(picture) for picture in inline)],
        )
    # Plain first: RFC 2046 section 5.1.4, the richest part last.
    yield from _multipart("alternative", f"=_a_{digest}", [text, body])


def _headers(
    rendering: Rendering, head: Letterhead, links: Links
) -> Iterator[bytes | Hole]:
    sender = read_mailbox(head.sender, what="the sender")
    yield named_field("From", sender.name, sender.address)
    if head.reply_to:
        reply_to = read_mailbox(head.reply_to, what="the reply-to")
        yield named_field("Reply-To", reply_to.name, reply_to.address)
    yield _TO
    yield _subject(f"{head.subject_prefix} {rendering.subject}".strip(" "), links)
    yield raw_field("Date", format_datetime(head.date))
    yield _MESSAGE_ID
    yield named_field("List-Id", head.list_name, head.list_id)
    if links.way_out:
        yield Hole(
            _way_out, links.way_out, ("List-Unsubscribe", "List-Unsubscribe-Post")
        )
    if head.archive_url:
        yield raw_field("List-Archive", f"<{head.archive_url}>")
    if head.feedback_id:
        yield raw_field("Feedback-ID", head.feedback_id)
    yield raw_field("Precedence", "bulk")  # it keeps vacation answers away
    yield raw_field("Auto-Submitted", "auto-generated")
    yield raw_field("MIME-Version", "1.0")
    yield raw_field("Content-Language", rendering.lang)


def _subject(subject: str, links: Links) -> bytes | Hole:
    """The subject, already encoded unless it names the reader."""
    if not HOLE.search(subject):
        return field("Subject", subject)
    return Hole(_named_subject, links.expand(subject, escape=False), ("Subject",))


def _named_subject(reader: Reader, subject: str) -> bytes:
    values = {name: reader.value(name) for name in HOLE.findall(subject)}
    return field("Subject", fill(subject, values, escape=False))


def _to(reader: Reader, _: str) -> bytes:
    """The reader's mailbox, or an empty group for an address that no header can hold.

    Headers are ASCII (RFC 5322 section 2.2); RFC 5322 section 3.4 knows empty groups.
    """
    address = wire_address(reader.email)
    if not address:
        return raw_field("To", "undisclosed-recipients:;")
    return named_field("To", reader.name, address)


def _message_id(reader: Reader, _: str) -> bytes:
    return raw_field("Message-ID", reader.message_id)


def _way_out(reader: Reader, fields: str) -> bytes:
    """The fields of the list's way out, which the reader's token completes."""
    token = one_line(reader.unsubscribe_token, what="List-Unsubscribe")
    return fields.replace(_LEAVING, token).encode("ascii")


def _in_text(reader: Reader, name: str) -> bytes:
    return _forms(reader.value(name))[0]


def _in_html(reader: Reader, name: str) -> bytes:
    return _forms(reader.value(name))[1]


def _token(reader: Reader, name: str) -> bytes:
    """The same in both parts: letters, digits, ``-`` and ``_`` need no escape."""
    return plain(reader.value(name).encode())


@lru_cache(maxsize=1024)
def _forms(value: str) -> tuple[bytes, bytes]:
    """*value* for the text part, and for the HTML part; names come again and again."""
    text, escaped = quoted_printable(value), html.escape(value)
    return text, text if escaped == value else quoted_printable(escaped)


_TO = Hole(_to, "", ("To",))
_MESSAGE_ID = Hole(_message_id, "", ("Message-ID",))


def _multipart(
    kind: str, boundary: str, parts: Iterable[Iterable[bytes | Hole]]
) -> Iterator[bytes | Hole]:
    """Parts between boundaries; ``=_`` occurs in no encoded body (RFC 2045 6.7, 6.8)."""
    yield f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    for part in parts:
        yield f"--{boundary}\r\n".encode()
        yield from part
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _part(
    media_type: str, write: Callable[[Reader, str], bytes], body: str
) -> Iterator[bytes | Hole]:
    """A body with its holes; it ends with a line end, for "=" may not come last."""
    yield _encoding(media_type)
    for piece, is_hole in pieces(body if body.endswith("\n") else body + "\n"):
        if is_hole:
            yield Hole(_token if piece in FILLED else write, piece)
        else:
            yield quoted_printable(piece)


def _encoding(media_type: str) -> bytes:
    return (
        f'Content-Type: {media_type}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()


def _picture(picture: Picture) -> Iterator[bytes]:
    """A picture that travels along; shown where the HTML says ``cid:`` (RFC 2392)."""
    filename = re.sub(r"[^\w.-]+", "-", picture.name, flags=re.ASCII)[-60:]
    yield raw_field("Content-Type", picture.media_type)
    yield raw_field("Content-Transfer-Encoding", "base64")
    yield raw_field("Content-ID", f"<{picture.cid}>")
    yield raw_field("Content-Disposition", f'inline; filename="{filename}"')
    yield b"\r\n"
    yield base64.encodebytes(picture.content).replace(b"\n", b"\r\n")


def _check_placeholders(body: str) -> None:
    for piece, is_hole in pieces(body):
        if is_hole and piece not in NAMES:
            message = say("no such placeholder: {{ {name} }}", name=piece)
            raise InputError(
                message, hint=say("there are: {names}", names=", ".join(NAMES))
            )


def _require(pattern: re.Pattern[str], text: str, what: str, example: str) -> None:
    if not pattern.fullmatch(text):
        message = say(
            "{what} cannot stand in a header: {text}", what=what, text=repr(text)
        )
        raise InputError(message, hint=say("write it as {example}", example=example))
