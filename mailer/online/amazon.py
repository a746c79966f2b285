"""Asking Amazon's own hosts: for a certificate, or to confirm a subscription of SNS.

The addresses were checked to be Amazon's before (``delivery.providers.ses``); here they
must resolve to public ones, answer over TLS, at once, and briefly. Nothing is followed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import httpcore

from mailer.errors import TokenError
from mailer.online.guard import GuardedBackend, is_public

_SECONDS = 10.0
_LONGEST = 64 * 1024
_KEPT = 16


class SnsHosts:
    """The ``Amazon`` port; certificates are kept, for they change once a year."""

    def __init__(
        self,
        *,
        allowed: Callable[[str], bool] = is_public,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed, self._ssl = allowed, ssl_context
        self._certificates: dict[str, bytes] = {}

    async def certificate(self, url: str) -> bytes:
        """See the port."""
        if url not in self._certificates:
            found = await self._get(url)
            if len(self._certificates) >= _KEPT:
                self._certificates.clear()
            self._certificates[url] = found
        return self._certificates[url]

    async def confirm(self, url: str) -> None:
        """See the port."""
        await self._get(url)

    async def _get(self, url: str) -> bytes:
        try:
            async with (
                asyncio.timeout(_SECONDS),
                httpcore.AsyncConnectionPool(
                    ssl_context=self._ssl, network_backend=GuardedBackend(self._allowed)
                ) as pool,
                pool.stream("GET", url, headers={"User-Agent": "mailer"}) as answer,
            ):
                found = b""
                async for part in answer.aiter_stream():
                    found += part
                    if len(found) > _LONGEST:
                        break
                status = answer.status
        except (
            OSError,
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            ValueError,
        ) as error:
            message = f"Amazon does not answer: {type(error).__name__}"
            raise TokenError(message) from error
        if status != 200 or len(found) > _LONGEST:
            message = f"Amazon answers {status}"
            raise TokenError(message)
        return found
