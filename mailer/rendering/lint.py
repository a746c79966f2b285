"""A linter for the MJML of themes, because mrml has none.

mrml passes an unknown tag on to the reader and drops an unknown attribute in silence.
Templates are read as they were written, so that a finding names template and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.errors import Finding
from mailer.phrases import Phrase, say

_SUFFIX = ".mjml.j2"
_FORBIDDEN = frozenset(
    "script iframe object embed form input video audio svg canvas".split()
)

_SIDES = ("top", "right", "bottom", "left")
_BOX = {"css-class", "padding", *(f"padding-{side}" for side in _SIDES)}
_BORDER = {"border", "border-radius", *(f"border-{side}" for side in _SIDES)}
_FONT = {f"font-{what}" for what in ("family", "size", "style", "weight")}
_TYPE = _FONT | {"color", "line-height", "letter-spacing", "text-decoration"}
_LINK = {"href", "rel", "target", "name"}
_PLACED = {"align", "container-background-color"}


@dataclass(frozen=True, slots=True)
class _Element:
    """Where an element may stand, and what it may be told."""

    parent: str
    attributes: frozenset[str] | set[str] = frozenset()


_CONTENT = "mj-column"
_ELEMENTS = {
    "mjml": _Element("", {"lang", "dir"}),
    "mj-head": _Element("mjml"),
    "mj-title": _Element("mj-head"),
    "mj-attributes": _Element("mj-head"),
    "mj-all": _Element("mj-attributes", _BOX | _TYPE),
    "mj-breakpoint": _Element("mj-head", {"width"}),
    "mj-style": _Element("mj-head"),
    "mj-raw": _Element("*"),
    "mj-body": _Element("mjml", {"width", "background-color", "css-class"}),
    "mj-section": _Element(
        "mj-body", _BOX | _BORDER | {"background-color", "text-align", "direction"}
    ),
    "mj-column": _Element(
        "mj-section", _BOX | _BORDER | {"background-color", "vertical-align", "width"}
    ),
    "mj-text": _Element(_CONTENT, _BOX | _TYPE | _PLACED),
    "mj-image": _Element(
        _CONTENT,
        _BOX | _BORDER | _LINK | _PLACED | {"src", "alt", "width", "font-size"},
    ),
    "mj-button": _Element(
        _CONTENT,
        _BOX
        | _BORDER
        | _TYPE
        | _LINK
        | _PLACED
        | {"background-color", "inner-padding", "width"},
    ),
    "mj-divider": _Element(
        _CONTENT,
        _BOX | _PLACED | {"border-color", "border-style", "border-width", "width"},
    ),
    "mj-spacer": _Element(_CONTENT, _BOX | {"height", "container-background-color"}),
}

_TOKEN = re.compile(
    r"\{%-?\s*(?P<edge>call|macro|endcall|endmacro)\b.*?%\}"
    r"|\{#.*?#\}|\{%.*?%\}"
    r"|<(?P<close>/?)(?P<tag>[A-Za-z][\w-]*)"
    r"(?P<attributes>(?:\{\{.*?\}\}|\{%.*?%\}|\"[^\"]*\"|'[^']*'|[^<>\"'])*)>",
    re.DOTALL,
)
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_NAME = re.compile(r"""([^\s=<>/"']+)\s*=\s*(?:"[^"]*"|'[^']*')""")


def lint(templates: Mapping[str, str]) -> Iterator[Finding]:
    """What is wrong with the MJML of *templates*, in order of name and line."""
    for name in sorted(templates):
        if name.endswith(_SUFFIX):
            yield from _lint(name, templates[name])


def _lint(name: str, text: str) -> Iterator[Finding]:
    # Elements that are open; None where a macro begins, whose place is its caller's.
    stack: list[str | None] = []
    for token in _TOKEN.finditer(text):
        line = text.count("\n", 0, token.start()) + 1
        match token["edge"]:
            case "call" | "macro":
                stack.append(None)
            case "endcall" | "endmacro":
                stack.pop()
            case None if token["tag"]:
                for message in _judged(token, stack):
                    yield _finding(name, line, message)


def _judged(token: re.Match[str], stack: list[str | None]) -> Iterator[Phrase]:
    """Faults of one tag; *stack* is kept up to date."""
    tag = token["tag"].lower()
    if tag in _FORBIDDEN:
        yield say("<{tag}> does not work in mail", tag=tag)
    if not tag.startswith("mj"):
        return
    element = _ELEMENTS.get(tag)
    if element is None:
        yield say("unknown or unwanted element <{tag}>", tag=tag)
        return
    if token["close"]:
        if not stack or stack.pop() != tag:
            yield say("</{tag}> closes what was not opened", tag=tag)
        return
    parent = stack[-1] if stack else None
    if parent and element.parent not in ("*", parent):
        yield say("<{tag}> cannot stand in <{parent}>", tag=tag, parent=parent)
    plain = _JINJA.sub(" ", token["attributes"])
    told = {match[1] for match in _NAME.finditer(plain)}
    for attribute in sorted(told - element.attributes):
        yield say("<{tag}> takes no {attribute}", tag=tag, attribute=attribute)
    if tag == "mj-image" and "alt" not in told:
        yield say("<mj-image> needs alt")
    if not plain.rstrip().endswith("/"):
        stack.append(tag)


def _finding(name: str, line: int, message: Phrase) -> Finding:
    return error("theme-mjml", Source(name, line), message)
