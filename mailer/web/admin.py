"""What the daemon answers on its private listener: is it alive, is it ready, its figures.

``/healthz`` is about the process alone and ``/readyz`` about what it works with. The
relays are in neither: their outage must not restart the daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from mailer.flows.figures import Reading


class Probes(Protocol):
    """Whoever knows how the daemon is."""

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether the process lives, and the particulars."""

    async def readiness(self) -> Mapping[str, str]:
        """What it works with, by name: ``ok``, or what is wrong."""

    async def reading(self) -> Reading:
        """Everything that is watched."""


def admin_app(probes: Probes, api: ASGIApp | None = None) -> Starlette:
    """The answers, on what *probes* know, and the *api* for programs."""

    async def healthz(_: Request) -> Response:
        is_alive, told = probes.health()
        return _json({"status": _word(is_alive), **told}, is_well=is_alive)

    async def readyz(_: Request) -> Response:
        checks = await probes.readiness()
        is_ready = all(said == "ok" for said in checks.values())
        return _json(
            {"status": _word(is_ready), "checks": dict(checks)}, is_well=is_ready
        )

    async def metrics(_: Request) -> Response:
        from mailer.web.metrics import CONTENT_TYPE, expose

        return Response(
            expose(await probes.reading()), headers={"Content-Type": CONTENT_TYPE}
        )

    async def contents(_: Request) -> Response:
        return PlainTextResponse("mailer: /healthz /readyz /metrics /api/v1\n")

    return Starlette(
        routes=[
            Route("/", contents),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            *([Mount("/api/v1", api)] if api else []),
        ]
    )


def _word(is_well: bool) -> str:
    return "ok" if is_well else "failing"


def _json(told: Mapping[str, Any], *, is_well: bool) -> Response:
    return JSONResponse(
        told, status_code=200 if is_well else 503, headers={"Cache-Control": "no-store"}
    )
