"""The archive: every edition that has left, listed, searched, and as it was frozen.

Members bring a token (``?m=``): their pages are nobody else's, so that nothing keeps
them, no search engine lists them, and no link from them hands the token on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Annotated
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from mailer.edition.model import Publication
from mailer.errors import NotFoundError
from mailer.flows.readers.archive import ArchiveDesk, Opened, browse, latest, open_page
from mailer.flows.readers.joining import Form
from mailer.phrases import say
from mailer.web.public.framing import Around, framed
from mailer.web.public.fresh import FOR_EVER, unless_known
from mailer.web.public.pages import Pages

_SHOWN = 3
_KEPT_PAGES = 64  # of a hundred kilobytes each at most
_AROUND = "around"
_HTML = "text/html; charset=utf-8"
_NOBODY_ELSES = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

MakeForm = Callable[[Publication, str], Form | None]
Token = Annotated[str, Query(alias="m", max_length=500)]


def router(
    desk: ArchiveDesk, pages: Pages, form: MakeForm = lambda _publication, _lang: None
) -> APIRouter:
    """``/archive``, ``/archive/<publication>``, ``/archive/<publication>/<slug>``.

    *form* makes the sign-up form below an edition, where one can sign up.
    """
    routes = APIRouter()

    @routes.get("/archive")
    async def archives(request: Request) -> Response:
        lang = pages.lang(request)
        if only := pages.only():
            return RedirectResponse(pages.link(f"/archive/{quote(only.id)}"), 302)
        shelves = [
            (
                each,
                await latest(desk, each.id, _SHOWN),
                addresses(pages, each, each.lang, ""),
            )
            for each in pages.publications
        ]
        made = pages.html("archives.html.j2", lang=lang, shelves=shelves)
        return _kept(request, made)

    @routes.get("/style/{name}/around.css", include_in_schema=False)
    def style(name: str, v: str = "") -> Response:
        sheet = pages.sheet(name, _AROUND)
        if sheet is None:
            raise HTTPException(404)
        keep = FOR_EVER if v == sheet.mark else "no-cache"
        headers = {"Cache-Control": keep}
        return Response(sheet.text, media_type="text/css", headers=headers)

    @routes.get("/archive/{publication}")
    async def archive(
        request: Request,
        publication: str,
        token: Token = "",
        query: Annotated[str, Query(alias="q", max_length=200)] = "",
        number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    ) -> Response:
        whose = _known(pages, publication)
        found = await browse(desk, publication, query=query, number=number, token=token)
        if number > found.pages:
            raise HTTPException(404)
        lang = pages.lang(request, whose)
        to = addresses(pages, whose, lang, token if found.welcome else "")
        made = pages.html(
            "archive.html.j2",
            publication=whose,
            lang=lang,
            found=found,
            excerpts={each.edition.frozen: each.excerpt for each in found.found},
            query=query.strip(),
            token=token,
            to=to,
            is_listed=whose.indexed and not (token or query),
        )
        if token or query:
            made.headers["X-Robots-Tag"] = "noindex"
        return made if token else _kept(request, made)

    @routes.get("/archive/{publication}/{slug}")
    async def edition(
        request: Request,
        publication: str,
        slug: str,
        token: Token = "",
        gift: Annotated[str, Query(alias="g", max_length=500)] = "",
    ) -> Response:
        whose = _known(pages, publication)
        opened = await open_page(desk, publication, slug, token, gift)
        if token or gift:
            content, policy = shown(opened, whose, token, gift)
            headers = {"Content-Security-Policy": policy, **_NOBODY_ELSES}
            return HTMLResponse(_near(content, request, pages), headers=headers)
        content, policy = shown_to_all(opened, desk.today(whose))
        return unless_known(
            request,
            _near(content, request, pages),
            media_type=_HTML,
            headers={"Content-Security-Policy": policy},
        )

    @lru_cache(maxsize=_KEPT_PAGES)
    def shown_to_all(opened: Opened, _: date) -> tuple[bytes, str]:
        """Once for all who bring no token, while nothing around it changes.

        And for a day at most, the time for which a form is good.
        """
        return shown(opened, _known(pages, opened.edition.listing.publication), "")

    def shown(
        opened: Opened, whose: Publication, token: str, gift: str = ""
    ) -> tuple[bytes, str]:
        """The page, and the policy it is to be sent with."""
        lang = opened.edition.listing.lang
        page = framed(opened.html, pictures=_origin(pages.public_url))
        values: dict[str, object] = {
            "opened": opened,
            "token": token,
            "gift": gift,
            "gift_days": desk.gift_days,
            "to": addresses(pages, whose, lang, token if opened.welcome else ""),
            "is_listed": whose.indexed and not (token or gift),
            "around": _around(pages, whose),
            "form": None if opened.welcome else form(whose, lang),
            "described": _described(opened, whose, pages.public_url or ""),
        }
        said = {
            name: pages.text(
                f"edition/{name}.html.j2", publication=whose, lang=lang, **values
            )
            for name in ("head", "top", "end", "foot", "over")
        }
        content = page.around(Around(**said), today=desk.today(whose))
        return content.encode(), page.policy

    return routes


def _known(pages: Pages, name: str) -> Publication:
    found = pages.publication(name)
    if found is None:
        message = say("no publication {name}", name=name)
        raise NotFoundError(message)
    return found


def _kept(request: Request, made: HTMLResponse) -> Response:
    """A page for everybody; what was found for a search engine is not for its list."""
    robots = made.headers.get("X-Robots-Tag")
    headers = {"X-Robots-Tag": robots} if robots else {}
    return unless_known(request, bytes(made.body), media_type=_HTML, headers=headers)


def addresses(
    pages: Pages, publication: Publication, lang: str, token: str
) -> Callable[..., str]:
    """Makes addresses of the archive that keep who reads it, and in which language."""
    kept = {"m": token, "lang": "" if lang == publication.lang else lang}

    def to(slug: str = "", *, page: int = 1, q: str = "") -> str:
        path = f"/archive/{quote(publication.id)}" + (f"/{quote(slug)}" if slug else "")
        asked = {"q": q, "page": str(page) if page > 1 else "", **kept}
        query = urlencode({name: value for name, value in asked.items() if value})
        return pages.link(path) + (f"?{query}" if query else "")

    return to


def _near(content: bytes, request: Request, pages: Pages) -> bytes:
    """*content* for who came by another name than ours: on trial, before it is known.

    Then pictures and links of the page, which say our name, lead here too.
    """
    url = pages.public_url
    if url is None or request.url.hostname == urlsplit(url).hostname:
        return content
    for name in ("src", "href"):
        content = content.replace(
            f'{name}="{url}/'.encode(), f'{name}="{pages.link("/")}'.encode()
        )
    return content


def _around(pages: Pages, publication: Publication) -> str:
    """The address of the style sheet for what stands around an edition."""
    sheet = pages.sheet(publication.id, _AROUND)
    mark = sheet.mark if sheet else ""
    return pages.link(f"/style/{quote(publication.id)}/around.css") + f"?v={mark}"


def _origin(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _described(opened: Opened, publication: Publication, url: str) -> str:
    """The page for programs (schema.org), as JSON that no markup can end."""
    listing = opened.edition.listing
    described: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": listing.title,
        "description": listing.summary,
        "inLanguage": listing.lang,
        "datePublished": opened.edition.published.isoformat(timespec="seconds"),
        "dateModified": opened.edition.updated.isoformat(timespec="seconds"),
        "isAccessibleForFree": listing.is_open,
        "publisher": {"@type": "Organization", "name": publication.name},
    }
    if url:
        described["url"] = f"{url}/archive/{publication.id}/{listing.slug}"
    if listing.picture:
        described["image"] = listing.picture
    return json.dumps(described, ensure_ascii=False).replace("<", "\\u003c")
