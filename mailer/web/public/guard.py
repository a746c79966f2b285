"""What stands before every page: small bodies, HEAD as GET, headers that a browser obeys.

Pure ASGI, so that nothing of a body is read before it is wanted, and nothing of it twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 64 * 1024
"""What a form of ours may weigh: none needs a thousandth of it."""

HOOK_BYTES = 1024 * 1024
"""What others' programs may post under ``/hooks/``: reports quote whole mails."""

_BODY_SECONDS = 20.0

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # addresses of pages hold tokens
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "Cache-Control": "no-store",
}
_YEAR = "max-age=31536000"


class Guard:
    """Around *app*; ``broken`` makes the page for what went wrong by our fault.

    A page may say any of the headers itself; what it leaves out is said here.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        is_secure: bool,
        broken: Callable[[Scope, Exception], Response],
    ) -> None:
        self._app = app
        self._broken = broken
        self._headers = dict(_HEADERS)
        if is_secure:
            self._headers["Strict-Transport-Security"] = _YEAR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._headers, is_head=scope["method"] == "HEAD")
        if answer.is_head:
            scope = {**scope, "method": "GET", "is_head": True}
        try:
            await self._app(scope, _Body(receive, scope), answer)
        except Exception as error:  # noqa: BLE001 - the outermost place: it becomes a page
            page = self._broken(scope, error)
            if not answer.has_begun:
                await page(scope, receive, answer)


class _Body:
    """A body that is refused where it gets too long (413) or takes too long (408)."""

    def __init__(self, receive: Receive, scope: Scope) -> None:
        self._receive = receive
        is_hook = scope["path"].startswith("/hooks/")
        self._left = HOOK_BYTES if is_hook else BODY_BYTES
        self._is_too_large = _announced(scope) > self._left
        self._is_read = False

    async def __call__(self) -> Message:
        if self._is_too_large:
            raise HTTPException(413)
        if self._is_read:  # what follows is the visitor's leaving, whenever that is
            return await self._receive()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408) from error
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self._is_too_large = True
                raise HTTPException(413)
            self._is_read = not message.get("more_body", False)
        return message


class _Answer:
    """An answer with our headers, and without a body where only its head was asked for."""

    def __init__(
        self, send: Send, headers: Mapping[str, str], *, is_head: bool
    ) -> None:
        self._send = send
        self._said = headers
        self.is_head = is_head
        self.has_begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            for name, value in self._said.items():
                headers.setdefault(name, value)
        elif self.is_head and message["type"] == "http.response.body":
            if message.get("more_body", False):
                return
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)


def _announced(scope: Scope) -> int:
    said = Headers(scope=scope).get("content-length", "")
    return int(said) if said.isascii() and said.isdecimal() else 0
