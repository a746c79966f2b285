"""French and English typography, set at render: the source stays as typed.

Works on the words of a whole line, across its marks, so that a space before a colon
is found even where bold ends before it. Code, links' targets and file names are never
touched; setting twice changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from mailer.edition.blocks import (
    SPOKEN,
    UNSPOKEN,
    Block,
    Break,
    Cell,
    Code,
    Emphasis,
    Inline,
    Inlines,
    Item,
    Link,
    Placeholder,
    Strong,
    Text,
)
from mailer.edition.model import Author, Cover, Edition, Publication, Section
from mailer.edition.typesetting import HOLE, NARROW, STYLES, WIDE, set_line

T = TypeVar("T")

SPACES = {"narrow": NARROW, "wide": WIDE}
"""What stands before ``;``, ``!``, ``?`` and between thousands."""


@dataclass(frozen=True, slots=True)
class Style:
    """How words are set: in which language's manner, with which of the two spaces.

    ``manner`` is ``fr``, ``en``, or empty for as typed; ``spaces`` is ``wide`` where
    the fonts lack U+202F.
    """

    manner: str
    spaces: str = "narrow"

    def line(self, text: str) -> tuple[str, list[int]]:
        """*text* set, and of each letter, which letter of *text* it stands for."""
        if self.manner not in STYLES:
            return text, list(range(len(text)))
        found, owners = set_line(text, self.manner)
        return found.replace(NARROW, SPACES[self.spaces]), owners

    def text(self, text: str) -> str:
        """*text* set."""
        return self.line(text)[0]


AS_TYPED = Style("")


def set_edition(edition: Edition, style: Style) -> Edition:
    """*edition* with all its words set in *style*."""
    if not style.manner:
        return edition
    setter = _Setter(style)
    cover = edition.cover
    return replace(
        edition,
        title=style.text(edition.title),
        subject=style.text(edition.subject),
        subtitle=style.text(edition.subtitle),
        preheader=style.text(edition.preheader),
        summary=tuple(style.text(line) for line in edition.summary),
        cover=cover
        and Cover(
            src=cover.src,
            alt=style.text(cover.alt),
            credit=style.text(cover.credit),
        ),
        preface=setter.value(edition.preface),
        sections=setter.value(edition.sections),
    )


def set_publication(publication: Publication, style: Style) -> Publication:
    """*publication* with the words that its readers see set in *style*."""
    return replace(
        publication,
        tagline=style.text(publication.tagline),
        kicker=style.text(publication.kicker),
        welcome=style.text(publication.welcome),
    )


def set_author(author: Author, style: Style) -> Author:
    """*author* with invitation and biography set in *style*."""
    setter = _Setter(style)
    return replace(
        author, invite=setter.value(author.invite), bio=setter.value(author.bio)
    )


_INLINES = (Text, Code, Break, Strong, Emphasis, Link, Placeholder)


class _Setter:
    """Rebuilds a tree with its words set."""

    def __init__(self, style: Style) -> None:
        self.style = style

    def value(self, value: T) -> T:
        found: Any = value
        match value:
            case tuple() if value and all(isinstance(v, _INLINES) for v in value):
                found = self.inlines(value)
            case tuple():
                found = tuple(self.value(item) for item in value)
            case Block() | Section() | Item() | Cell():
                found = self.node(value)
            case Mapping() if value:
                found = {
                    key: said if key in UNSPOKEN else self.style.text(said)
                    for key, said in value.items()
                }
            case _ if dataclasses.is_dataclass(value) and hasattr(value, "entries"):
                found = self.node(value)
        result: T = found
        return result

    def node(self, node: Any) -> Any:  # noqa: ANN401 - any dataclass of the tree
        """A block, section, item or cell with every field set that holds words."""
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(node):
            old = getattr(node, field.name)
            new = self.style.text(old) if field.name in SPOKEN else self.value(old)
            if new is not old:
                changed[field.name] = new
        return replace(node, **changed) if changed else node

    def inlines(self, nodes: Inlines) -> Inlines:
        """One line: set as a whole, then dealt back to the nodes it came from."""
        before = "".join(_leaves(nodes))
        after, owners = self.style.line(before)
        if after == before:
            return nodes
        parts = [""] * len(before)
        for letter, owner in zip(after, owners, strict=True):
            parts[owner] += letter
        return _Dealer(parts).deal(nodes)


class _Dealer:
    """Gives each leaf its part of a line that was set as a whole."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = parts
        self._at = 0

    def deal(self, nodes: Inlines) -> Inlines:
        return tuple(self._node(node) for node in nodes)

    def _node(self, node: Inline) -> Inline:
        match node:
            case Text(text):
                return Text(self._take(len(text)))
            case Strong(children):
                return Strong(self.deal(children))
            case Emphasis(children):
                return Emphasis(self.deal(children))
            case Link(href, children, at):
                return Link(href, self.deal(children), at)
        self._take(1)
        return node

    def _take(self, count: int) -> str:
        taken = self._parts[self._at : self._at + count]
        self._at += count
        return "".join(taken)


def _leaves(nodes: Inlines) -> list[str]:
    """The words of a line; what is not words counts as one sign."""
    found: list[str] = []
    for node in nodes:
        match node:
            case Text(text):
                found.append(text)
            case Strong(children) | Emphasis(children) | Link(children=children):
                found += _leaves(children)
            case _:
                found.append(HOLE)
    return found
