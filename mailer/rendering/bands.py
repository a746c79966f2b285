"""How an edition's blocks fall into chapters, and chapters into bands.

A chapter is the preface or a section. Its ordinary blocks share a band; a story begins
a band, so that a theme can make cards of stories; a box, an advertiser, a poll, the
subscribe card, and whatever the theme gives a ground to, make a band of their own, in
the order of the source. Blocks that share a band share one element of the mail: that
is the whole size budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from mailer.edition.blocks import (
    Block,
    Box,
    Custom,
    Emphasis,
    Figure,
    Inlines,
    Paragraph,
    Quote,
    Sponsor,
    Story,
)
from mailer.edition.model import Edition, Section
from mailer.rendering.theme import Ground, Theme

RenderBlock = Callable[..., Markup]

_SNIPPETS = "snippets/"  # the folder whose lines come from elsewhere than the edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of a chapter on one ground.

    ``own`` is the finished band of a block that makes its own. Else ``content`` is the
    prose, below ``story`` and ``lead``: the title that opens the band, and the picture
    right under it if there is one.
    """

    own: Markup | None = None
    story: Story | None = None
    lead: Figure | None = None
    content: Markup = field(default_factory=Markup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What the preface says after its introduction, or a section: its ground, its bands.

    Only the preface has no ``section``; ``first`` is True for the first section.
    """

    section: Section | None
    first: bool
    on: Ground
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """An edition laid out: the prose below its title, then chapter by chapter."""

    introduction: Markup
    chapters: tuple[Chapter, ...]


def lay_out(edition: Edition, render: RenderBlock, theme: Theme) -> Body:
    """The body of *edition*, every block rendered for the ground it stands on."""
    paper = theme.ground()
    preface = [
        _band(group, render, theme, paper)
        for group in _groups(edition.preface, theme)
        if group
    ]
    introduction = Markup()
    if preface and not (preface[0].own or preface[0].story):
        introduction = preface.pop(0).content
    chapters = [
        _chapter(section, render, theme, first=section is edition.sections[0])
        for section in edition.sections
    ]
    if preface:
        before = Chapter(section=None, first=False, on=paper, bands=tuple(preface))
        chapters.insert(0, before)
    return Body(introduction, tuple(chapters))


def _chapter(
    section: Section, render: RenderBlock, theme: Theme, *, first: bool
) -> Chapter:
    on = theme.ground(*section.classes)
    bands = tuple(
        _band(group, render, theme, on) for group in _groups(section.blocks, theme)
    )
    return Chapter(section=section, first=first, on=on, bands=bands)


def _band(
    group: Sequence[Block], render: RenderBlock, theme: Theme, on: Ground
) -> Band:
    """The band that *group* makes on the ground *on*."""
    match group:
        case [block] if _is_own(block, theme):
            return Band(own=_own(block, render, theme))
        case [Story() as story, Figure(video=False) as lead, *rest]:
            return Band(story=story, lead=lead, content=_prose(rest, render, on=on))
        case [Story() as story, *rest]:
            return Band(story=story, content=_prose(rest, render, on=on))
        case _:
            return Band(content=_prose(group, render, on=on))


def _own(block: Block, render: RenderBlock, theme: Theme) -> Markup:
    """*block* in a band of its own, what stands in it rendered for its ground."""
    on = theme.ground(*_names(block))
    match block:
        case Box() | Custom():
            content = _prose(block.blocks, render, on=on, inside=block.name)
            return render(block, on=on, content=content)
        case Sponsor():
            words, coda = _parted(block)
            content = _prose(words, render, on=on, inside=block.kind)
            return render(block, on=on, content=content, coda=coda)
        case _:
            return render(block, on=on)


def _parted(sponsor: Sponsor) -> tuple[Sequence[Block], Inlines]:
    """What an advertiser says, and apart from it the deadline: last, in italics."""
    match sponsor.blocks:
        case (*words, Paragraph(content=(Emphasis(children=coda),))) if words:
            return words, coda
        case words:
            return words, ()


def _prose(
    blocks: Sequence[Block], render: RenderBlock, *, on: Ground, inside: str = ""
) -> Markup:
    """*blocks*, rendered and joined.

    Each is told its ground, the kinds beside it, and the box it stands *inside* of.
    """
    kinds = ["", *(block.kind for block in blocks), ""]
    written = Markup()
    for block, before, after in zip(blocks, kinds, kinds[2:], strict=False):
        told: dict[str, object] = {"before": before, "after": after, "inside": inside}
        if isinstance(block, Custom):
            told["content"] = _prose(block.blocks, render, on=on, inside=block.name)
        written += render(block, on=on, **told)
    return written


def _groups(blocks: Sequence[Block], theme: Theme) -> Iterator[list[Block]]:
    """The blocks of each band: one that makes its own, or others that share one.

    A section that begins with a band of its own, or with a story, still opens with an
    empty band, which carries its title; the preface has none.
    """
    group: list[Block] = []
    alone = False
    for block in blocks:
        own = _is_own(block, theme)
        if own or alone or isinstance(block, Story):
            yield group
            group = [block]
        else:
            group.append(block)
        alone = own
    yield group


def _is_own(block: Block, theme: Theme) -> bool:
    """Whether *block* makes a band of its own: by nature, or in this theme."""
    return block.own_band or any(name in theme.bands for name in _names(block))


def _names(block: Block) -> tuple[str, ...]:
    """What a theme may call *block* when it gives it a ground."""
    match block:
        case Box():
            return block.name, block.kind
        case Custom():
            return (block.name,)
        case Quote(epigraph=True):
            return ("epigraph",)
        case Paragraph() if block.at.file.startswith(_SNIPPETS):
            return ("snippet",)
        case _:
            return (block.kind,)
