"""French and English typography, set at render: the source stays as typed.

Works on the words of a whole line, across its marks, so that a space before a colon
is found even where bold ends before it. Code, links' targets and file names are never
touched; setting twice changes nothing.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any, TypeVar

from mailer.edition.blocks import (
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
    (re.compile(rf"«[{_SPACES}]*(?=\S)"), f"«{_WIDE}"),
    (re.compile(rf"(?<=\S)[{_SPACES}]*»"), f"{_WIDE}»"),
    (re.compile(rf"(?<=[^\s{_SPACES}:])[{_SPACES}]+:(?=[{_SPACES}]|$)"), f"{_WIDE}:"),
    (re.compile(rf"(?<=\S)[{_SPACES}]+([;!?])"), f"{_NARROW}\\1"),
    (re.compile(r"(?<=\d)[ \u00a0](?=\d{3}(?!\d))"), _NARROW),
    (re.compile(rf"(?<=\d) (?={_UNITS}(?!\w))"), _WIDE),
    (
        re.compile(r"\b(n°|N°|p\.|art\.|chap\.|M\.|Mme|Dr) (?=[\dA-ZÀ-Ý])"),
        f"\\1{_WIDE}",
    ),
    (re.compile(rf"\b(\d{{1,2}}|1er) (?={_MONTHS})"), f"\\1{_WIDE}"),
)
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
    before = None
    while before != text:  # one rule's result may be another's beginning
        before = text
        for pattern, better in _RULES.get(style, ()):
            text = pattern.sub(better, text)
    return text


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
_WORDS = frozenset({"alt", "button", "by"})
"""Fields that are words although they are plain strings."""


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
            case _ if dataclasses.is_dataclass(value) and hasattr(value, "entries"):
                found = self.node(value)
        result: T = found
        return result

    def node(self, node: Any) -> Any:  # noqa: ANN401 - any dataclass of the tree
        """A block, section, item or cell with every field set that holds words."""
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(node):
            old = getattr(node, field.name)
            new = set_text(old, self.style) if field.name in _WORDS else self.value(old)
            if new is not old:
                changed[field.name] = new
        return replace(node, **changed) if changed else node

    def inlines(self, nodes: Inlines) -> Inlines:
        """One line: set as a whole, then dealt back to the nodes it came from."""
        before = "".join(_leaves(nodes))
        after = set_text(before, self.style)
        if after == before:
            return nodes
        return _Dealer(before, after).deal(nodes)


class _Dealer:
    """Gives each leaf its part of a line that was set as a whole."""

    def __init__(self, before: str, after: str) -> None:
        self._parts = _aligned(before, after)
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


def _aligned(before: str, after: str) -> list[str]:
    """For each letter of *before*, what stands for it in *after*."""
    parts = [""] * len(before)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, b1, b2, a1, a2 in matcher.get_opcodes():
        if tag == "equal":
            parts[b1:b2] = list(after[a1:a2])
        elif b1 < b2:
            parts[b1] = after[a1:a2]
        elif parts:
            parts[max(0, b1 - 1)] += after[a1:a2]
    return parts
