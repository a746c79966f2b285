"""Blocks, the smallest things that render, and the inlines they are made of.

A new kind of block is one class here, one clause in ``prose`` or one row in
``directives``, and three templates in the theme, found by ``Block.template``:
``blocks/<kind>.mjml.j2``, ``.html.j2``, ``.txt.j2``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Source:
    """Where a node was written: file, line and column, counted from 1; 0 is unknown."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


# -- inlines: what stands inside a line ---------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words, as typed; a soft line break is a space. Never markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Literal text: typography never touches it."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """A forced line break."""


@dataclass(frozen=True, slots=True)
class Strong:
    """``**bold**``."""

    children: Inlines


@dataclass(frozen=True, slots=True)
class Emphasis:
    """``*italics*``."""

    children: Inlines


@dataclass(frozen=True, slots=True)
class Link:
    """``[words](href)``: http, https or mailto, or a placeholder."""

    href: str
    children: Inlines
    at: Source


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A per-reader hole typed by the editor, ``{{ name }}``; see ``personalise``."""

    name: str


Inline = Text | Code | Break | Strong | Emphasis | Link | Placeholder
Inlines = tuple[Inline, ...]
Showing = Literal["always", "end", "never"]


def plain(inlines: Inlines) -> str:
    """The words alone, without marks: for identifiers, comparisons and outlines."""
    words = []
    for node in inlines:
        match node:
            case Text(text) | Code(text):
                words.append(text)
            case Break():
                words.append(" ")
            case Strong(children) | Emphasis(children) | Link(children=children):
                words.append(plain(children))
            case Placeholder(name):
                words.append(f"{{{{ {name} }}}}")
    return "".join(words)


# -- blocks -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The root of every block.

    ``own_band`` is True for blocks that leave the section's band and make their own.
    """

    kind: ClassVar[str] = ""
    own_band: ClassVar[bool] = False
    at: Source

    def __init_subclass__(cls) -> None:
        # Not super(): slots=True makes a second class and breaks the zero-argument form.
        cls.kind = cls.__name__.lower()

    @property
    def template(self) -> str:
        """Under which name its three templates go."""
        return self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph(Block):
    """Prose."""

    content: Inlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting(Block):
    """The first paragraph wholly in bold, before the first section."""

    content: Inlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Story(Block):
    """``## Title {emoji="🚲"}``. ``number`` is given by the cut, in numbered sections."""

    title: Inlines
    id: str
    emoji: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subhead(Block):
    """``### Title``."""

    title: Inlines
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Block):
    """``**Label :** text``, or ``**Label**`` alone above what it announces.

    ``name`` is the label without its colon; ``style`` is what the publication's
    ``labels`` table gives that text: ``summary``, ``list``, ``takeaway`` or empty.
    """

    name: Inlines
    content: Inlines = ()
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief(Block):
    """``- **Slug** • text``."""

    slug: Inlines
    content: Inlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Block):
    """``- **FLAG : title.** text``, the flag being one of the publication's."""

    flag: str
    title: Inlines
    content: Inlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a list, with the lists nested in it."""

    at: Source
    content: Inlines
    lists: tuple[List, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class List(Block):
    """Bullets, or numbers counted from ``start``."""

    items: tuple[Item, ...]
    ordered: bool = False
    start: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: its main words and, after ``<br>``, a second quieter line."""

    main: Inlines
    sub: Inlines = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Block):
    """A head, rows of as many cells, and per column ``left``, ``center`` or ``right``."""

    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    align: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Block):
    """``---``: a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Block):
    """A quotation, one Inlines per paragraph, with its source if the last line names it.

    Before the first section it is the epigraph.
    """

    paragraphs: tuple[Inlines, ...]
    source: Inlines = ()
    epigraph: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Block):
    """A picture alone in its paragraph; ``src`` names a file beside the edition.

    ``video`` asks for a play badge drawn into the picture.
    """

    src: str
    alt: str
    caption: Inlines = ()
    href: str = ""
    video: bool = False

    @property
    def picture(self) -> str:
        """Under which name its prepared picture goes; with a badge it is another."""
        return f"{self.src}#video" if self.video else self.src


@dataclass(frozen=True, slots=True, kw_only=True)
class Button(Block):
    """``[Words](href){.button}`` alone in its paragraph."""

    words: Inlines
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box(Block):
    """``::: box note|teaser|…``: a notice, a teaser for members, a call-out.

    ``name`` is its first argument, ``title`` its own ``##`` heading if it has one.
    """

    own_band: ClassVar[bool] = True
    name: str
    only: str = ""
    title: Inlines = ()
    blocks: tuple[Block, ...] = ()
    button: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsor(Block):
    """``::: sponsor``: an advertiser's band, always labelled with ``by``.

    ``until`` is the last day of the offer; ``label`` says what it is, an ``ad`` or the
    words of a ``partner``.
    """

    own_band: ClassVar[bool] = True
    by: str
    until: date | None = None
    href: str = ""
    button: str = ""
    rel: str = "sponsored"
    label: str = "ad"
    title: Inlines = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Only(Block):
    """``::: only``: blocks for one audience or channel; the cut unfolds or drops it."""

    audience: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll(Block):
    """``::: poll ID``: a question and choices; ``until`` is the last day to answer.

    A choice is known by its place, counted from 1: ``{{ poll_url }}/ID/PLACE``. What
    ``results`` and ``anonymous`` mean is said by ``ballot.Ballot``.
    """

    own_band: ClassVar[bool] = True
    id: str
    question: Inlines
    choices: tuple[Inlines, ...]
    until: date | None = None
    results: Showing = "always"
    anonymous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom(Block):
    """``::: NAME argument {attributes}``, where the theme has ``blocks/NAME.*.j2``.

    What argument, attributes and body mean, its templates know alone.
    """

    name: str
    argument: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    title: Inlines = ()
    blocks: tuple[Block, ...] = ()

    @property
    def template(self) -> str:
        """Its own name: the theme brings the templates."""
        return self.name

    @property
    def only(self) -> str:
        """For whom alone it is, if ``only=`` says so: the cut heeds it on any block."""
        return self.said("only")

    @property
    def table(self) -> Table | None:
        """Its first table, for what is drawn from numbers."""
        return next((b for b in self.blocks if isinstance(b, Table)), None)

    def said(self, key: str) -> str:
        """What the attribute *key* says; empty if it was not given."""
        return self.attributes.get(key, "")


@dataclass(frozen=True, slots=True)
class TocEntry:
    """One line of the contents, filled in by the cut from the stories that remain."""

    title: Inlines
    id: str
    emoji: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Toc(Block):
    """``::: toc``: one line per story."""

    title: Inlines = ()
    entries: tuple[TocEntry, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature(Block):
    """``::: signature KEY``: name, photo and invitation come from ``authors.toml``."""

    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paywall(Block):
    """``<!--members-->``: the rest of the section is for members.

    In the tree as written it marks the place; after the cut it stands, for free
    readers only, where the subscribe card goes.
    """

    own_band: ClassVar[bool] = True


SPOKEN = frozenset({"alt", "argument", "button", "by"})
"""Fields that readers see as words although they are plain strings."""

UNSPOKEN = frozenset({"href", "id", "class", "only"})
"""Attributes of a theme's block that are no words."""
