"""Opening a connection to a relay: reached, secured, logged in and greeted.

aiosmtplib does all four; this module decides how often it is asked to, what a failure
means, and what was wrong in the operator's words (``failure``). What then goes over the
connection is no business of this module.

Sources: RFC 5321 sections 3.1 and 3.2 (greeting), RFC 3207 (STARTTLS), RFC 4954 (AUTH).
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

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

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Security(StrEnum):
    """How the connection is protected; ``none`` is for this machine only."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait for a reply (RFC 5321 section 4.5.3.2).

    The final dot is waited for longest: "A spurious timeout at this point would be very
    wasteful and would typically result in delivery of multiple copies of the message".
    """

    connect: float = 60
    command: float = 300
    data: float = 120
    dot: float = 600


class Dialer:
    """Knows the way to one relay. One TLS context serves all its connections."""

    def __init__(
        self,
        *,
        name: str,
        host: str,
        port: int,
        security: Security,
        local_hostname: str,
        username: str = "",
        password: str = "",
        patience: timedelta = timedelta(seconds=30),
        ca_file: Path | None = None,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self.name = name
        self.timeouts = timeouts
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._local_hostname = local_hostname
        self._patience = patience
        if security is Security.NONE and host not in _LOOPBACK:
            message = say('security = "none" is for a relay on this machine')
            raise RelayError(message, relay=name, temporary=False)
        self._tls = self._context(ca_file)

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
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self.timeouts.connect,
            use_tls=self._security is Security.TLS,
            start_tls=self._security is Security.STARTTLS,
            tls_context=self._tls,
            local_hostname=self._local_hostname,
            username=self._username or None,
            password=self._password or None,
        )
        try:
            await client.connect()
            await _say_hello(client)
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise failure(
                error,
                relay=self.name,
                where=f"{self._host}:{self._port}",
                security=self._security,
                patience=self.timeouts.connect,
            ) from error
        except BaseException:
            client.close()
            raise
        return client

    def _context(self, ca_file: Path | None) -> ssl.SSLContext | None:
        if self._security is Security.NONE:
            return None
        try:
            return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        except OSError as error:
            message = say(
                "ca_file {ca_file} cannot be read: {error}",
                ca_file=ca_file,
                error=error,
            )
            raise RelayError(message, relay=self.name, temporary=False) from error


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
