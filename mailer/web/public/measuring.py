"""Measured links: ``/click/<link>/<reader>`` leads on, ``/open/<mail>/<reader>`` is a dot.

They stand in the mail of readers who agreed to be measured, and work for ever; whether
anything is counted is asked each time. These are the only pages where a GET writes
something: a line that counts, in the background. No reader's state changes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from mailer.audience.measuring import is_machine
from mailer.flows.readers.measuring import MeasuringDesk, follow, see

_DOT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PRIVATE: Mapping[str, str] = {
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


def router(desk: MeasuringDesk) -> APIRouter:
    """What a measured mail asks for."""
    routes = APIRouter()

    @routes.get("/click/{link}/{reader}")
    async def click(request: Request, link: str, reader: str) -> Response:
        target = follow(link, reader, desk, machine=_is_machine(request))
        return RedirectResponse(target, status_code=302, headers=_PRIVATE)

    @routes.get("/open/{mail}/{reader}")
    async def opened(request: Request, mail: str, reader: str) -> Response:
        see(mail, reader, desk, machine=_is_machine(request))
        return Response(_DOT, media_type="image/gif", headers=_PRIVATE)

    return routes


def _is_machine(request: Request) -> bool:
    method = "HEAD" if request.scope.get("is_head") else request.method
    return is_machine(method, request.headers)
