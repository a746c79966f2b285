"""The public site: routers and style sheets behind what guards every answer.

Nothing here sets a cookie, and no page needs a script. Errors are pages too.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from mailer.errors import NotFoundError, StoreError, TokenError
from mailer.web.public.guard import Guard
from mailer.web.public.pages import Pages

log = structlog.get_logger()

Router = APIRouter
Site = FastAPI

_STYLE_POLICY = "default-src 'none'; sandbox"
_FRAMES = 6
_KEPT = "public, max-age=31536000, immutable"


def public_app(
    routers: Sequence[APIRouter], pages: Pages, *, proxies: Sequence[str] = ()
) -> FastAPI:
    """The site made of *routers*. *proxies* are believed about who the visitor is.

    Its OpenAPI description is made when asked for (``app.openapi()``), and not served.
    """
    app = FastAPI(
        title="mailer public site", docs_url=None, redoc_url=None, openapi_url=None
    )
    _errors(app, pages)

    @app.get("/style/{name}.css", include_in_schema=False)
    def style(name: str, v: str = "") -> Response:
        sheet = pages.sheet(name)
        if sheet is None:
            raise HTTPException(404)
        kept = _KEPT if v == sheet.mark else "no-cache"
        headers = {"Cache-Control": kept, "Content-Security-Policy": _STYLE_POLICY}
        return Response(sheet.text, media_type="text/css", headers=headers)

    for router in routers:
        app.include_router(router)
    every = [route for router in routers for route in router.routes]
    app.state.paths = [getattr(route, "path", "") for route in every]
    is_secure = (pages.public_url or "").startswith("https:")
    app.add_middleware(Guard, is_secure=is_secure, broken=_broken(pages))
    if proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(proxies))
    return app


def _errors(app: FastAPI, pages: Pages) -> None:
    """Every fault as a page that says the way out, and nothing about us."""

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        lang = pages.lang(request)
        return pages.refusal(error.status_code, lang=lang, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def senseless(request: Request, _: RequestValidationError) -> Response:
        return pages.refusal(400, lang=pages.lang(request))

    @app.exception_handler(NotFoundError)
    def missing(request: Request, _: NotFoundError) -> Response:
        return pages.refusal(404, lang=pages.lang(request))

    @app.exception_handler(TokenError)
    def stranger(request: Request, _: TokenError) -> Response:
        return pages.stranger(lang=pages.lang(request))

    @app.exception_handler(StoreError)
    def unavailable(request: Request, error: StoreError) -> Response:
        log.error("page.failed", path=_shape(request), reason=str(error))
        headers = {"Retry-After": "60"}
        return pages.refusal(503, lang=pages.lang(request), headers=headers)


def _broken(pages: Pages) -> Callable[[Scope, Exception], Response]:
    def answer(scope: Scope, error: Exception) -> Response:
        request = Request(scope)
        where = [
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        ]
        # What an error says, and what its variables hold, may be a reader's token.
        kind = type(error).__name__
        log.error("page.broken", path=_shape(request), kind=kind, where=where)
        return pages.refusal(500, lang=pages.lang(request))

    return answer


def _shape(request: Request) -> str:
    """The kind of page, never the page: its address may hold a reader's token."""
    route = request.scope.get("route")
    return getattr(route, "path", "") or "/" + request.url.path.strip("/").split("/")[0]
