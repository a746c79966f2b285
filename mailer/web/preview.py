"""The pages of ``mailer preview``: an edition in every look, and what is wrong with it.

Everything that is chosen stands in the address, so that a view can be bookmarked, and
works without a script; the script swaps in what was saved and keeps where one was.
Frames hold mail: sandboxed, and told to run nothing.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import StreamingResponse

from mailer.config.places import shipped
from mailer.edition.model import Variant
from mailer.errors import Finding, InputError, NotFoundError, Severity
from mailer.flows.previewing import PERSONAS, Letter, Looked, Studio
from mailer.language import Catalogue, short_day, speech
from mailer.phrases import kilobytes, say
from mailer.rendering.simulation import Appearance, Client, as_shown

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https: http:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_GMAIL_CUT = 102 * 1024
_PHONE_SUBJECT, _PHONE_PREHEADER = 36, 82  # characters on an inbox row of a phone
_BEAT = 15.0  # seconds: a stream that says nothing is taken for dead


class Width(StrEnum):
    """How wide the mail is shown."""

    PHONE = "375"
    DESKTOP = "680"
    BOTH = "both"


class Tab(StrEnum):
    """What is shown of it."""

    SEEN = "seen"
    TEXT = "text"
    SOURCE = "source"
    WIRE = "wire"
    LINKS = "links"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that is chosen; it stands in the address."""

    variant: Variant = Variant.FREE
    width: Width = Width.BOTH
    appearance: Appearance = Appearance.LIGHT
    client: Client = Client.NONE
    tab: Tab = Tab.SEEN
    persona: str = PERSONAS[0].id

    def query(self, **changed: object) -> str:
        """Itself with something *changed*, as a query; what is usual is left out."""
        asked = replace(self, **changed)  # type: ignore[arg-type]
        usual = View()
        said = {f.name: str(getattr(asked, f.name)) for f in fields(View)}
        kept = {k: v for k, v in said.items() if v != str(getattr(usual, k))}
        return f"?{urlencode(kept)}" if kept else "?"


class Changes:
    """Whoever waits for the next change hears of it; ``told`` from the loop."""

    def __init__(self) -> None:
        self.count = 0
        self._happened = asyncio.Condition()

    async def tell(self) -> None:
        """Something was saved."""
        async with self._happened:
            self.count += 1
            self._happened.notify_all()

    async def after(self, seen: int) -> int:
        """The number of the next change after *seen*."""
        async with self._happened:
            await self._happened.wait_for(lambda: self.count != seen)
            return self.count


def _view(
    variant: Variant = Variant.FREE,
    width: Width = Width.BOTH,
    appearance: Appearance = Appearance.LIGHT,
    client: Client = Client.NONE,
    tab: Tab = Tab.SEEN,
    persona: str = PERSONAS[0].id,
) -> View:
    """What the address says; a name that nobody has is nobody's."""
    known = {each.id for each in PERSONAS}
    return View(
        variant=variant,
        width=width,
        appearance=appearance,
        client=client,
        tab=tab,
        persona=persona if persona in known else PERSONAS[0].id,
    )


App = FastAPI


def preview_app(
    studio: Studio,
    changes: Changes,
    *,
    catalogue: Catalogue,
    editor_url: str,
    hosts: list[str],
    first: Callable[[], str],
    path_of: Callable[[str, Finding], str],
) -> App:
    """The pages. ``first`` names the edition that is shown when none is asked for.

    ``path_of`` is where the file of a finding lies on this machine, and *editor_url*
    opens it: ``vscode://file/{path}:{line}``.
    """
    app = App(title="mailer preview", docs_url=None, redoc_url=None, openapi_url=None)
    folder = shipped("templates") / "pages" / "preview"

    def opened(name: str, finding: Finding) -> str:
        path = quote(path_of(name, finding))
        return editor_url.format(path=path, line=max(1, finding.line))

    pages = _Pages(studio, changes, _environment(folder, catalogue), opened)
    app.middleware("http")(_secured)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)

    @app.exception_handler(InputError)
    def fault(_: Request, error: InputError) -> Response:
        status = 404 if isinstance(error, NotFoundError) else 422
        return pages.page("fault.html.j2", status=status, message=error.message)

    @app.get("/")
    def entrance() -> Response:
        return RedirectResponse(f"/edition/{quote(first())}", status_code=307)

    app.get("/edition/{publication}/{number}")(pages.edition)
    app.get("/frame/{publication}/{number}")(pages.frame)
    app.get("/picture/{publication}/{number}/{file_name}")(pages.picture)
    app.get("/changes")(pages.stream)
    for file, kind in (("preview.css", "text/css"), ("preview.js", "text/javascript")):
        text = (folder / file).read_text(encoding="utf-8")
        app.get(f"/{file}")(_file(text, kind))
    return app


@dataclass(frozen=True, slots=True)
class _Pages:
    """What is answered; ``opened`` makes the address that opens a finding's place."""

    studio: Studio
    changes: Changes
    templates: Environment
    opened: Callable[[str, Finding], str]

    def page(
        self, template: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """The page *template* with *values*."""
        text = self.templates.get_template(template).render(**values)
        return HTMLResponse(text, status_code=status)

    def edition(
        self, publication: str, number: str, view: Annotated[View, Depends(_view)]
    ) -> Response:
        """An edition, as *view* says, beside all that is known of it."""
        name = f"{publication}/{number}"
        looked = self.studio.look(name)
        view = _fitting(view, looked)
        letter = self._letter(looked, view)
        return self.page(
            "preview.html.j2",
            sheets=self.studio.sheets(),
            name=name,
            looked=looked,
            view=view,
            letter=letter,
            frame=f"/frame/{quote(name)}{view.query()}",
            variants=_variants(looked),
            personas=PERSONAS,
            widths=list(Width),
            appearances=list(Appearance),
            clients=list(Client),
            tabs=list(Tab),
            opened=partial(self.opened, name),
            links=_links(letter) if letter and view.tab is Tab.LINKS else [],
            gmail=_GMAIL_CUT,
            cut=(_PHONE_SUBJECT, _PHONE_PREHEADER),
            errors=_of(looked, Severity.ERROR),
            warnings=_of(looked, Severity.WARNING),
            mark=self.changes.count,
        )

    def frame(
        self, publication: str, number: str, view: Annotated[View, Depends(_view)]
    ) -> Response:
        """The mail itself, to be put into a frame."""
        name = f"{publication}/{number}"
        looked = self.studio.look(name)
        view = _fitting(view, looked)
        letter = self._letter(looked, view)
        seen = as_shown(letter.html if letter else "", view.appearance, view.client)
        for file_name, picture in self.studio.pictures(name).items():
            seen = seen.replace(picture.src, f"/picture/{quote(name)}/{file_name}")
        headers = {"Content-Security-Policy": _MAIL_POLICY}
        return HTMLResponse(_with_base(seen), headers=headers)

    def picture(self, publication: str, number: str, file_name: str) -> Response:
        """A picture as it would be served, or travel."""
        found = self.studio.pictures(f"{publication}/{number}").get(file_name)
        if found is None:
            message = say("no such picture")
            raise NotFoundError(message)
        return Response(found.content, media_type=found.media_type)

    async def stream(self, since: Annotated[int, Query(ge=0)] = 0) -> Response:
        """An event for each change after *since*."""

        async def events() -> AsyncIterator[str]:
            seen = since
            while True:
                try:
                    async with asyncio.timeout(_BEAT):
                        seen = await self.changes.after(seen)
                except TimeoutError:
                    yield ": beat\n\n"
                else:
                    yield f"event: rebuilt\ndata: {seen}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    def _letter(self, looked: Looked, view: View) -> Letter | None:
        if looked.assembled is None:
            return None
        if not view.variant.is_mail:
            return self.studio.web_page(looked.name, view.variant)
        persona = next(each for each in PERSONAS if each.id == view.persona)
        return self.studio.message(looked.name, view.variant, persona)


def _environment(folder: Path, catalogue: Catalogue) -> Environment:
    pages = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["said"] = catalogue.translate
    pages.filters["size"] = lambda size: catalogue.translate(kilobytes(size))
    pages.filters["day"] = lambda day: short_day(day, catalogue.lang)
    pages.globals.update(lang=catalogue.lang, **speech(catalogue))
    return pages


def _file(text: str, kind: str) -> Callable[[], Response]:
    return lambda: Response(text, media_type=kind)


def _variants(looked: Looked) -> list[Variant]:
    """Those that are mailed, then the page."""
    if looked.assembled is None:
        return []
    built = [rendering.variant for rendering in looked.assembled.frozen.renderings]
    return [v for v in built if v.is_mail] + [v for v in built if v is Variant.WEB]


def _fitting(view: View, looked: Looked) -> View:
    """*view* of a variant that there is: a members' edition has no free one."""
    there = _variants(looked)
    return (
        view if not there or view.variant in there else replace(view, variant=there[0])
    )


def _of(looked: Looked, severity: Severity) -> list[Finding]:
    findings = looked.faults or (looked.assembled.findings if looked.assembled else ())
    return [each for each in findings if each.severity is severity]


def _links(letter: Letter) -> list[tuple[str, str]]:
    """Every link of the HTML in its order: what is read, and where it leads."""
    found = re.findall(
        r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', letter.html, re.DOTALL
    )
    return [(_words(inside), html.unescape(href)) for href, inside in found]


def _words(inside: str) -> str:
    alt = re.search(r'\balt="([^"]*)"', inside)
    said = html.unescape(re.sub(r"<[^>]+>", "", inside)).strip()
    return " ".join(said.split()) or (html.unescape(alt[1]) if alt else "")


def _with_base(text: str) -> str:
    """Links open elsewhere, never in the frame."""
    base = '<base target="_blank">'
    head = _HEAD.search(text)
    return text[: head.end()] + base + text[head.end() :] if head else base + text


async def _secured(
    request: Request, proceed: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Every answer says what a browser may do with it; mail says it more strictly."""
    response = await proceed(request)
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cache-Control"] = "no-store"
    return response
