"""Where providers post what came back: ``/hooks/bounces/<provider>``.

Whoever is not known, not believed or makes no sense gets the same short answer, and
nothing is done. Who is believed hears 200 after it is durable, else tries again.
"""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from mailer.errors import TokenError
from mailer.flows.returning.hooks import HookDesk, receive

log = structlog.get_logger()


def router(desk: HookDesk) -> APIRouter:
    """What providers post, taken in with *desk*."""
    routes = APIRouter()

    @routes.post("/hooks/bounces/{provider}", include_in_schema=False)
    async def bounces(provider: str, request: Request) -> Response:
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            kept = await receive(provider, body, headers, desk)
        except (TokenError, ValueError) as error:
            known = provider if provider in {"ses", *desk.secrets} else "unknown"
            log.warning("hook.refused", provider=known, reason=str(error)[:100])
            return PlainTextResponse("not taken\n", status_code=403)
        if kept:
            log.info("hook.taken", provider=provider, count=len(kept))
        return PlainTextResponse("taken\n")

    return routes
