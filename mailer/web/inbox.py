"""The page of the trial inbox: what arrived, as HTML, text, headers and source.

On loopback only. A mail is shown in a sandboxed frame that runs nothing and asks
nobody: its pictures come from the mail itself, or from the folder that will be served
under the public address one day.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import jinja2
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from mailer.config.load import shipped
from mailer.errors import InputError, NotFoundError, RelayError

_TABS = ("html", "text", "headers", "source")
_WIDTHS = (375, 680)
_PAGE = 200
_MEDIA = re.compile(r"[0-9a-f]{20}\.(?:jpg|png|gif)")
_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}
_SHELL = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FRAMED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'self'; sandbox allow-popups"
)


class Letterbox(Protocol):
    """Where the mails are: ``transport.inbox.Mailbox``, or anything like it."""

    def lines(self) -> Sequence[Any]:
        """Every mail, the newest first."""

    def mail(self, key: str) -> Any:  # noqa: ANN401 - shown by templates, by field
        """The mail called *key*; NotFoundError or InputError."""


def inbox_app(  # noqa: C901 - a page after another, none of them deep
    letterbox: Letterbox, *, media: Path | None, public_url: str | None
) -> FastAPI:
    """The pages over *letterbox*."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("templates") / "pages" / "inbox"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def page(name: str, **values: object) -> HTMLResponse:
        return HTMLResponse(templates.get_template(name).render(**values))

    def open_mail(key: str) -> Any:  # noqa: ANN401 - as the letterbox gives it
        try:
            return letterbox.mail(key)
        except NotFoundError as error:
            raise HTTPException(404, error.message) from error
        except InputError as error:
            raise HTTPException(422, error.message) from error

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:  # noqa: ANN401 - Starlette's shape
        response: Response = await call_next(request)
        framed = request.url.path.endswith("/frame")
        response.headers["Content-Security-Policy"] = _FRAMED if framed else _SHELL
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def overview(q: str = "") -> HTMLResponse:
        lines = letterbox.lines()
        wanted = q.strip().casefold()
        found = [
            line
            for line in lines
            if wanted in f"{line.recipient} {line.subject}".casefold()
        ]
        return page(
            "list.html.j2", q=q, count=len(lines), found=len(found), lines=found[:_PAGE]
        )

    @app.get("/mail/{key}")
    def show(key: str, tab: str = "html", width: int = 680) -> HTMLResponse:
        if tab not in _TABS or width not in _WIDTHS:
            raise HTTPException(404)
        return page(
            "mail.html.j2",
            mail=open_mail(key),
            tab=tab,
            tabs=_TABS,
            width=width,
            widths=_WIDTHS,
        )

    @app.get("/mail/{key}/frame")
    def frame(key: str) -> HTMLResponse:
        html = open_mail(key).html.replace("cid:", f"/mail/{key}/picture/")
        if public_url:
            html = html.replace(f"{public_url}/media/", "/media/")
        return HTMLResponse(html.replace("<head>", '<head><base target="_blank" />', 1))

    @app.get("/mail/{key}/picture/{cid}")
    def picture(key: str, cid: str) -> Response:
        pictures = open_mail(key).pictures
        if cid not in pictures:
            raise HTTPException(404)
        kind, content = pictures[cid]
        return Response(content, media_type=kind)

    @app.get("/media/{name}")
    def hosted(name: str) -> Response:
        file = media / name if media and _MEDIA.fullmatch(name) else None
        if file is None or not file.is_file():
            raise HTTPException(404)
        return Response(file.read_bytes(), media_type=_TYPES[file.suffix[1:]])

    return app


@asynccontextmanager
async def http_inbox(
    letterbox: Letterbox,
    *,
    port: int = 0,
    media: Path | None = None,
    public_url: str | None = None,
) -> AsyncIterator[str]:
    """The pages on loopback while the block runs; yields their address."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        message = f"port {port} cannot be listened on: {error.strerror}"
        raise RelayError(message, relay="inbox page", temporary=False) from error
    app = inbox_app(letterbox, media=media, public_url=public_url)
    server = _Embedded(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        await serving
        listener.close()


class _Embedded(uvicorn.Server):
    """A server inside somebody else's process: signals are not its business."""

    def install_signal_handlers(self) -> None:
        """Nothing: the command that serves decides."""
