"""Pictures of editions, by the hash of their bytes: kept by whoever fetched them once.

Those of frozen editions are in the database, for every process and for ever. A proof is
looked at before anything is frozen: its pictures are on the shelf of who rendered it.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from mailer.flows.readers.archive import Archive
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


def router(archive: Archive, shelf: Path | None = None) -> APIRouter:
    """``/media/<hash>.<jpg|png|gif>``; *shelf* is the folder of ready pictures."""
    routes = APIRouter()

    @routes.get("/media/{name}")
    async def picture(request: Request, name: str) -> Response:
        asked = _NAME.fullmatch(name)
        if asked is None:
            raise HTTPException(404)
        content = await archive.picture(asked[1])
        if content is None and shelf is not None:
            content = await asyncio.to_thread(_on_shelf, shelf / asked[0])
        if content is None:
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


def _on_shelf(file: Path) -> bytes | None:
    """A picture that we made ready; its name is its hash and nothing else."""
    try:
        return file.read_bytes()
    except OSError:
        return None
