"""Pictures of editions, by the hash of their bytes: kept by whoever fetched them once."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from mailer.flows.archive import Archive
from mailer.web.public.fresh import FOR_EVER, unless_known

_NAME = re.compile(r"([0-9a-f]{20})\.(jpg|png|gif)", re.ASCII)
_KINDS = {
    # suffix: (its type, what such a file begins with)
    "jpg": ("image/jpeg", b"\xff\xd8"),
    "png": ("image/png", b"\x89PNG"),
    "gif": ("image/gif", b"GIF8"),
}
# A picture is a picture, whatever somebody hid in it.
_POLICY = "default-src 'none'; sandbox"


def router(archive: Archive) -> APIRouter:
    """``/media/<hash>.<jpg|png|gif>``."""
    routes = APIRouter()

    @routes.get("/media/{name}")
    async def picture(request: Request, name: str) -> Response:
        asked = _NAME.fullmatch(name)
        content = await archive.picture(asked[1]) if asked else None
        if asked is None or content is None:
            raise HTTPException(404)
        media_type, beginning = _KINDS[asked[2]]
        if not content.startswith(beginning):
            raise HTTPException(404)
        return unless_known(
            request,
            content,
            media_type=media_type,
            keep=FOR_EVER,
            headers={
                "Content-Security-Policy": _POLICY,
                "Cross-Origin-Resource-Policy": "cross-origin",  # mail is elsewhere
            },
        )

    return routes
