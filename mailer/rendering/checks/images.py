"""Checks of pictures; what is missing or unreadable is said where they are read."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.errors import Finding
from mailer.phrases import kilobytes, say
from mailer.rendering.checks.finding import warning
from mailer.rendering.checks.inspection import Inspection

_KB = 1024
_PICTURE_BYTES = 200 * _KB
_PICTURES_BYTES = 1024 * _KB


def check_images(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the pictures that readers load."""
    renderings = inspection.frozen.renderings
    pictures = {p.name: p for r in renderings for p in r.pictures}
    for picture in pictures.values():
        if len(picture.content) > _PICTURE_BYTES:
            size = kilobytes(len(picture.content))
            message = say("{name}: {size}", name=picture.name, size=size)
            hint = say("200 KB are enough for a picture")
            yield warning("image-heavy", inspection.at, message, hint)
    total = sum(len(picture.content) for picture in pictures.values())
    if total > _PICTURES_BYTES:
        message = say("all pictures together: {size}", size=kilobytes(total))
        yield warning("image-heavy", inspection.at, message)
