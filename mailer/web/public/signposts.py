"""What shows programs the way: robots, the map of the site, and the small picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Request, Response

from mailer.edition.model import Publication
from mailer.flows.readers.archive import ArchiveDesk
from mailer.web.public.feeds import base_of
from mailer.web.public.fresh import unless_known
from mailer.web.public.pages import Pages

_MAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST = 50_000  # addresses in one map, by its own rules
_OWN = re.compile(r"\{(?:token|reader)\}")
_DAY = "public, max-age=86400"


def router(desk: ArchiveDesk, pages: Pages) -> APIRouter:
    """``/robots.txt``, ``/sitemap.xml``, ``/favicon.svg``, ``/favicon.ico``."""
    routes = APIRouter()

    @routes.get("/robots.txt")
    async def robots(request: Request) -> Response:
        base = base_of(request, pages)
        lines = [
            "User-agent: *",
            *(f"Disallow: {pages.link(each)}" for each in _private(request)),
            "",
            f"Sitemap: {base}/sitemap.xml",
            "",
        ]
        text = "\n".join(lines).encode()
        return unless_known(request, text, media_type="text/plain", keep=_DAY)

    @routes.get("/sitemap.xml")
    async def sitemap(request: Request) -> Response:
        base = base_of(request, pages)
        listed = {each.id for each in pages.publications if each.indexed}
        every = [
            e
            for e in await desk.archive.everything()
            if e.listing.publication in listed
        ]
        places = [(f"{base}/", "")]
        for each in pages.publications:
            if each.id in listed:
                newest = next(
                    (e.updated for e in every if e.listing.publication == each.id), None
                )
                when = newest.isoformat(timespec="seconds") if newest else ""
                places.append((f"{base}/archive/{each.id}", when))
        for edition in every:
            shown = edition.listing
            when = edition.updated.isoformat(timespec="seconds")
            places.append((f"{base}/archive/{shown.publication}/{shown.slug}", when))
        content = _mapped(places[:_MOST])
        return unless_known(request, content, media_type="application/xml")

    @routes.get("/favicon.svg")
    @routes.get("/favicon.ico", name="old favicon")
    async def favicon(request: Request) -> Response:
        first = pages.only() or pages.publications[0]
        drawn = pages.text("favicon.svg.j2", publication=first, letter=_letter(first))
        return unless_known(
            request, drawn.encode(), media_type="image/svg+xml", keep=_DAY
        )

    return routes


def _private(request: Request) -> list[str]:
    """The beginnings of all addresses that say who a reader is."""
    paths: list[str] = request.app.state.paths
    return sorted({f"/{path.split('/')[1]}/" for path in paths if _OWN.search(path)})


def _mapped(places: list[tuple[str, str]]) -> bytes:
    root = ET.Element("urlset", {"xmlns": _MAP})
    for address, when in places:
        place = ET.SubElement(root, "url")
        ET.SubElement(place, "loc").text = address
        if when:
            ET.SubElement(place, "lastmod").text = when
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _letter(publication: Publication) -> str:
    """The first letter of the name proper: of “Le Méridien”, its M."""
    words = publication.name.split()
    return next((w for w in words if w[:1].isupper() and len(w) > 3), words[0])[0]
