"""French and English typography, set at render: the source stays as typed.

Works on the words of a whole line, across its marks, so that a space before a colon
is found even where bold ends before it. Code, links' targets and file names are never
touched; setting twice changes nothing.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from mailer.edition.model import Cover, Edition, Section

T = TypeVar("T")

_WIDE = "\u00a0"
_NARROW = "\u202f"
_SPACES = " \u00a0\u202f"
_AFTER_SPACE = "»:;!?"
_HOLE = "\ufffc"  # stands for what is not words: a code, a break, a placeholder

_UNITS = (
    r"(?:€|\$|£|%|‰|°C|°|km/h|km|m²|m³|m|cm|mm|kg|mg|g|t|l|cl|ml|kWh|MWh|GWh|MW|GW|kW|W"
    r"|Mo|Go|To|ko|Ko|h|min|s|M€|Md€|k€|millions?|milliards?|ans?)"
)
_MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
_FRENCH: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\.{3}"), "…"),
    (re.compile(r"(?<=\w)'(?=\w)"), "’"),
    (re.compile(rf'(?:(?<=^)|(?<=[\s(\[{_HOLE}]))"(?=\S)'), "« "),
    (re.compile(r'(?<=\S)"(?=[\s,.;:!?)\]…»]|$)'), " »"),
    (re.compile(rf"(?<=«)[{_SPACES}]*(?=\S)"), _WIDE),
    (re.compile(rf"(?<=\S)[{_SPACES}]*(?=»)"), _WIDE),
    (re.compile(rf"(?<=[^\s:])[{_SPACES}]+(?=:(?:\s|$))"), _WIDE),
    (re.compile(rf"(?<=[^\W\d_])(?=:[{_SPACES}])"), _WIDE),
    (re.compile(rf"(?<=\S)[{_SPACES}]+(?=[;!?])"), _NARROW),
    (re.compile(rf"(?<=\w)(?=[;!?]+(?:[{_SPACES}»)]|$))"), _NARROW),
    (re.compile(r" [–—]( )[^–—.!?]*( )[–—](?=[ ,.;:!?)]|$)"), _WIDE),
    (re.compile(r"(?<=\d)[ \u00a0](?=\d{3}(?!\d))"), _NARROW),
    (re.compile(rf"(?<=\d) (?={_UNITS}(?!\w))"), _WIDE),
    (re.compile(r"\b(?:n°|N°|p\.|art\.|chap\.|M\.|Mme|Dr)( )(?=[\dA-ZÀ-Ý])"), _WIDE),
    (re.compile(rf"\b(?:\d{{1,2}}|1er)( )(?={_MONTHS})"), _WIDE),
)
"""What is found, or its groups where it has some, becomes what stands beside it."""
_ENGLISH: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\.{3}"), "…"),
    (re.compile(r"(?<=\w)'(?=\w)"), "’"),
    (re.compile(rf'(?:(?<=^)|(?<=[\s(\[{_HOLE}]))"(?=\S)'), "“"),
    (re.compile(r'(?<=\S)"(?=[\s,.;:!?)\]…]|$)'), "”"),
    (re.compile(rf"(?<=\d) (?={_UNITS}(?!\w))"), _WIDE),
)
_RULES = {"fr": _FRENCH, "en": _ENGLISH}


def set_text(text: str, style: str) -> str:
    """*text* set in *style*: ``fr``, ``en``, or empty for as typed."""
    return _set(text, style)[0]


def set_edition(edition: Edition, style: str) -> Edition:
    """*edition* with all its words set in *style*."""
    if style not in _RULES:
        return edition
    setter = _Setter(style)
    cover = edition.cover
    return replace(
        edition,
        title=set_text(edition.title, style),
        subject=set_text(edition.subject, style),
        subtitle=set_text(edition.subtitle, style),
        preheader=set_text(edition.preheader, style),
        summary=tuple(set_text(line, style) for line in edition.summary),
        cover=cover
        and Cover(
            src=cover.src,
            alt=set_text(cover.alt, style),
            credit=set_text(cover.credit, style),
        ),
        preface=setter.value(edition.preface),
        sections=setter.value(edition.sections),
    )


_INLINES = (Text, Code, Break, Strong, Emphasis, Link, Placeholder)


class _Setter:
    """Rebuilds a tree with its words set."""

    def __init__(self, style: str) -> None:
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
                    key: said if key in UNSPOKEN else set_text(said, self.style)
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
            new = set_text(old, self.style) if field.name in SPOKEN else self.value(old)
            if new is not old:
                changed[field.name] = new
        return replace(node, **changed) if changed else node

    def inlines(self, nodes: Inlines) -> Inlines:
        """One line: set as a whole, then dealt back to the nodes it came from."""
        before = "".join(_leaves(nodes))
        after, owners = _set(before, self.style)
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
                found.append(_HOLE)
    return found


def _set(text: str, style: str) -> tuple[str, list[int]]:
    """*text* set, and of each of its letters, which letter of *text* it stands for."""
    owners = list(range(len(text)))
    before = None
    while before != text:  # one rule's result may be another's beginning
        before = text
        for pattern, better in _RULES.get(style, ()):
            text, owners = _applied(pattern, better, text, owners)
    return text, owners


def _applied(
    pattern: re.Pattern[str], better: str, text: str, owners: list[int]
) -> tuple[str, list[int]]:
    pieces: list[str] = []
    kept: list[int] = []
    end = 0
    for match in pattern.finditer(text):
        for group in range(1, pattern.groups + 1) or (0,):
            start, stop = match.span(group)
            # A space put in goes with the sign that asks for it, not with the word.
            is_before = start == stop and text[start] not in _AFTER_SPACE
            owner = owners[start - 1 if is_before else start]
            pieces += text[end:start], better
            kept += *owners[end:start], *[owner] * len(better)
            end = stop
    pieces.append(text[end:])
    kept += owners[end:]
    return "".join(pieces), kept
