"""Posts of programs about memberships: Stripe's events, and our own format.

Their bodies are signed; who cannot sign learns nothing but that. Answers are for
programs: JSON, in English.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from mailer.errors import InputError
from mailer.flows.readers.patronage import (
    Heard,
    Hearing,
    PatronageDesk,
    hear_own,
    hear_stripe,
)

log = structlog.get_logger()

_Hear = Callable[[PatronageDesk, str, bytes, datetime], Awaitable[Heard]]


def router(desk: PatronageDesk, *, now: Callable[[], datetime]) -> APIRouter:
    """``/hooks/members`` and ``/hooks/stripe``, those that are configured."""
    routes = APIRouter()

    async def taken(request: Request, hear: _Hear, header: str) -> JSONResponse:
        body = await request.body()
        signature = request.headers.get(header, "")
        try:
            heard = await hear(desk, signature, body, now())
        except InputError as error:
            log.warning("members.senseless", hook=header, reason=str(error))
            return JSONResponse({"error": str(error)}, status_code=422)
        if heard.hearing is Hearing.FORGED:
            log.warning("members.forged", hook=header)
            return JSONResponse({"error": "not signed by us"}, status_code=400)
        log.info("members.heard", hearing=heard.hearing, effect=heard.effect)
        return JSONResponse({"received": True, "result": heard.hearing})

    if desk.own is not None:

        @routes.post("/hooks/members")
        async def members(request: Request) -> JSONResponse:
            return await taken(request, hear_own, "Mailer-Signature")

    if desk.stripe is not None:

        @routes.post("/hooks/stripe")
        async def stripe(request: Request) -> JSONResponse:
            return await taken(request, hear_stripe, "Stripe-Signature")

    return routes
