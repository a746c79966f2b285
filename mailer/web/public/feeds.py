"""The archive for feed readers: one Atom and one RSS feed for each publication."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from mailer.edition.model import Publication
from mailer.flows.readers.archive import PER_PAGE, ArchiveDesk
from mailer.rendering.syndication import Channel, Item, atom, rss
from mailer.web.public.fresh import unless_known
from mailer.web.public.pages import Pages

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_FORMS: dict[str, tuple[Callable[[Channel], bytes], str]] = {
    "feed.atom": (atom, "application/atom+xml; charset=utf-8"),
    "feed.xml": (rss, "application/rss+xml; charset=utf-8"),
}


def router(desk: ArchiveDesk, pages: Pages) -> APIRouter:
    """``/archive/<publication>/feed.atom`` and ``feed.xml``; of the only one, at the root."""
    routes = APIRouter()

    async def feed(request: Request, name: str, publication: Publication) -> Response:
        write, media_type = _FORMS[name]
        channel = await _channel(desk, publication, name, base_of(request, pages))
        return unless_known(
            request,
            write(channel),
            media_type=media_type,
            modified=channel.updated if channel.items else None,
        )

    @routes.get("/archive/{publication}/feed.atom", name="atom")
    @routes.get("/archive/{publication}/feed.xml", name="rss")
    async def feed_of(request: Request, publication: str) -> Response:
        found = pages.publication(publication)
        if found is None:
            raise HTTPException(404)
        return await feed(request, request.url.path.rpartition("/")[2], found)

    @routes.get("/feed.atom", name="only atom")
    @routes.get("/feed.xml", name="only rss")
    async def only_feed(request: Request) -> Response:
        only = pages.only()
        if only is None:
            raise HTTPException(404)
        return await feed(request, request.url.path.rpartition("/")[2], only)

    return routes


async def _channel(
    desk: ArchiveDesk, publication: Publication, name: str, base: str
) -> Channel:
    site = f"{base}/archive/{publication.id}"
    told = await desk.archive.feed(publication.id, limit=PER_PAGE)
    items = [
        Item(
            slug=each.edition.listing.slug,
            url=f"{site}/{each.edition.listing.slug}",
            entry=each.entry,
            html=each.html,
            published=each.edition.published,
            updated=each.edition.updated,
        )
        for each in told
    ]
    return Channel(
        publication=publication,
        address=f"{site}/{name}",
        site=site,
        updated=max((item.updated for item in items), default=_NEVER),
        items=items,
    )


def base_of(request: Request, pages: Pages) -> str:
    """Where we are; by the visitor's word only where nobody said it."""
    return pages.public_url or str(request.base_url).rstrip("/")
