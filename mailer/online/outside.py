"""Our own pages as a stranger reaches them: the site, and leaving with one click.

Sources: RFC 8058 section 3.1 (one click: a POST, and no redirection).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpcore

from mailer.online.guard import PORTS, GuardedBackend, RefusedError, is_public, unasked
from mailer.phrases import NOTHING, Phrase, say

_SECONDS = 10.0
_HEADERS = [(b"User-Agent", b"mailer-doctor/1"), (b"Accept", b"*/*")]
_FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
ONE_CLICK = b"List-Unsubscribe=One-Click"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; ``fault`` says why nothing did."""

    status: int = 0
    location: str = ""
    fault: Phrase = NOTHING


class Visitor:
    """Asks our own addresses. *ports* and *allowed* are widened by tests only."""

    def __init__(
        self,
        *,
        allowed: Callable[[str], bool] = is_public,
        ports: Mapping[str, int] = PORTS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed, self._ports, self._ssl = allowed, ports, ssl_context

    async def get(self, url: str) -> Answer:
        """The page at *url*, redirections not followed."""
        return await self._ask("GET", url)

    async def one_click(self, url: str) -> Answer:
        """What a mail program does when its reader wants to leave."""
        return await self._ask("POST", url, ONE_CLICK)

    async def _ask(self, method: str, url: str, body: bytes | None = None) -> Answer:
        if fault := unasked(url, self._ports):
            return Answer(fault=fault)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._request(method, url, body)
        except RefusedError:
            return Answer(fault=say("from here its address is a private one"))
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(fault=say("it did not answer in time"))
        except (OSError, ssl.SSLError, httpcore.NetworkError) as error:
            reason = str(error)[:80]
            return Answer(fault=say("no connection: {error}", error=reason))
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
            return Answer(fault=say("its answer makes no sense"))

    async def _request(self, method: str, url: str, body: bytes | None) -> Answer:
        headers = [*_HEADERS, *([_FORM] if body else [])]
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._ssl, network_backend=GuardedBackend(self._allowed)
            ) as pool,
            pool.stream(method, url, headers=headers, content=body) as response,
        ):
            location = next(
                (v for k, v in response.headers if k.lower() == b"location"), b""
            )
            return Answer(status=response.status, location=location.decode("latin-1"))
