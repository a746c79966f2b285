"""A relay reached by SMTP: connections from ``dial``, transactions on them by ``wire``.

aiosmtplib's own ``sendmail`` takes four round trips a message, runs regular expressions
over its bytes, and cannot say whether the body was sent. So it opens, secures and logs
in, and then its connection is ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import aiosmtplib

from mailer.errors import RelayError
from mailer.phrases import say
from mailer.transport.dial import Dialer, hang_up
from mailer.transport.speech import Features
from mailer.transport.wire import SmtpSession


class SmtpRelay:
    """A relay reached by SMTP, over connections that *dialer* opens.

    ``messages_per_connection`` and ``max_age`` bound what one connection is
    used for: relays, and the balancers before them, do not like them to last.
    """

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
        features = _features(client)
        await hang_up(client)
        if size and not features.takes(size):
            message = say(
                "takes messages of {limit} bytes; this edition makes some of {size}: "
                "smaller pictures, or a public_url to host them",
                limit=str(features.size),
                size=str(size),
            )
            raise RelayError(message, relay=self.name, temporary=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[SmtpSession]:
        """A fresh session; RelayError when patience with the relay has run out."""
        client = await self._dialer.dial_patiently()
        if client.transport is None:  # closed by the relay since
            message = say("the relay closed the connection at once")
            raise RelayError(message, relay=self.name)
        session = SmtpSession(
            cast("asyncio.Transport", client.transport),
            relay=self.name,
            features=_features(client),
            timeouts=self.timeouts,
            messages=self.messages_per_connection,
            max_age=self.max_age.total_seconds(),
        )
        try:
            yield session
        finally:
            await session.close()
            client.close()


def _features(client: aiosmtplib.SMTP) -> Features:
    size = client.esmtp_extensions.get("size", "")
    return Features(
        pipelining=client.supports_extension("pipelining"),
        smtputf8=client.supports_extension("smtputf8"),
        sizes=client.supports_extension("size"),
        dsn=client.supports_extension("dsn"),
        size=int(size) if size.isdigit() else 0,
    )
