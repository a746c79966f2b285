"""A trial relay: a real SMTP server on loopback that keeps every mail in a Maildir.

What came over the wire is kept byte for byte, CRLF and all; the envelope stands above
it as ``Return-Path`` (RFC 5321 section 4.4) and ``Delivered-To``. Mail is hostile until
the contrary is shown: reading one raises InputError or NotFoundError, nothing else.

Sources: RFC 5321, RFC 1870 (SIZE), https://cr.yp.to/proto/maildir.html.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

from mailer.errors import ConfigError, InputError, NotFoundError

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

_LOOPBACK = "127.0.0.1"
_SIZE_LIMIT = 30 * 1024 * 1024
_HEAD_LIMIT = 256 * 1024
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:=-]{0,200}")
_HOSTILE = (MessageError, LookupError, ValueError, TypeError, AttributeError)


@asynccontextmanager
async def smtp_inbox(folder: Path, *, port: int = 0) -> AsyncIterator[int]:
    """Serve SMTP on loopback, keeping mail in *folder*; yields the port.

    Port 0 means any free one. ConfigError if the port is taken.
    """
    keeper = _Keeper(folder)
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            keeper,
            hostname="inbox.localhost",
            ident="mailer inbox",
            data_size_limit=_SIZE_LIMIT,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    try:
        server = await loop.create_server(protocol, _LOOPBACK, port)
    except OSError as error:
        message = f"port {port} is not free: {error.strerror}"
        raise ConfigError(message, hint="--port 0 takes any free one") from error
    async with server:
        yield server.sockets[0].getsockname()[1]


class _Keeper:
    """What aiosmtpd hands each message to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one copy per recipient, and only then say so."""
        names = await asyncio.to_thread(self._keep, envelope)
        return f"250 2.0.0 kept as {names[0]}"

    def _keep(self, envelope: Envelope) -> list[str]:
        content = envelope.content or b""
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogateescape")
        names = []
        for recipient in envelope.rcpt_tos:
            name = f"{time.time_ns()}.P{os.getpid()}Q{next(self._numbers)}.localhost"
            head = f"Return-Path: <{envelope.mail_from or ''}>\r\n"
            head += f"Delivered-To: {recipient}\r\n"
            draft = self._folder / "tmp" / name
            draft.write_bytes(head.encode("utf-8", "surrogateescape") + content)
            draft.rename(self._folder / "new" / name)
            names.append(name)
        return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list: a mail by its envelope and its headers, decoded."""

    id: str
    sender: str
    recipient: str
    subject: str
    received: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A picture inside a mail, as its sender declares it."""

    type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, taken apart. ``pictures`` are by Content-ID, without brackets."""

    entry: Entry
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: bytes
    pictures: Mapping[str, Part]


class Mailbox:
    """A Maildir, read; files in it never change, so heads are read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, Entry] = {}

    def recipients(self) -> list[str]:
        """The envelope recipient of each message, as often as there are messages."""
        return [entry.recipient for entry in self.entries()]

    def entries(self) -> list[Entry]:
        """All mail, the newest first."""
        known: dict[str, Entry] = {}
        for path in sorted(self._paths(), key=lambda x: x.name, reverse=True):
            entry = self._entries.get(path.name)
            if entry is None:
                try:
                    entry = _read_entry(path)
                except FileNotFoundError:  # deleted since it was listed
                    continue
            known[path.name] = entry
        self._entries = known
        return list(known.values())

    def read(self, name: str) -> Mail:
        """The mail called *name*; NotFoundError, or InputError if it makes no sense."""
        path = self._path(name)
        try:
            source = path.read_bytes()
            entry = _read_entry(path)
        except FileNotFoundError as error:
            message = "this mail is not here any more"
            raise NotFoundError(message) from error
        try:
            return _read_mail(entry, source)
        except (RecursionError, *_HOSTILE) as error:
            message = f"this mail cannot be taken apart: {error}"
            raise InputError(message, file=name) from error

    def _paths(self) -> Iterator[Path]:
        for box in ("new", "cur"):
            folder = self._folder / box
            if folder.is_dir():
                yield from (x for x in folder.iterdir() if _ID.fullmatch(x.name))

    def _path(self, name: str) -> Path:
        if _ID.fullmatch(name):
            for box in ("new", "cur"):
                path = self._folder / box / name
                if path.is_file():
                    return path
        message = "no such mail"
        raise NotFoundError(message)


def _read_entry(path: Path) -> Entry:
    with path.open("rb") as file:
        head = file.read(_HEAD_LIMIT)
    status = path.stat()
    message = _parsed(_HEAD_END.split(head, maxsplit=1)[0] + b"\r\n\r\n")
    return Entry(
        id=path.name,
        sender=_decoded(message, "From"),
        recipient=_decoded(message, "Delivered-To"),
        subject=_decoded(message, "Subject"),
        received=datetime.fromtimestamp(status.st_mtime, UTC),
        size=status.st_size,
    )


def _read_mail(entry: Entry, source: bytes) -> Mail:
    message = _parsed(source)
    bodies: dict[str, str] = {}
    pictures: dict[str, Part] = {}
    for part in message.walk():
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and not part.get_filename():
            bodies.setdefault(kind, _text(part))
        elif kind.startswith("image/") and (cid := str(part["Content-ID"] or "")):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                pictures[cid.strip().strip("<>")] = Part(type=kind, content=content)
    return Mail(
        entry=entry,
        headers=tuple((key, _readable(value)) for key, value in message.items()),
        html=bodies.get("text/html", ""),
        text=bodies.get("text/plain", ""),
        source=source,
        pictures=MappingProxyType(pictures),
    )


def _parsed(source: bytes) -> Message:
    return BytesParser(policy=compat32).parsebytes(source)


def _decoded(message: Message, name: str) -> str:
    return _readable(message.get(name, ""))


def _readable(value: object) -> str:
    """A header on one line, its encoded words decoded where they can be."""
    try:
        text = str(make_header(decode_header(str(value))))
    except _HOSTILE:
        text = str(value)
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.split())


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset nobody knows
        return content.decode("utf-8", "replace")
