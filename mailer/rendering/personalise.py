"""Placeholders: the per-reader holes of a rendering, filled by plain replacement.

A placeholder is written ``{{ name }}``, pure ASCII, and stands only in text and in
``href``. In the HTML part a value is escaped, in the text part it is raw, in headers it
is encoded. Content never goes through a template engine per reader.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

NAMES = (
    "email",
    "name",
    "web_url",
    "unsubscribe_url",
    "preferences_url",
    "poll_url",
)
"""Every placeholder a rendering may hold, and that a message fills."""

HOLE = re.compile(r"\{\{ ([a-z_]+) \}\}")


def hole(name: str) -> str:
    """The placeholder as it stands in a rendering: ``{{ name }}``."""
    return f"{{{{ {name} }}}}"


def pieces(body: str) -> Iterator[tuple[str, bool]]:
    """Cut *body* into (text, False) and (placeholder name, True), in order."""
    end = 0
    for match in HOLE.finditer(body):
        yield body[end : match.start()], False
        yield match[1], True
        end = match.end()
    yield body[end:], False


def fill(body: str, values: Mapping[str, str], *, escape: bool) -> str:
    """*body* with every placeholder replaced; ``escape`` for HTML. KeyError if unknown."""
    return "".join(
        (html.escape(values[piece]) if escape else values[piece]) if is_hole else piece
        for piece, is_hole in pieces(body)
    )
