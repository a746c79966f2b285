"""Opening a connection to a relay: reached, greeted, secured and logged in.

aiosmtplib speaks; this module decides in which order, how long each step is waited for,
and what a failure means to the operator (``failure``). What then goes over the
connection is no business of this module.

Sources: RFC 5321 sections 3.1, 3.2 (greeting) and 4.5.3.2 (time-outs), RFC 3207
(STARTTLS), RFC 4954 (AUTH).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import aiosmtplib
from aiosmtplib import SMTPException
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_delay,
    wait_exponential_jitter,
)

from mailer.errors import RelayError
from mailer.phrases import say
from mailer.transport.failure import failure
from mailer.transport.introduction import Introduction, introduction
from mailer.transport.login import Login, Mechanism, log_in
from mailer.transport.protection import Protection, Security

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait, as RFC 5321 section 4.5.3.2 has them.

    ``connect`` is for each address of the host, ``greeting`` for TLS from the first byte
    and the relay's first words, ``command`` for the reply to EHLO, STARTTLS, AUTH, MAIL
    and RCPT, ``data`` for that to DATA, ``block`` for the relay to take what was
    written. ``dot`` is longest: "A spurious timeout at this point would be very wasteful
    and would typically result in delivery of multiple copies of the message".
    """

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600


class Dialer:
    """Knows the way to one relay. One TLS context serves all its connections.

    Raises RelayError where ``protection`` names a file that cannot be used, or would
    leave mail in clear text on the way to another machine without *clear_text*.
    """

    def __init__(
        self,
        *,
        name: str,
        host: str,
        port: int,
        local_hostname: str,
        protection: Protection,
        clear_text: bool = False,
        login: Login | None = None,
        patience: timedelta = timedelta(seconds=30),
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self.name = name
        self.timeouts = timeouts
        self._host, self._port = host, port
        self._where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._local_hostname = local_hostname
        self._protection = protection
        self._login = login
        self._patience = patience
        self._strangers_read = (
            protection.security is Security.NONE and host not in _LOOPBACK
        )
        if self._strangers_read and not clear_text:
            message = say('security = "none" is for a relay on this machine')
            raise RelayError(message, relay=name, temporary=False)
        self._tls = protection.context(relay=name)

    async def dial_patiently(self) -> aiosmtplib.SMTP:
        """An open connection; RelayError when patience with the relay has run out."""
        attempts = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_exponential_jitter(multiplier=0.5, max=30),
            stop=stop_after_delay(self._patience.total_seconds()),
            reraise=True,
        )
        return await attempts(self.dial)

    async def dial(self) -> aiosmtplib.SMTP:
        """An open connection after EHLO, tried for once.

        RelayError says what an operator can do, and whether it may pass by itself.
        """
        client, _ = await self._dial()
        return client

    async def meet(self) -> Introduction:
        """Connect, secure, log in and leave, to see whom we have to do with."""
        client, login = await self._dial()
        met = introduction(client, where=self._where, login=login)
        await hang_up(client)
        return met

    async def _dial(self) -> tuple[aiosmtplib.SMTP, Mechanism | None]:
        client = aiosmtplib.SMTP(
            hostname=self._protection.tls_name
            or self._host,  # compared with what it shows
            timeout=self.timeouts.command,
            use_tls=self._protection.security is Security.TLS,
            start_tls=False,  # done below, and never left undone
            tls_context=self._tls,
            local_hostname=self._local_hostname,
        )
        try:
            line = await self._reach()
        except OSError as error:
            raise self._failure(error, self.timeouts.connect) from error
        waited = self.timeouts.greeting
        try:
            await client.connect(sock=line, timeout=waited)
            waited = self.timeouts.command
            login = await self._introduce(client)
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise self._failure(error, waited) from error
        except BaseException:
            client.close()
            raise
        return client, login

    async def _reach(self) -> socket.socket:
        """A TCP connection to the first address of the host that answers."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.timeouts.connect):
            found = await loop.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM
            )
        failed: OSError = OSError("no address")
        for family, kind, protocol, _, address in found:
            line = socket.socket(family, kind, protocol)
            try:
                line.setblocking(False)
                async with asyncio.timeout(self.timeouts.connect):
                    await loop.sock_connect(line, address)
            except OSError as error:
                line.close()
                failed = error
            except BaseException:
                line.close()
                raise
            else:
                return line
        raise failed

    async def _introduce(self, client: aiosmtplib.SMTP) -> Mechanism | None:
        """EHLO, and TLS and login where they are configured."""
        await _say_hello(client)
        if self._protection.security is Security.STARTTLS:
            if not client.supports_extension("starttls"):
                message = say(
                    '{where} does not offer STARTTLS, and security = "starttls" sends '
                    "nothing in clear text; is it the right port?",
                    where=self._where,
                )
                raise RelayError(message, relay=self.name, temporary=False)
            await client.starttls()
            await _say_hello(client)
        if self._login is None:
            return None
        return await log_in(
            client,
            self._login,
            relay=self.name,
            where=self._where,
            in_clear=self._strangers_read,
        )

    def _failure(self, error: Exception, waited: float) -> RelayError:
        return failure(
            error,
            relay=self.name,
            where=self._where,
            security=self._protection.security,
            waited=waited,
            proof=self._login.proof if self._login else "",
        )


async def hang_up(client: aiosmtplib.SMTP) -> None:
    """Say goodbye, but not for long: what was sent is sent."""
    with suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(5):
            await client.quit()
    client.close()


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, RelayError) and error.temporary


async def _say_hello(client: aiosmtplib.SMTP) -> None:
    """EHLO, unless securing or logging in has said it; HELO to the very old."""
    if client.last_ehlo_response is not None or client.last_helo_response is not None:
        return
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()
