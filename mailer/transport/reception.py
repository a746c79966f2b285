"""Where other servers bring what came back: an LMTP or SMTP listener.

Only mail to addresses of ours is let in, and a mail is answered 250 after it is durable:
who brought it forgets it then. Of a long mail the head is kept, for a report says at its
head what it is about, and may return a whole letter with its pictures. Nothing is ever
relayed or answered.

Sources: RFC 5321, RFC 2033 (LMTP: after the body one reply for each recipient).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiosmtpd.smtp import Envelope, Session, syntax

from mailer.errors import MailerError
from mailer.transport.wholebody import WholeBody, undotted

log = structlog.get_logger()

LONGEST = 1024 * 1024
"""Bytes that are kept of a mail."""

_SIZE = 64 * LONGEST
"""Bytes that a mail may have; what follows the first of them is read and forgotten."""

_CONNECTIONS = 50
_RECIPIENTS = 100  # RFC 5321 section 4.5.3.1.8

Take = Callable[[bytes, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who is let in, and who keeps it.

    ``is_ours`` says whether an address takes mail here; ``take`` is handed a mail and
    its recipients, and has it durable when it returns; MailerError: bring it again.
    """

    is_ours: Callable[[str], bool]
    take: Take
    name: str = "localhost"


@asynccontextmanager
async def reception(
    door: Door, *, at: str, speaks_lmtp: bool = True
) -> AsyncIterator[str]:
    """Let mail in at *at*: ``127.0.0.1:8024``, or the path of a Unix socket.

    Yields where it listens. OSError if it cannot. A socket is for its owner and group.
    """
    dialogues: set[WholeBody] = set()
    loop = asyncio.get_running_loop()
    speaks = _Lmtp if speaks_lmtp else _Smtp

    def serve() -> WholeBody:
        return speaks(door, dialogues)

    if at.startswith("/"):
        path = Path(at)
        _forget_socket(path)
        umask = os.umask(0o117)
        try:
            server = await loop.create_unix_server(serve, at)
        finally:
            os.umask(umask)
        where = at
    else:
        host, _, port = at.rpartition(":")
        server = await loop.create_server(
            serve, host.removeprefix("[").removesuffix("]"), int(port)
        )
        taken = server.sockets[0].getsockname()
        where = f"{host}:{taken[1]}"
    try:
        yield where
    finally:
        server.close()
        await asyncio.gather(*(dialogue.end() for dialogue in list(dialogues)))
        if at.startswith("/"):
            with suppress(OSError):
                os.unlink(at)  # noqa: PTH108 - as long as a path takes to be looked up


def _forget_socket(path: Path) -> None:
    """Take away what a dead process left at *path*; OSError if one listens there."""
    with suppress(FileNotFoundError, ConnectionRefusedError):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
        message = "another process listens there"
        raise OSError(message)
    if path.is_socket():
        path.unlink()


class _Door(WholeBody):
    """One connection; the replies are of RFC 5321, and say nothing of who reads what."""

    line_length_limit = LONGEST

    def __init__(self, door: Door, dialogues: set[WholeBody]) -> None:
        self._door = door
        super().__init__(self, dialogues, size=_SIZE, name=door.name)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let so many in; the others come again."""
        super().connection_made(transport)
        if len(self._dialogues) > _CONNECTIONS and isinstance(
            transport, asyncio.WriteTransport
        ):
            transport.write(b"421 4.3.2 too many connections\r\n")
            transport.close()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: WholeBody,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: Sequence[str],
    ) -> str:
        """Only what is ours; the same words for everything else."""
        if len(envelope.rcpt_tos) >= _RECIPIENTS:
            return "452 4.5.3 too many recipients"
        if not self._door.is_ours(address):
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def taken(self, content: bytes | None) -> None:
        """Have it kept, and only then say so."""
        envelope = self.envelope
        assert envelope is not None  # noqa: S101 - a body has one
        recipients = [str(each) for each in envelope.rcpt_tos]
        reply = await self._kept(content, recipients)
        for _ in range(self._replies(recipients)):
            await self.push(reply)

    async def _kept(self, content: bytes | None, recipients: Sequence[str]) -> str:
        if content is None:
            return f"552 5.3.4 more than {_SIZE} bytes"
        try:
            await self._door.take(content, recipients)
        except MailerError as error:
            log.warning("intake.failed", reason=str(error))
            return "451 4.3.0 not kept, come again"
        except Exception:  # nobody may be told 250, or lose the connection for it
            log.exception("intake.failed")
            return "451 4.3.0 not kept, come again"
        return "250 2.0.0 kept"

    def _replies(self, recipients: Sequence[str]) -> int:
        raise NotImplementedError

    async def _overlong(self, count: int) -> bytes | None:
        head = await self._reader.readexactly(count)
        left = _SIZE - count
        while left > 0:
            try:
                await self._reader.readuntil(b"\r\n.\r\n")
            except asyncio.LimitOverrunError as overrun:
                left -= len(await self._reader.readexactly(overrun.consumed))
            else:
                return undotted(head)[:LONGEST]
        await self._skip(1)
        return None


class _Smtp(_Door):
    """SMTP: one reply for the body."""

    def _replies(self, recipients: Sequence[str]) -> int:  # noqa: ARG002 - LMTP's
        return 1


class _Lmtp(_Door):
    """LMTP: one reply for each recipient, and a greeting of its own."""

    show_smtp_greeting = False

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """The greeting of RFC 2033."""
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg: str) -> None:  # noqa: ARG002, N802 - aiosmtpd's
        """Not here."""
        await self.push("500 5.5.1 LHLO is spoken here")

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: ARG002, N802 - aiosmtpd's
        """Not here."""
        await self.push("500 5.5.1 LHLO is spoken here")

    def _replies(self, recipients: Sequence[str]) -> int:
        return len(recipients)
