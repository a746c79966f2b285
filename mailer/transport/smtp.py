"""SMTP to a relay: a session that knows on which side of the dot silence fell.

The connection comes from ``dial``. The transaction is driven step by step, because
aiosmtplib's ``sendmail`` cannot say whether the body was sent: a loss before the
first body byte handed nothing over, a loss after it may have (RFC 1047).

Sources: RFC 5321 sections 3.3 and 4.5.3.2 (time-outs), RFC 1870 (SIZE), RFC 6531
(SMTPUTF8).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import aiosmtplib
from aiosmtplib import (
    SMTPException,
    SMTPResponseException,
)

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Reply, Stage, read_reply
from mailer.errors import RelayError
from mailer.phrases import say
from mailer.transport.dial import Dialer, hang_up

_MALFORMED = -1
_GO_AHEAD = 354
_CLOSING = 421
_SIZE_MARGIN = 1024  # trace headers that relays add count against their own limit


class SmtpRelay:
    """A relay reached by SMTP, over connections that *dialer* opens."""

    def __init__(
        self,
        dialer: Dialer,
        *,
        connections: int = 4,
        messages_per_connection: int = 100,
        max_age: timedelta = timedelta(minutes=5),
        idle: timedelta = timedelta(seconds=30),
    ) -> None:
        self.name = dialer.name
        self.timeouts = dialer.timeouts
        self.connections = connections
        self.messages_per_connection = messages_per_connection
        self.max_age, self.idle = max_age, idle
        self._dialer = dialer

    async def check(self, *, size: int = 0) -> None:
        """Connect, secure, log in, leave; RelayError says what an operator can do."""
        client = await self._dialer.dial()
        limit = _size_limit(client)
        await hang_up(client)
        if _exceeds(size, limit):
            message = say(
                "takes messages of {limit} bytes; this edition makes some of {size}: "
                "smaller pictures, or a public_url to host them",
                limit=str(limit),
                size=str(size),
            )
            raise RelayError(message, relay=self.name, temporary=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[SmtpSession]:
        """A fresh session; RelayError when patience with the relay has run out."""
        session = SmtpSession(self, await self._dialer.dial_patiently())
        try:
            yield session
        finally:
            await session.close()


class SmtpSession:
    """One open connection; one message at a time."""

    def __init__(self, relay: SmtpRelay, client: aiosmtplib.SMTP) -> None:
        self._relay = relay
        self._client = client
        self._carried = 0
        self._clock = asyncio.get_running_loop().time
        self._opened = self._clock()

    @property
    def is_open(self) -> bool:
        """Whether another message can go over this connection."""
        carried_all = self._carried >= self._relay.messages_per_connection
        age = self._clock() - self._opened
        is_old = age >= self._relay.max_age.total_seconds()
        return self._client.is_connected and not carried_all and not is_old

    async def close(self) -> None:
        """Leave politely where that is still possible."""
        if self._client.is_connected:
            await hang_up(self._client)

    async def deliver(
        self,
        envelope: Envelope,
        body: Callable[[], bytes],
        *,
        handing_over: Callable[[], Awaitable[bool]],
    ) -> Attempt:
        """Carry one message; see ``flows.ports.Session``."""
        self._carried += 1
        try:
            return await self._transaction(envelope, body, handing_over)
        except BaseException:
            self._client.close()  # nobody knows where the dialogue stands
            raise

    async def _transaction(
        self,
        envelope: Envelope,
        body: Callable[[], bytes],
        handing_over: Callable[[], Awaitable[bool]],
    ) -> Attempt:
        content = body()
        if fault := self._impossible(envelope, len(content)):
            return fault
        wait = self._relay.timeouts
        for stage, command, timeout in (
            (Stage.MAIL, self._mail(envelope, len(content)), wait.command),
            (Stage.RCPT, f"RCPT TO:<{envelope.recipient}>", wait.command),
            (Stage.DATA, "DATA", wait.data),
        ):
            reply = await self._command(command, timeout)
            expected = stage is Stage.DATA and reply and reply.code == _GO_AHEAD
            if reply is None or reply.code == _MALFORMED:
                self._client.close()
                return self._attempt(stage, reply)
            if not (expected or (stage is not Stage.DATA and _is_yes(reply))):
                await self._after_refusal(reply)
                return self._attempt(stage, _no(reply))
        marked = await handing_over()
        if not marked or not self._client.is_connected:
            self._client.close()  # no byte of the body has left
            return self._attempt(Stage.DATA, None)
        reply = await self._body(content, wait.dot)
        if reply is None or reply.code in {_MALFORMED, _CLOSING}:
            self._client.close()
        return self._attempt(Stage.DOT, reply)

    def _mail(self, envelope: Envelope, size: int) -> str:
        words = f"MAIL FROM:<{envelope.return_path}>"
        if self._client.supports_extension("size"):
            words += f" SIZE={size}"
        if not envelope.recipient.isascii():
            words += " SMTPUTF8"
        return words

    def _impossible(self, envelope: Envelope, size: int) -> Attempt | None:
        """A refusal of our own, where the relay has said it cannot take this."""
        if not envelope.recipient.isascii() and not self._client.supports_extension(
            "smtputf8"
        ):
            words = "this relay does not take such an address (no SMTPUTF8)"
            return self._attempt(Stage.RCPT, Reply(550, words, "5.6.7"))
        limit = _size_limit(self._client)
        if _exceeds(size, limit):
            words = f"the message has {size} bytes, the relay takes {limit}"
            return self._attempt(Stage.MAIL, Reply(552, words, "5.3.4"))
        return None

    async def _command(self, line: str, timeout: float) -> Reply | None:  # noqa: ASYNC109 - passed to aiosmtplib
        """The reply to *line*, code -1 if it made no sense, None for silence."""
        try:
            said = await self._client.execute_command(line.encode(), timeout=timeout)
        except SMTPResponseException as error:
            return read_reply(error.code, error.message)
        except (SMTPException, OSError, ValueError):
            return None
        return read_reply(said.code, said.message)

    async def _body(self, content: bytes, timeout: float) -> Reply | None:  # noqa: ASYNC109 - passed to aiosmtplib
        """Write the body, which is canonical already, and wait for the last reply."""
        protocol = self._client.protocol
        if protocol is None:
            return None
        try:
            protocol.write(content + b".\r\n")
            said = await protocol.read_response(timeout=timeout)
        except SMTPResponseException as error:
            return read_reply(error.code, error.message)
        except (SMTPException, OSError):
            return None
        return read_reply(said.code, said.message)

    async def _after_refusal(self, reply: Reply) -> None:
        """The transaction is still open at the relay: end it, or the connection."""
        if reply.code == _CLOSING:
            self._client.close()
            return
        reset = await self._command("RSET", self._relay.timeouts.command)
        if reset is None or not _is_yes(reset):
            self._client.close()

    def _attempt(self, stage: Stage, reply: Reply | None) -> Attempt:
        return Attempt(relay=self._relay.name, stage=stage, reply=reply)


def _size_limit(client: aiosmtplib.SMTP) -> int:
    """How many bytes a message may have, or 0 if the relay does not say (RFC 1870)."""
    said = client.esmtp_extensions.get("size", "")
    return int(said) if said.isdigit() else 0


def _exceeds(size: int, limit: int) -> bool:
    return 0 < limit < size + _SIZE_MARGIN


def _is_yes(reply: Reply) -> bool:
    return 200 <= reply.code < 300


def _no(reply: Reply) -> Reply:
    """A 2yz where 354 was due is no acceptance: nothing was handed over."""
    if 400 <= reply.code < 600:
        return reply
    return Reply(_MALFORMED, reply.text)
