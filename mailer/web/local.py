"""Pages for whoever works on this machine, and mail in frames on them.

They answer to the names they are given only: a foreign page whose own name comes to mean
127.0.0.1 (DNS rebinding) would otherwise read what they show.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from fastapi import FastAPI, Request, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)


def keep_local(app: FastAPI, *, hosts: Sequence[str], policy: str) -> None:
    """Have *app* answer to *hosts* alone, and say what a browser may do with it.

    *policy* is the Content-Security-Policy of pages; mail says one more strictly.
    """

    async def secured(
        request: Request, proceed: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await proceed(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        headers["Cache-Control"] = "no-store"
        return response

    app.middleware("http")(secured)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))


def with_base(text: str) -> str:
    """The HTML of a mail whose links open elsewhere, never in its frame."""
    base = '<base target="_blank">'
    # Not before the doctype: browsers would lay the mail out as in 1998.
    head = _HEAD.search(text) or _DOCTYPE.match(text)
    return text[: head.end()] + base + text[head.end() :] if head else base + text
