"""The trial inbox: a real SMTP server that keeps mail in a Maildir, and its reader.

For demonstrations and trials on this machine; the bytes are kept as they came over the
wire, below the envelope's two lines.
"""

from __future__ import annotations

import asyncio
import email
import email.header
import email.policy
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.errors import InputError, NotFoundError, RelayError

_MAX_BYTES = 30_000_000
_HEAD_BYTES = 16_384  # enough for the headers of a list


@asynccontextmanager
async def smtp_inbox(folder: Path, *, port: int = 0) -> AsyncIterator[int]:
    """A server on loopback that keeps what it is sent in *folder*; yields its port."""
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    keeper = _Keeper(folder)
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            lambda: SMTP(
                keeper,
                hostname="inbox.localhost",
                ident="mailer trial inbox",
                data_size_limit=_MAX_BYTES,
                enable_SMTPUTF8=True,
                loop=loop,
            ),
            "127.0.0.1",
            port,
        )
    except OSError as error:
        message = f"port {port} cannot be listened on: {error.strerror}"
        raise RelayError(message, relay="trial inbox", temporary=False) from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


class _Keeper:
    """aiosmtpd's handler: one file per recipient, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002 - aiosmtpd's shape
        session: Session,  # noqa: ARG002 - aiosmtpd's shape
        envelope: Envelope,
    ) -> str:
        content = envelope.original_content or b""
        name = ""
        for recipient in envelope.rcpt_tos:
            name = f"{time.time_ns()}.{os.getpid()}.{secrets.token_hex(4)}"
            head = (
                f"Return-Path: <{envelope.mail_from}>\r\nDelivered-To: {recipient}\r\n"
            )
            beside = self._folder / "tmp" / name
            beside.write_bytes(head.encode() + content)
            beside.rename(self._folder / "new" / name)
        return f"250 2.0.0 kept as {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A mail as the list shows it."""

    key: str
    recipient: str
    sender: str
    subject: str
    date: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, taken apart. ``pictures`` are keyed by Content-ID."""

    line: Line
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: str
    pictures: dict[str, tuple[str, bytes]]


class Mailbox:
    """The reading side of a Maildir."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, Line] = {}

    def recipients(self) -> list[str]:
        """Whom every mail was delivered to, one entry per mail."""
        return [self._line(path).recipient for path in self._paths()]

    def lines(self) -> list[Line]:
        """Every mail, the newest first."""
        return [self._line(path) for path in reversed(self._paths())]

    def mail(self, key: str) -> Mail:
        """The mail called *key*; NotFoundError, or InputError if it cannot be read."""
        if not key.replace(".", "").isalnum():
            message = "no such mail"
            raise NotFoundError(message)
        path = self._folder / "new" / key
        try:
            raw = path.read_bytes()
        except OSError as error:
            message = "no such mail"
            raise NotFoundError(message) from error
        try:
            parsed = email.message_from_bytes(raw, policy=email.policy.default)
            return Mail(
                line=self._line(path),
                headers=tuple((k, str(v)) for k, v in parsed.items()),
                html=_part(parsed, "html"),
                text=_part(parsed, "plain"),
                source=raw.decode("utf-8", "replace"),
                pictures=_pictures(parsed),
            )
        except Exception as error:
            words = f"this mail cannot be taken apart: {error}"
            raise InputError(words) from error

    def _paths(self) -> list[Path]:
        new = self._folder / "new"
        return sorted(new.iterdir()) if new.is_dir() else []

    def _line(self, path: Path) -> Line:
        if path.name not in self._lines:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
                size = os.fstat(file.fileno()).st_size
            self._lines[path.name] = _read_line(path.name, head, size)
        return self._lines[path.name]


def _read_line(key: str, head: bytes, size: int) -> Line:
    parsed = email.message_from_bytes(head, policy=email.policy.compat32)

    def field(name: str) -> str:
        try:
            values = email.header.decode_header(str(parsed.get(name, "")))
            return str(email.header.make_header(values))
        except (ValueError, LookupError):
            return str(parsed.get(name, ""))

    return Line(
        key=key,
        recipient=str(parsed.get("Delivered-To", "")).strip(),
        sender=field("From"),
        subject=field("Subject"),
        date=str(parsed.get("Date", "")),
        size_bytes=size,
    )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return "" if body is None else str(body.get_content())


def _pictures(message: EmailMessage) -> dict[str, tuple[str, bytes]]:
    found = {}
    for part in message.walk():
        cid = str(part.get("Content-ID", "")).strip().strip("<>")
        if cid and part.get_content_maintype() == "image":
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                found[cid] = (part.get_content_type(), content)
    return found
