"""The audience cut, on the tree, before anything else sees it.

Free readers and the open page lose what follows the members' marker of a section, and
keep the marker: there the subscribe card goes. Members lose only the marker. ``only``
blocks are unfolded or dropped. Then stories are numbered and the contents filled in,
from what remains: a number never betrays a story that is not there. The feed is read
as the page is, without advertisers, teasers and contents. An archive for members shows
strangers the card alone, on the page as in the feed. The page that a member's token
opens is read as members read, on the web.

A section of which nothing is left goes altogether, title and standfirst too; one that
begins with the marker stays, for its card is what it says to those who are not members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mailer.edition.blocks import (
    Block,
    Box,
    Only,
    Paywall,
    Sponsor,
    Story,
    Toc,
    TocEntry,
)
from mailer.edition.model import Edition, Section, Variant

_NUMBERED = "numbered"


def cut(edition: Edition, variant: Variant) -> Edition:
    """*edition* as readers of *variant* may see it."""
    if edition.archive == "members" and variant in (Variant.WEB, Variant.FEED):
        return replace(edition, preface=(Paywall(at=edition.at),), sections=())
    kept = (
        (section, tuple(_kept(section.blocks, variant))) for section in edition.sections
    )
    sections = tuple(
        replace(section, blocks=blocks)
        for section, blocks in kept
        if blocks or not _holds_words(section)
    )
    numbered = tuple(_numbered(sections))
    entries = tuple(_entries(numbered))
    return replace(
        edition,
        preface=tuple(_filled(_kept(edition.preface, variant), entries)),
        sections=tuple(
            replace(section, blocks=tuple(_filled(section.blocks, entries)))
            for section in numbered
        ),
    )


def _holds_words(section: Section) -> bool:
    """Whether something is written below the title and the standfirst of *section*."""
    return any(not isinstance(block, Paywall) for block in section.blocks)


def _kept(blocks: Iterable[Block], variant: Variant) -> Iterator[Block]:
    """The blocks that *variant* sees, up to the members' marker if it is not theirs."""
    for block in _unfolded(blocks, variant):
        if isinstance(block, Paywall) and variant.is_members:
            continue
        yield block
        if isinstance(block, Paywall):
            return


def _unfolded(blocks: Iterable[Block], variant: Variant) -> Iterator[Block]:
    """The blocks that are not for somebody else, ``only`` taken apart."""
    for block in blocks:
        match block:
            case Sponsor() | Toc() | Box(name="teaser") if variant is Variant.FEED:
                continue
            case Only():
                if is_for(block.audience, variant):
                    yield from _unfolded(block.blocks, variant)
            case _:
                only = getattr(block, "only", "")
                if not only or is_for(only, variant):
                    yield _within(block, variant)


def _within(block: Block, variant: Variant) -> Block:
    """*block*, and what *variant* sees inside it, whatever kind it is."""
    holder: Any = block
    if not getattr(holder, "blocks", ()):
        return block
    kept: Block = replace(holder, blocks=tuple(_kept(holder.blocks, variant)))
    return kept


def is_for(audience: str, variant: Variant) -> bool:
    """Whether ``only=audience`` is meant for *variant*; an open page reads as free."""
    match audience:
        case "web":
            return not variant.is_mail
        case "email":
            return variant.is_mail
        case "member":
            return variant.is_members
        case "free":
            return not variant.is_members
        case _:
            return False  # an audience that nobody knows is nobody


def _numbered(sections: Iterable[Section]) -> Iterator[Section]:
    """Stories of numbered sections counted through the edition."""
    count = 0
    for section in sections:
        if _NUMBERED not in section.classes:
            yield section
            continue
        blocks: list[Block] = []
        for block in section.blocks:
            if isinstance(block, Story):
                count += 1
                blocks.append(replace(block, number=count))
            else:
                blocks.append(block)
        yield replace(section, blocks=tuple(blocks))


def _entries(sections: Iterable[Section]) -> Iterator[TocEntry]:
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Story):
                yield TocEntry(block.title, block.id, block.emoji, block.number)


def _filled(blocks: Iterable[Block], entries: tuple[TocEntry, ...]) -> Iterator[Block]:
    for block in blocks:
        yield replace(block, entries=entries) if isinstance(block, Toc) else block
