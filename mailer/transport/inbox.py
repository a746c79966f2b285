"""A trial relay: a real SMTP server on loopback that keeps every mail in a Maildir.

What came over the wire is kept byte for byte, CRLF and all; the envelope stands above
it as ``Return-Path`` (RFC 5321 section 4.4) and ``Delivered-To``. Mail is hostile until
the contrary is shown: reading one raises InputError or NotFoundError, nothing else.

Sources: RFC 5321, RFC 1870 (SIZE), https://cr.yp.to/proto/maildir.html.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from types import MappingProxyType

from mailer.errors import ConfigError, InputError, NotFoundError
from mailer.phrases import say
from mailer.transport.chaos import Chaos
from mailer.transport.dialogue import Manners, Taken
from mailer.transport.maildir import Keeper
from mailer.transport.unruly import UnrulyServer
from mailer.transport.wholebody import WholeBody

_LOOPBACK = "127.0.0.1"
_SIZE_LIMIT = 30 * 1024 * 1024
_HEAD_LIMIT = 256 * 1024
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:=-]{0,200}")
_HOSTILE = (MessageError, LookupError, ValueError, TypeError, AttributeError)


@asynccontextmanager
async def smtp_inbox(
    folder: Path, *, port: int = 0, chaos: Chaos | None = None
) -> AsyncIterator[int]:
    """Serve SMTP on loopback, keeping mail in *folder*; yields the port.

    Port 0 means any free one. ConfigError if the port is taken. With *chaos* it
    misbehaves; where that is about TLS, *folder* holds the authority, ``ca.pem``.
    """
    keeper = Keeper(folder)
    serving = _orderly(keeper, port) if chaos is None else _unruly(keeper, port, chaos)
    async with AsyncExitStack() as stack:
        try:
            taken = await stack.enter_async_context(serving)
        except OSError as error:
            message = say(
                "port {port} is not free: {error}", port=str(port), error=error.strerror
            )
            hint = say("--port 0 takes any free one")
            raise ConfigError(message, hint=hint) from error
        yield taken


@asynccontextmanager
async def _orderly(keeper: Keeper, port: int) -> AsyncIterator[int]:
    dialogues: set[WholeBody] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Dialogue(keeper, dialogues), _LOOPBACK, port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*(dialogue.end() for dialogue in dialogues))


@asynccontextmanager
async def _unruly(keeper: Keeper, port: int, chaos: Chaos) -> AsyncIterator[int]:
    async def take(taken: Taken) -> None:
        await asyncio.to_thread(
            keeper.keep, taken.sender, taken.recipients, taken.content
        )

    contexts: Mapping[str, ssl.SSLContext] = {}
    if chaos.offers("STARTTLS"):
        from mailer.transport.certificates import contexts_for_trials

        contexts = contexts_for_trials(keeper.folder / "ca.pem")
    manners = Manners(take=take, decider=chaos, contexts=contexts)
    async with UnrulyServer(manners=manners, port=port) as server:
        yield server.port


class _Dialogue(WholeBody):
    """One connection to the trial inbox: everything is taken, and kept as it came."""

    line_length_limit = _SIZE_LIMIT  # of the stream, too

    def __init__(self, keeper: Keeper, dialogues: set[WholeBody]) -> None:
        self._keeper = keeper
        super().__init__(object(), dialogues, size=_SIZE_LIMIT, name="inbox.localhost")

    async def taken(self, content: bytes | None) -> None:
        """Keep the body, and only then say so."""
        envelope = self.envelope
        assert envelope is not None  # noqa: S101 - a body has one
        recipients = [str(each) for each in envelope.rcpt_tos]
        sender = str(envelope.mail_from or "")
        if content is None:
            await self.push(f"552 5.3.4 more than {_SIZE_LIMIT} bytes")
            return
        try:
            await asyncio.to_thread(self._keeper.keep, sender, recipients, content)
        except OSError as error:
            await self.push(f"451 4.3.0 not kept: {error.strerror}")
            return
        await self.push("250 2.0.0 kept")


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
            message = say("this mail is not here any more")
            raise NotFoundError(message) from error
        try:
            return _read_mail(entry, source)
        except (RecursionError, *_HOSTILE) as error:
            message = say("this mail cannot be taken apart: {error}", error=error)
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
        message = say("no such mail")
        raise NotFoundError(message)


def _read_entry(path: Path) -> Entry:
    with path.open("rb") as file:
        head = file.read(_HEAD_LIMIT)
    status = path.stat()
    # The first of each name counts: what stands on top is our own.
    fields = {
        name.lower(): value for name, value in reversed(_fields(_parsed(_head(head))))
    }
    return Entry(
        id=path.name,
        sender=fields.get("from", ""),
        recipient=fields.get("delivered-to", ""),
        subject=fields.get("subject", ""),
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
        headers=_fields(message),
        html=bodies.get("text/html", ""),
        text=bodies.get("text/plain", ""),
        source=source,
        pictures=MappingProxyType(pictures),
    )


def _parsed(source: bytes) -> Message:
    return BytesParser(policy=compat32).parsebytes(source)


def _head(source: bytes) -> bytes:
    return _HEAD_END.split(source, maxsplit=1)[0] + b"\r\n\r\n"


def _fields(message: Message) -> tuple[tuple[str, str], ...]:
    # Raw, because ``items`` replaces whatever is not ASCII (RFC 6532 allows it).
    return tuple((name, _readable(value)) for name, value in message.raw_items())


def _readable(value: str) -> str:
    """A header on one line, its encoded words decoded where they can be."""
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "=?" in text:
        with suppress(*_HOSTILE):
            text = str(make_header(decode_header(text)))
    # Decoding may bring half a surrogate pair, which no page can be made of.
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset nobody knows
        return content.decode("utf-8", "replace")
