"""The way in: home pages with the sign-up form, confirming, welcome.

Nothing changes by a GET: programs follow every link of a mail before its reader does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi import Form as Field
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException

from mailer.audience.address import mask
from mailer.audience.token import Purpose
from mailer.config.places import shipped
from mailer.edition.model import Publication
from mailer.edition.rhythm import rhythm
from mailer.flows.readers.archive import Published
from mailer.flows.readers.joining import (
    Answer,
    Confirmation,
    Filled,
    Heard,
    JoiningDesk,
    Visit,
    confirm,
    look_at,
    show_form,
    sign_up,
)
from mailer.phrases import NOTHING
from mailer.web.public.guard import POLICY
from mailer.web.public.pages import Pages

_SCRIPT = shipped("templates") / "pages" / "public" / "work.js"
_WITH_SCRIPT = {"Content-Security-Policy": f"{POLICY}; script-src 'self'"}

Text = Annotated[str, Field()]


Latest = Callable[[str], Awaitable[Sequence[Published]]]
"""The last editions of a publication, for its page."""


async def nothing_yet(_: str) -> Sequence[Published]:
    """Where no archive is kept."""
    return ()


def router(
    desk: JoiningDesk, pages: Pages, *, latest: Latest = nothing_yet
) -> APIRouter:
    """``/``, ``/p/<publication>``, ``/subscribe``, ``/confirm/<token>``."""
    routes = APIRouter()
    doors = _Doors(desk, pages, latest)

    @routes.get("/")
    async def home(request: Request) -> HTMLResponse:
        return await doors.home(request)

    @routes.get("/p/{publication}")
    async def home_of(request: Request, publication: str) -> HTMLResponse:
        found = doors.known(publication)
        return await doors.front(found, pages.lang(request, found))

    @routes.post("/subscribe")
    async def subscribe(
        request: Request,
        email: Text = "",
        publication: Text = "",
        t: Text = "",
        subject: Text = "",
        lang: Text = "",
        work: Text = "",
    ) -> HTMLResponse:
        found = doors.known(publication)
        filled = Filled(
            email=email.strip(),
            token=t,
            trap=subject,
            lang=pages.spoken(lang, found),
            visit=visit_of(request, pages, f"/p/{found.id}"),
            work=work[:40],
        )
        return await doors.subscribe(filled, found)

    @routes.get("/work.js", include_in_schema=False)
    async def script() -> Response:
        return FileResponse(_SCRIPT, media_type="text/javascript")

    @routes.get("/confirm/{token}")
    async def confirming(request: Request, token: str) -> HTMLResponse:
        return doors.confirmation(request, token, await look_at(token, desk))

    @routes.post("/confirm/{token}")
    async def confirmed(request: Request, token: str) -> HTMLResponse:
        visit = visit_of(request, pages, "/confirm")
        lang = pages.asked(request.query_params.get("lang", ""))
        done = await confirm(token, visit, desk, lang=lang)
        return doors.confirmation(request, token, done)

    return routes


class _Doors:
    """The pages of joining, each from what a flow has said."""

    def __init__(self, desk: JoiningDesk, pages: Pages, latest: Latest) -> None:
        self._desk, self._pages, self._latest = desk, pages, latest

    def known(self, publication: str) -> Publication:
        """The publication of this id, or the only one."""
        pages = self._pages
        found = pages.publication(publication) if publication else pages.only()
        if found is None:
            raise HTTPException(404)
        return found

    async def home(self, request: Request) -> HTMLResponse:
        """That of the only publication, or all of them."""
        lang = self._pages.lang(request)
        only = self._pages.only()
        if only is not None:
            return await self.front(only, lang)
        return self._pages.html("letters.html.j2", lang=lang, rhythm=rhythm)

    async def front(
        self,
        publication: Publication,
        lang: str,
        *,
        answer: Answer | None = None,
        email: str = "",
    ) -> HTMLResponse:
        """A publication's page with its form, also where it is to be sent once more."""
        is_again = answer is not None
        form = None
        if self._desk.is_open:
            form = show_form(publication, lang, self._desk, again=is_again)
        return self._pages.html(
            "home.html.j2",
            publication=publication,
            lang=lang,
            status=422 if is_again else 200,
            rhythm=rhythm(publication.schedule),
            form=form,
            work=self._desk.work,
            headers=_WITH_SCRIPT if self._desk.work else None,
            email=email,
            note=answer.note if answer else NOTHING,
            fault=answer.fault if answer else NOTHING,
            editions=await self._latest(publication.id),
            to=lambda slug: self._pages.link(
                f"/archive/{quote(publication.id)}/{quote(slug)}",
                lang,
                publication.lang,
            ),
        )

    async def subscribe(self, filled: Filled, publication: Publication) -> HTMLResponse:
        """What a filled-in form is answered; the same whoever is known here."""
        if not self._desk.is_open:
            raise HTTPException(404)
        pages, lang = self._pages, filled.lang
        answer = await sign_up(filled, publication, self._desk)
        if answer.heard is Heard.AGAIN:
            return await self.front(
                publication, lang, answer=answer, email=filled.email
            )
        if answer.heard is Heard.TOO_MANY:
            headers = {"Retry-After": "3600"}
            return pages.refusal(
                429, publication=publication, lang=lang, headers=headers
            )
        return pages.html(
            "check.html.j2", publication=publication, lang=lang, email=filled.email
        )

    def confirmation(
        self, request: Request, token: str, found: Confirmation
    ) -> HTMLResponse:
        """The button, or the welcome of who is in."""
        publication = self.known(found.publication)
        lang = self._pages.lang(request, publication)
        if not found.is_done:
            return self._pages.html(
                "confirm.html.j2",
                publication=publication,
                lang=lang,
                token=token,
                email=mask(found.email),
                rhythm=rhythm(publication.schedule),
            )
        choose = self._desk.keyring.sign(
            Purpose.PREFERENCES, publication.id, str(found.subscriber)
        )
        return self._pages.html(
            "welcome.html.j2",
            publication=publication,
            lang=lang,
            email=mask(found.email),
            rhythm=rhythm(publication.schedule),
            preferences=f"/preferences/{choose}",
        )


def visit_of(request: Request, pages: Pages, page: str) -> Visit:
    """Who does something on *page*, or on the page of another site that posts here."""
    origin = request.headers.get("origin", "null")
    ours = pages.public_url or ""
    is_foreign = origin != "null" and not ours.startswith(origin)
    return Visit(
        ip=request.client.host if request.client else "",
        agent=request.headers.get("user-agent", ""),
        form=origin if is_foreign else f"{ours}{page}",
    )
