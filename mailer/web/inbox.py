"""The trial inbox as pages: what was sent, as a reader's mail program shows it.

Mail is shown inside a frame that may run nothing and fetch nothing but its own
pictures. Everything is rendered here; no page needs a script, and only the list has one,
which brings new mail.
"""

from __future__ import annotations

import html
import re
import socket
from collections.abc import (
    AsyncIterator,
    Callable,
)
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse

from mailer.config.places import shipped
from mailer.errors import ConfigError, InputError, NotFoundError
from mailer.language import ENGLISH, Catalogue, short_day
from mailer.phrases import Phrase, say
from mailer.web.letterbox import Entry, Letterbox, Mischief
from mailer.web.local import keep_local, with_base
from mailer.web.serving import serving
from mailer.web.templating import page_templates

_LOOPBACK = "127.0.0.1"
_HOSTS = (_LOOPBACK, "localhost")
_PER_PAGE = 50
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_MEDIA_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\.(png|jpe?g|gif|webp)")
_CID = re.compile(r"""(?<=["'(=])cid:([^"')\s>]+)""", re.IGNORECASE)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_LIST_POLICY = f"{_PAGE_POLICY}; script-src 'self'; connect-src 'self'"
_MAIL_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)


class View(StrEnum):
    """The four ways to look at a mail."""

    HTML = "html"
    TEXT = "text"
    HEADERS = "headers"
    SOURCE = "source"


class Width(StrEnum):
    """How wide the mail is shown: a phone, a mail program, or whatever there is."""

    PHONE = "375"
    DESKTOP = "680"
    FULL = "full"


def inbox_app(
    mailbox: Letterbox,
    *,
    media: Path | None,
    public_url: str | None,
    catalogue: Catalogue = ENGLISH,
    chaos: Mischief | None = None,
) -> FastAPI:
    """The pages over *mailbox*, and over what *chaos* did.

    Pictures that *public_url* will serve one day are served from *media* today.
    """
    app = FastAPI(title="mailer inbox", docs_url=None, redoc_url=None, openapi_url=None)
    folder = shipped("templates") / "pages" / "inbox"
    pages = page_templates([folder], catalogue)
    pages.filters["size"] = lambda size: catalogue.translate(_size(size))
    pages.filters["day"] = lambda when: short_day(when.astimezone(), catalogue.lang)

    def page(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        text = pages.get_template(template).render(**values)
        return HTMLResponse(text, status_code=status)

    keep_local(app, hosts=_HOSTS, policy=_PAGE_POLICY)

    @app.exception_handler(InputError)
    def fault(_: Request, error: InputError) -> Response:
        status = 404 if isinstance(error, NotFoundError) else 422
        return page("fault.html.j2", status=status, message=error.message)

    @app.get("/")
    def listing(
        q: Annotated[str, Query(max_length=200)] = "",
        number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
    ) -> Response:
        every = mailbox.entries()
        found = [entry for entry in every if _fits(entry, q)]
        last = max(1, -(-len(found) // _PER_PAGE))
        number = min(number, last)
        answer = page(
            "list.html.j2",
            entries=found[(number - 1) * _PER_PAGE : number * _PER_PAGE],
            found=len(found),
            total=len(every),
            query=q,
            page=number,
            last=last,
            whims=chaos.told() if chaos else [],
        )
        answer.headers["Content-Security-Policy"] = _LIST_POLICY
        return answer

    @app.get("/chaos")
    def mischief() -> Response:
        answer = page(
            "chaos.html.j2",
            whims=chaos.told() if chaos else [],
            incidents=chaos.incidents()[:_PER_PAGE] if chaos else [],
        )
        answer.headers["Content-Security-Policy"] = _LIST_POLICY
        return answer

    @app.get("/mail/{name}")
    def message(
        name: str, view: View = View.HTML, width: Width = Width.DESKTOP
    ) -> Response:
        mail = mailbox.read(name)
        source = mail.source.decode("utf-8", "replace")
        return page(
            "mail.html.j2",
            mail=mail,
            entry=mail.entry,
            view=view,
            views=list(View),
            width=width,
            widths=list(Width),
            source=source if view is View.SOURCE else "",
        )

    @app.get("/mail/{name}/body")
    def body(name: str) -> Response:
        mail = mailbox.read(name)
        text = _local(mail.html, f"/mail/{quote(name)}/cid/", public_url)
        headers = {"Content-Security-Policy": _MAIL_POLICY}
        return HTMLResponse(text, headers=headers)

    @app.get("/mail/{name}/source")
    def source(name: str) -> Response:
        return PlainTextResponse(mailbox.read(name).source)

    @app.get("/mail/{name}/cid/{cid:path}")
    def picture(name: str, cid: str) -> Response:
        part = mailbox.read(name).pictures.get(cid)
        if part is None or part.type not in _PICTURES:
            message = say("no such picture in this mail")
            raise NotFoundError(message)
        return Response(part.content, media_type=part.type)

    @app.get("/media/{name}")
    def medium(name: str) -> Response:
        path = media / name if media and _MEDIA_NAME.fullmatch(name) else None
        if path is None or not path.is_file():
            message = say("no such picture")
            raise NotFoundError(message)
        return FileResponse(path)

    app.get("/style.css")(_file(folder / "style.css", "text/css"))
    app.get("/live.js")(_file(folder / "live.js", "text/javascript"))
    return app


@asynccontextmanager
async def http_inbox(
    mailbox: Letterbox,
    *,
    port: int = 0,
    media: Path | None,
    public_url: str | None,
    catalogue: Catalogue = ENGLISH,
    chaos: Mischief | None = None,
) -> AsyncIterator[str]:
    """Serve the pages on loopback in the running loop; yields their address.

    Port 0 means any free one. ConfigError if the port is taken.
    """
    app = inbox_app(
        mailbox, media=media, public_url=public_url, catalogue=catalogue, chaos=chaos
    )
    try:
        listener = socket.create_server((_LOOPBACK, port))
    except OSError as error:
        message = say(
            "port {port} is not free: {error}", port=str(port), error=error.strerror
        )
        raise ConfigError(
            message, hint=say("--http-port 0 takes any free one")
        ) from error
    async with serving(app, listener):
        yield f"http://{_LOOPBACK}:{listener.getsockname()[1]}/"


def _file(path: Path, media_type: str) -> Callable[[], Response]:
    return lambda: FileResponse(path, media_type=media_type)


def _fits(entry: Entry, query: str) -> bool:
    said = f"{entry.sender} {entry.recipient} {entry.subject}".casefold()
    return all(word in said for word in query.casefold().split())


def _local(text: str, pictures: str, public_url: str | None) -> str:
    """The HTML of a mail with its pictures served here, its links opened elsewhere."""

    def address(found: re.Match[str]) -> str:
        return pictures + quote(unquote(html.unescape(found[1])), safe="")

    text = _CID.sub(address, text)
    if public_url:
        text = text.replace(f"{public_url.rstrip('/')}/media/", "/media/")
    return with_base(text)


def _size(size: int) -> Phrase:
    """``512 B``, ``78 KB``, ``1.4 MB``."""
    if size < 1000:
        return say("{count} B", count=size)
    if size < 1_000_000:
        return say("{count} KB", count=round(size / 1000))
    return say("{count} MB", count=round(size / 1_000_000, 1))
