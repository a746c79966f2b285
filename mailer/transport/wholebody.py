"""A server's side of one SMTP connection: aiosmtpd speaks, the body is taken in one piece.

aiosmtpd reads a body line by line through a buffer of 2 KB: 34 mails of 200 KB in a
second. In one piece it is ten times as many.

Sources: RFC 5321, RFC 1870 (SIZE).
"""

from __future__ import annotations

import asyncio

from aiosmtpd.smtp import SMTP

_BODY_END = b"\r\n.\r\n"


class WholeBody(SMTP):
    """One connection; a subclass says in ``taken`` what becomes of a body.

    ``size`` bytes are announced as the most; a subclass sets ``line_length_limit``, which
    is that of the stream, to what is read at once. Open connections stand in
    *dialogues*. *handler* is aiosmtpd's: its hooks are asked about each command.
    """

    def __init__(
        self, handler: object, dialogues: set[WholeBody], *, size: int, name: str
    ) -> None:
        self._dialogues = dialogues
        super().__init__(
            handler,
            hostname=name,
            ident="mailer",
            data_size_limit=size,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection, to be able to end it."""
        super().connection_made(transport)
        self._dialogues.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(error)
        self._dialogues.discard(self)

    async def end(self) -> None:
        """Close the connection without a word, and wait until nobody serves it."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        if self._handler_coroutine is not None:
            await asyncio.gather(self._handler_coroutine, return_exceptions=True)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Take the body, then have it answered."""
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 RCPT comes first")
            return
        if arg:
            await self.push("501 5.5.4 DATA stands alone")
            return
        await self.push("354 end with <CRLF>.<CRLF>")
        content = await self._body()
        await self.taken(content)
        self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def taken(self, content: bytes | None) -> None:
        """Answer for a body; None is one that was longer than it may be."""
        raise NotImplementedError

    async def _body(self) -> bytes | None:
        """The mail with its dots as they were (RFC 5321 section 4.5.2); None if too long."""
        # The end may follow DATA at once, its first CRLF being that of the command.
        self._reader.feed_data(b"\r\n")
        try:
            wire = await self._reader.readuntil(_BODY_END)
        except asyncio.LimitOverrunError as overrun:
            return await self._overlong(overrun.consumed)
        return undotted(wire[: -len(b".\r\n")])

    async def _overlong(self, count: int) -> bytes | None:
        """What is made of a body too long; *count* bytes of it wait to be read."""
        await self._skip(count)
        return None

    async def _skip(self, count: int) -> None:
        """Read on to the end of the body, keeping nothing."""
        while count:
            await self._reader.read(count)
            try:
                await self._reader.readuntil(_BODY_END)
                count = 0
            except asyncio.LimitOverrunError as overrun:
                count = overrun.consumed


def undotted(wire: bytes) -> bytes:
    """A body as it was written, from the CRLF before it on."""
    return wire.replace(b"\r\n.", b"\r\n")[2:]
