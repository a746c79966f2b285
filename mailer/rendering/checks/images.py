"""Checks of pictures; what is missing or unreadable is said where they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.edition.blocks import Figure, Source
from mailer.edition.finding import warning
from mailer.errors import Finding
from mailer.phrases import kilobytes, say
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.model import Picture

_KB = 1024
_PICTURE_BYTES = 200 * _KB
_PICTURES_BYTES = 1024 * _KB
_SENT_WIDTH = 1280  # twice what a phone or a column shows
_KEPT_WIDTH = 2 * _SENT_WIDTH
_MAILABLE = frozenset({"JPEG", "PNG", "GIF", ""})
_CAMERA = re.compile(
    r"(?i)(?:img|dsc[fn]?|pxl|screenshot|capture|image|photo|picture|figure)?"
    r"[\s_-]*[\d_-]+"
)


def check_images(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the pictures that readers load, and the words beside them."""
    places = {
        block.src: block.at
        for block in inspection.edition.every_block()
        if isinstance(block, Figure)
    }
    renderings = inspection.frozen.renderings
    pictures = {p.name: p for r in renderings for p in r.pictures}
    for picture in pictures.values():
        at = places.get(picture.name, inspection.at)
        yield from _check_picture(picture, *inspection.column(at, picture.name))
    total = sum(len(picture.content) for picture in pictures.values())
    if total > _PICTURES_BYTES:
        message = say("all pictures together: {size}", size=kilobytes(total))
        yield warning("image-heavy", inspection.at, message)
    for block in inspection.edition.every_block():
        if isinstance(block, Figure) and _is_generic(block, inspection.lexicon.alts):
            at, column = inspection.column(block.at, block.alt)
            message = say("“{words}” does not say what one sees", words=block.alt)
            yield warning("alt-generic", at, message, column=column)


def _check_picture(picture: Picture, at: Source, column: int) -> Iterator[Finding]:
    if len(picture.content) > _PICTURE_BYTES:
        size = kilobytes(len(picture.content))
        message = say("{name}: {size}", name=picture.name, size=size)
        hint = say("200 KB are enough for a picture")
        yield warning("image-heavy", at, message, hint, column=column)
    width = max(picture.width, picture.original_width)
    if picture.width > _SENT_WIDTH or picture.original_width > _KEPT_WIDTH:
        message = say(
            "{name} is {width} pixels wide", name=picture.name, width=str(width)
        )
        hint = say("1280 are enough for a picture")
        yield warning("image-wide", at, message, hint, column=column)
    if picture.original_format not in _MAILABLE:
        kind = picture.media_type.removeprefix("image/").upper()
        message = say(
            "{name} is {format}, which not every mail program shows: sent as {kind}",
            name=picture.name,
            format=picture.original_format,
            kind=kind,
        )
        yield warning("image-converted", at, message, column=column)


def _is_generic(figure: Figure, known: frozenset[str]) -> bool:
    """Words that stand for any picture, or for none: ``photo``, ``IMG_4812``."""
    words = figure.alt.strip(" .:!").casefold()
    name = figure.src.rpartition("/")[2].casefold()
    files = {name, name.rpartition(".")[0].replace("-", " ")}
    is_file = words in files and (len(words.split()) == 1 or "." in words)
    return words in known or bool(_CAMERA.fullmatch(words)) or is_file
