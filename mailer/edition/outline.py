"""What each line of the manuscript became: one line a section, block or item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from mailer.edition.blocks import Block, Inlines, Source, plain
from mailer.edition.model import Edition, Section
from mailer.edition.walk import Container

_NAMED = ("by", "name", "author", "flag")
"""Words of a block that are no inlines: a sponsor, a box's look, who signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the outline. ``depth`` is 0 for a section, more for what is inside."""

    at: Source
    kind: str
    words: str
    depth: int


def outline(edition: Edition) -> list[Entry]:
    """The whole edition in reading order."""
    entries = list(_of_blocks(edition.preface, 0))
    for section in edition.sections:
        entries.append(_of_section(section))
        entries += _of_blocks(section.blocks, 1)
    return entries


def _of_section(section: Section) -> Entry:
    kind = " ".join(("section", *section.classes))
    return Entry(at=section.at, kind=kind, words=plain(section.title), depth=0)


def _of_blocks(blocks: Iterable[Block], depth: int) -> Iterator[Entry]:
    for block in blocks:
        yield Entry(at=block.at, kind=block.kind, words=_words(block), depth=depth)
        if isinstance(block, Container):
            yield from _of_blocks(block.blocks, depth + 1)


def _words(block: Block) -> str:
    """The first words a reader sees of it, or what it is called."""
    for found in fields(block):
        if words := _said(getattr(block, found.name)):
            return words
    named = (getattr(block, name, "") for name in _NAMED)
    return next((str(name) for name in named if name), getattr(block, "alt", ""))


def _said(value: object) -> str:
    """*value* as words, if it is inlines or holds some."""
    if not isinstance(value, tuple) or not value or isinstance(value[0], Block):
        return ""
    first = value[0]
    if isinstance(first, tuple):
        return _said(first)
    for inside in ("content", "title", "main"):
        held = getattr(first, inside, None)
        if isinstance(held, tuple):
            return _said(held)
    if isinstance(first, str):
        return ""
    inlines: Inlines = value
    return " ".join(plain(inlines).split())
