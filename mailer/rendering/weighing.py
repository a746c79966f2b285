"""How many bytes of the HTML each block of an edition brings.

MJML in, HTML out: in between no mark survives. But what is read, and every picture,
stands in both in the same order; so the place in the HTML of each word tells which block
wrote what is around it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.edition.blocks import Source
from mailer.rendering.compose import Composed

_SKIPPED = re.compile(
    r"<!--.*?-->|<style\b.*?</style>|<title\b.*?</title>|<mj-(?:style|preview|title)\b.*?</mj-"
    r"(?:style|preview|title)>|&[#\w]+;|(?P<picture><(?:mj-image|img)\b[^>]*>)|<[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_BODY = re.compile(r"<(?:mj-)?body\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Weight:
    """What the block at ``at`` brings, in bytes of HTML."""

    at: Source
    size: int


def weigh(html: str, composed: Composed) -> list[Weight]:
    """Each block's share of *html*, in reading order; the first is the frame's.

    The frame is what an edition without a word would weigh: head, styles, what stands
    above and below. Nothing, where the theme writes otherwise than it was asked.
    """
    said, heard = _letters(composed.source), _letters(html)
    lag = len(heard) - len(said)  # a preheader is words in one of them only
    if lag < 0 or [s for s, _ in heard[lag:]] != [s for s, _ in said]:
        return []
    offsets = [offset for _, offset in said]
    frame = composed.places[0]
    sizes: dict[Source, int] = {frame: 0}
    end, owner = 0, frame
    # Bytes are counted in the encoded source, letters by characters.
    starts = _characters(composed)
    for start, place in zip(starts, composed.places, strict=True):
        number = lag + bisect_right(offsets, start - 1)
        begin = _opening(html, heard[number][1]) if number < len(heard) else len(html)
        begin = max(begin, end)
        sizes[owner] = sizes.get(owner, 0) + len(html[end:begin].encode())
        end, owner = begin, place
    sizes[owner] = sizes.get(owner, 0) + len(html[end:].encode())
    return [Weight(at, size) for at, size in sizes.items()]


def _characters(composed: Composed) -> Iterator[int]:
    """Where each mark of *composed* stood, counted in characters."""
    encoded = composed.source.encode()
    at = count = 0
    for start in composed.starts:
        count += len(encoded[at:start].decode())
        at = start
        yield count


def _letters(text: str) -> list[tuple[str, int]]:
    """Every letter that is read and every picture of the body, with its offset."""
    found: list[tuple[str, int]] = []
    body = _BODY.search(text)
    at = body.start() if body else 0
    for skipped in _SKIPPED.finditer(text, at):
        found += [
            (c, n) for n, c in enumerate(text[at : skipped.start()], at) if c.isalnum()
        ]
        if skipped["picture"]:
            found.append(("<img>", skipped.start()))
        at = skipped.end()
    return found


def _opening(html: str, at: int) -> int:
    """The first of the tags that were opened for what stands at *at*."""
    closed = html.rfind("</", 0, at)
    return html.find(">", closed) + 1 if closed >= 0 else 0
