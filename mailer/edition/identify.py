"""Identifiers of sections, stories and sub-heads: from their titles, unique, lasting.

Links to them must last, and must not tell: what everybody may read is named first, so
that a members' title of the same words leaves no ``-2`` where it is not shown.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mailer.edition.blocks import Block, Inlines, Story, Subhead, plain
from mailer.edition.members import below, is_for_members
from mailer.edition.model import Section

_NAMELESS = "section"


def identified(
    preface: Sequence[Block], sections: Sequence[Section]
) -> tuple[tuple[Block, ...], tuple[Section, ...]]:
    """The same with an id wherever none was said; what was said stays."""
    names = iter(_names([*_headings(preface, sections)]))
    return _blocks(preface, names), tuple(
        replace(section, id=next(names), blocks=_blocks(section.blocks, names))
        for section in sections
    )


def slugify(title: str) -> str:
    """``Le cœur et l’algorithme`` -> ``le-coeur-et-l-algorithme``."""
    spaced = title.replace("’", "-").casefold().replace("œ", "oe").replace("æ", "ae")
    bare = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:60].rstrip("-")


def unused(wanted: str, taken: Collection[str]) -> str:
    """*wanted*, or *wanted* with the first number from 2 on that makes it new."""
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}-{count}"
    return name


_Heading = tuple[str, Inlines, bool]
"""The id that was said, the title, and whether it is for members only."""


def _headings(
    preface: Sequence[Block], sections: Sequence[Section]
) -> Iterator[_Heading]:
    yield from _inside(preface)
    for section in sections:
        yield section.id, section.title, is_for_members(section)
        yield from _inside(section.blocks)


def _inside(blocks: Sequence[Block]) -> Iterator[_Heading]:
    for piece in below(blocks):
        if isinstance(piece.content, (Story, Subhead)):
            yield piece.content.id, piece.content.title, piece.for_members


def _names(headings: Sequence[_Heading]) -> list[str]:
    """One for each of *headings*, in their order."""
    names = [said for said, _, _ in headings]
    taken = {said for said in names if said}
    for for_members in (False, True):
        for at, (said, title, theirs) in enumerate(headings):
            if not said and theirs is for_members:
                names[at] = unused(slugify(plain(title)) or _NAMELESS, taken)
                taken.add(names[at])
    return names


def _blocks(blocks: Sequence[Block], names: Iterator[str]) -> tuple[Block, ...]:
    """*blocks* and those inside them, each heading with the next of *names*."""
    return tuple(_block(block, names) for block in blocks)


def _block(block: Block, names: Iterator[str]) -> Block:
    if isinstance(block, (Story, Subhead)):
        return replace(block, id=next(names))
    if inside := getattr(block, "blocks", ()):
        holder: Any = block
        renamed: Block = dataclasses.replace(holder, blocks=_blocks(inside, names))
        return renamed
    return block
