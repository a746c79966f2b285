"""The way in: the home page of a site and of each of its publications."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from mailer.edition.model import Publication
from mailer.edition.rhythm import rhythm
from mailer.web.public.pages import Pages


def router(pages: Pages) -> APIRouter:
    """``/``, ``/p/<publication>``."""
    routes = APIRouter()

    @routes.get("/")
    async def home(request: Request) -> HTMLResponse:
        only = pages.only()
        if only is not None:
            return front(request, only)
        return pages.html("letters.html.j2", lang=pages.lang(request), rhythm=rhythm)

    @routes.get("/p/{publication}")
    async def home_of(request: Request, publication: str) -> HTMLResponse:
        found = pages.publication(publication)
        if found is None:
            raise HTTPException(404)
        return front(request, found)

    def front(request: Request, publication: Publication) -> HTMLResponse:
        return pages.html(
            "home.html.j2",
            publication=publication,
            lang=pages.lang(request, publication),
            rhythm=rhythm(publication.schedule),
        )

    return routes
