"""Answers that are only sent when they have changed (RFC 9110 section 13)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request, Response

OPEN = "public, max-age=60"
"""What everybody may keep for a minute: then whether it changed is asked."""

FOR_EVER = "public, max-age=31536000, immutable"
"""What is named by its content."""


def unless_known(
    request: Request,
    content: bytes,
    *,
    media_type: str,
    keep: str = OPEN,
    modified: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """*content*, or 304 without it to who has it already.

    The mark is made of the content itself, so that two processes agree on it. A date is
    looked at only where no mark was brought.
    """
    mark = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    said = {"ETag": mark, "Cache-Control": keep, **(headers or {})}
    if modified is not None:
        said["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    if _is_known(request, mark, modified):
        return Response(status_code=304, headers=said)
    return Response(content, media_type=media_type, headers=said)


def _is_known(request: Request, mark: str, modified: datetime | None) -> bool:
    if brought := request.headers.get("if-none-match"):
        marks = {each.strip().removeprefix("W/") for each in brought.split(",")}
        return mark in marks or "*" in marks
    since = request.headers.get("if-modified-since", "")
    if modified is None or not since:
        return False
    try:
        return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # no date, or one without a zone
        return False
