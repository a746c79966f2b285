"""How an edition's blocks fall into bands, and bands into runs of prose.

A section's ordinary blocks share a band; a story begins a band, and a box, an
advertiser and the subscribe card make their own, in the order of the source. Within a
band, consecutive prose shares one element: that is the whole size budget of a mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from mailer.edition.blocks import Block, Box, Button, Figure, Sponsor, Story
from mailer.edition.model import Edition, Section

_ALONE = (Figure, Button)
"""Blocks that are elements of their own beside the prose."""

RenderBlock = Callable[..., Markup]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a band: words that share an element, or one element alone."""

    is_prose: bool
    content: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of the page. ``section`` is set on the band that opens it.

    ``own`` is the finished band of a block that makes its own; else ``runs`` holds the
    content, below ``opening``: a story's title, with the picture right under it if
    there is one. ``first`` is True for the first band of the edition's body.
    """

    section: Section | None
    classes: tuple[str, ...]
    first: bool
    opening: Markup = field(default_factory=Markup)
    runs: tuple[Run, ...] = ()
    own: Markup | None = None


def runs(
    blocks: Sequence[Block], render: RenderBlock, *, inside: str = ""
) -> tuple[Run, ...]:
    """*blocks*, rendered and gathered.

    Each block is told the kinds beside it, and the box it stands *inside* of.
    """
    gathered: list[Run] = []
    for at, block in enumerate(blocks):
        before = blocks[at - 1].kind if at else ""
        after = blocks[at + 1].kind if at + 1 < len(blocks) else ""
        content = render(block, before=before, after=after, inside=inside)
        is_prose = not isinstance(block, _ALONE)
        if is_prose and gathered and gathered[-1].is_prose:
            gathered[-1] = Run(True, gathered[-1].content + content)
        else:
            gathered.append(Run(is_prose, content))
    return tuple(gathered)


def bands(edition: Edition, render: RenderBlock) -> tuple[Band, ...]:
    """The body of *edition*, band by band; the preface comes first, without title."""
    found: list[Band] = []
    for section, blocks in _parts(edition):
        opening = section
        for group in _groups(blocks):
            band = Band(
                section=opening,
                classes=section.classes if section else (),
                first=not found,
            )
            found.append(_filled(band, group, render))
            opening = None
    return tuple(found)


def _filled(band: Band, group: Sequence[Block], render: RenderBlock) -> Band:
    """*band* with what *group* holds."""
    match group:
        case [Block(own_band=True) as block]:
            return replace(band, own=_own(block, render))
        case [Story() as story, Figure() as lead, *rest]:
            opening = render(story, lead=lead)
            return replace(band, opening=opening, runs=runs(rest, render))
        case [Story() as story, *rest]:
            return replace(band, opening=render(story), runs=runs(rest, render))
        case _:
            return replace(band, runs=runs(group, render))


def _own(block: Block, render: RenderBlock) -> Markup:
    match block:
        case Box():
            inner = runs(block.blocks, render, inside=block.name)
        case Sponsor():
            inner = runs(block.blocks, render, inside=block.kind)
        case _:
            inner = ()
    return render(block, runs=inner)


def _parts(edition: Edition) -> Iterator[tuple[Section | None, Sequence[Block]]]:
    if edition.preface:
        yield None, edition.preface
    for section in edition.sections:
        yield section, section.blocks


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """The blocks of each band: one that makes its own, or others that share one.

    A section that begins with a band of its own, or with a story, still opens with an
    empty band, which carries its title.
    """
    group: list[Block] = []
    for block in blocks:
        after_own = bool(group) and group[0].own_band
        if block.own_band or isinstance(block, Story) or after_own:
            yield group
            group = [block]
        else:
            group.append(block)
    yield group
