"""What only members may read, said of the tree as it was written.

The audience cut drops these passages for everybody else. That they are told here once
more, in another way, is on purpose: identifiers are dealt out by it, and a check holds
every rendering against it, so that a fault of the cut is seen before readers see it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.edition.blocks import Block, Inlines, Only, Paywall, Source
from mailer.edition.model import Edition, Section

_MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Piece:
    """A block without those inside it, or a line of a section's head."""

    at: Source
    content: Block | Inlines
    for_members: bool


def pieces(edition: Edition) -> Iterator[Piece]:
    """Everything the body of *edition* holds, in the order of the source."""
    yield from below(edition.preface)
    for section in edition.sections:
        for_members = is_for_members(section)
        for line in (section.title, section.strap, section.standfirst):
            yield Piece(section.at, line, for_members)
        yield from below(section.blocks)


def is_for_members(section: Section) -> bool:
    """Whether *section* has something to say, and all of it is for members.

    One that begins with the members' marker shows its title to everybody.
    """
    if any(isinstance(block, Paywall) for block in section.blocks):
        return False
    return bool(section.blocks) and all(map(_is_for_members, section.blocks))


def below(blocks: Sequence[Block], *, for_members: bool = False) -> Iterator[Piece]:
    """*blocks* and those inside them; behind a marker everything is for members."""
    for block in blocks:
        theirs = for_members or _is_for_members(block)
        inside: Sequence[Block] = getattr(block, "blocks", ())
        alone: Any = block
        if inside:
            alone = dataclasses.replace(alone, blocks=())
        yield Piece(block.at, alone, theirs)
        yield from below(inside, for_members=theirs)
        for_members = for_members or isinstance(block, Paywall)


def _is_for_members(block: Block) -> bool:
    if isinstance(block, Only):
        return block.audience == _MEMBER
    return getattr(block, "only", "") == _MEMBER
