"""Pages for whoever works on this machine, and mail in frames on them.

They answer to the names they are given only: a foreign page whose own name comes to mean
127.0.0.1 (DNS rebinding) would otherwise read what they show.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)


def keep_local(app: Starlette, *, hosts: Sequence[str], policy: str) -> None:
    """Have *app* answer to *hosts* alone, and say what a browser may do with it.

    *policy* is the Content-Security-Policy of pages; mail says one more strictly.
    """
    app.add_middleware(_Secured, policy=policy)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))


class _Secured:
    """Says with every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp, *, policy: str) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", self._policy)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Permissions-Policy"] = (
                    "camera=(), geolocation=(), microphone=()"
                )
                headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, secured)


def with_base(text: str) -> str:
    """The HTML of a mail whose links open elsewhere, never in its frame."""
    base = '<base target="_blank">'
    # Not before the doctype: browsers would lay the mail out as in 1998.
    head = _HEAD.search(text) or _DOCTYPE.match(text)
    return text[: head.end()] + base + text[head.end() :] if head else base + text
