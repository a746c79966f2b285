"""From markdown-it's inline tokens to our inlines; raw HTML stops here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from mailer.edition.blocks import (
    Break,
    Code,
    Emphasis,
    Inline,
    Inlines,
    Link,
    Placeholder,
    Source,
    Strong,
    Text,
)
from mailer.edition.characters import unwritable
from mailer.edition.reading.notes import Notes
from mailer.phrases import NOTHING, did_you_mean, say

PLACEHOLDERS = frozenset(
    [
        "email",
        "name",
        "web_url",
        "unsubscribe_url",
        "preferences_url",
        "poll_url",
        "subscribe_url",
        "archive_url",
    ]
)
"""What an editor may write between double braces."""

_HOLE = re.compile(r"\{\{([^{}]*)\}\}")
_HIDDEN = re.compile(r"\{\{ [a-z_]+ \}\}")  # as renderings write them
_HOLE_TARGET = re.compile(r"\{\{\s*(\w*)\s*\}\}(\S*)")
_HOLE_LINK = re.compile(r"\]\(\s*<?\{\{\s*(\w*)\s*\}\}([^\s)>]*)>?\s*\)")
_HOLE_SCHEME = "placeholder:"
_HOLE_ENCODED = "%7B%7B"  # what Markdown makes of braces inside an address
_SCHEMES = re.compile(
    r"(https?://[^\s/?#\"<>]+[^\s\"<>]*|mailto:[^\s@]+@[^\s@\"<>]+)", re.IGNORECASE
)
_LINE_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_ALMOST_MEMBERS = re.compile(r"<!--\s*(members?|membres?)\s*-->", re.IGNORECASE)
_MARKERS = frozenset("•:—–#")
"""What a backslash before it makes an ordinary sign: no brief, label or source."""


def shelter_links(markdown: str) -> str:
    """``[words]({{ web_url }})`` written so that Markdown takes it for a link."""
    return _HOLE_LINK.sub(rf"]({_HOLE_SCHEME}\1\2)", markdown)


@dataclass(slots=True)
class InlineReader:
    """Reads the children of one inline token, which begins at line ``first``.

    ``escaped`` tells afterwards that a marker was written with a backslash.
    """

    notes: Notes
    first: int
    escaped: bool = False

    def read(self, tokens: Sequence[Token]) -> Inlines:
        """The tokens as a tuple of inlines, neighbouring words joined."""
        line = self.first
        nodes, _ = self._run(list(tokens), 0, "")
        if hidden := _HIDDEN.search("".join(_signs(nodes))):
            message = say("{hole} would be filled in all the same", hole=hidden[0])
            hint = say("leave out a brace of each pair, or the backslashes")
            self.notes.error("placeholder-left", self.notes.at(line), message, hint)
        return nodes

    def href(self, raw: str, line: int) -> str:
        """A link's target, if a mail may hold it; else a finding and ``#``."""
        at = self.notes.at(line, raw)
        if raw.startswith(_HOLE_SCHEME):
            name = re.match(r"\w*", raw.removeprefix(_HOLE_SCHEME))
            word = name[0] if name else ""
            self._check_placeholder(word, at)
            rest = raw.removeprefix(_HOLE_SCHEME + word)
            return f"{{{{ {word} }}}}{rest}"
        if hole := _HOLE_TARGET.fullmatch(raw):
            self._check_placeholder(hole[1], at)
            return f"{{{{ {hole[1]} }}}}{hole[2]}"
        if _HOLE_ENCODED in raw:
            message = say("a placeholder cannot stand inside an address")
            self.notes.error("link-syntax", at, message, say("it can be the address"))
            return "#"
        if not _SCHEMES.fullmatch(raw):
            hint = say("a full address: https://…, or mailto:…")
            shown = raw or say("nothing")
            self.notes.error(
                "link-syntax",
                at,
                say("a link cannot lead to {shown}", shown=shown),
                hint,
            )
            return "#"
        return raw

    def _run(
        self, tokens: list[Token], start: int, closing: str
    ) -> tuple[Inlines, int]:
        """Inlines from *start* to the token of type *closing*, and where it stands."""
        nodes: list[Inline] = []
        at = start
        while at < len(tokens):
            token = tokens[at]
            if token.type == closing:
                break
            match token.type:
                case "text":
                    nodes += self._words(token.content)
                case "text_special":
                    nodes.append(self._special(token))
                case "softbreak":
                    self.first += 1
                    nodes.append(Text(" "))
                case "hardbreak":
                    self.first += 1
                    nodes.append(Break())
                case "code_inline":
                    nodes.append(Code(token.content))
                case "strong_open":
                    inner, at = self._run(tokens, at + 1, "strong_close")
                    nodes.append(Strong(inner))
                case "em_open":
                    inner, at = self._run(tokens, at + 1, "em_close")
                    nodes.append(Emphasis(inner))
                case "link_open":
                    line = self.first
                    self._check_attributes(token, line)
                    inner, at = self._run(tokens, at + 1, "link_close")
                    href = self.href(str(token.attrs.get("href", "")), line)
                    nodes.append(Link(href, inner, self.notes.at(line)))
                case _:
                    self._refuse(token)
            at += 1
        return joined(nodes), at

    def _words(self, text: str) -> list[Inline]:
        """Words and the placeholders between them."""
        found: list[Inline] = []
        end = 0
        for match in _HOLE.finditer(text):
            found.append(Text(text[end : match.start()]))
            name = match[1].strip()
            self._check_placeholder(name, self.notes.at(self.first, match[0]))
            found.append(Placeholder(name))
            end = match.end()
        found.append(Text(text[end:]))
        return found

    def _special(self, token: Token) -> Inline:
        """A sign after a backslash, or written as ``&eacute;``."""
        words = token.content
        if token.info == "escape" and words[-1:] in _MARKERS:
            # Beyond ASCII, Markdown leaves the backslash before the sign.
            self.escaped, words = True, words[-1]
        if fault := unwritable(token.content):
            at = self.notes.at(self.first)
            self.notes.error(
                "encoding-c1", at, fault, say("written {markup}", markup=token.markup)
            )
        return Text(words)

    def _check_placeholder(self, name: str, at: Source) -> None:
        if name not in PLACEHOLDERS:
            hint = did_you_mean(name, PLACEHOLDERS)
            message = say("nothing fills {{ {name} }}", name=name)
            self.notes.error("placeholder-left", at, message, hint)

    def _check_attributes(self, link: Token, line: int) -> None:
        """A link inside words is a link and nothing else."""
        if title := str(link.attrs.get("title", "")):
            message = say("the title of a link is not shown: {title}", title=title)
            at = self.notes.at(line, title)
            self.notes.warn("link-title", at, message, say("write it as words"))
        classes = str(link.attrs.get("class", "")).split()
        said = link.attrs.keys() - {"href", "title", "class"}
        for name in (*(f".{each}" for each in classes), *sorted(said)):
            hint = did_you_mean(name.lstrip("."), ["button"])
            message = say("a link inside a paragraph takes no {name}", name=name)
            if name == ".button":
                hint, message = NOTHING, say("a button stands alone in its paragraph")
            self.notes.error("link-class", self.notes.at(line, name), message, hint)

    def _refuse(self, token: Token) -> None:
        if token.type == "image":
            message = say("a picture stands alone in its paragraph")
            hint = say("an empty line before and after it")
            at = self.notes.at(self.first, "![")
            self.notes.error("image-inline", at, message, hint)
            return
        refuse_html(token.content.strip(), self.first, self.notes)


def refuse_html(content: str, line: int, notes: Notes) -> None:
    """Say at *line* that HTML is no text, and what to write instead."""
    shown = content.splitlines()[0][:40]
    hint = say("Markdown says everything an edition needs")
    if _LINE_BREAK.match(content):
        hint = say("a backslash at the end of a line breaks it")
    elif _ALMOST_MEMBERS.match(content):
        hint = say("<!--members--> stands alone on its line")
    elif content.startswith("<!--"):
        hint = say("a remark goes into a file whose name begins with _")
    message = say("raw HTML is refused: {content}", content=shown)
    notes.error("html-raw", notes.at(line, shown), message, hint)


def _signs(nodes: Sequence[Inline]) -> Iterator[str]:
    """The words of *nodes* without their marks; real placeholders are no words."""
    for node in nodes:
        match node:
            case Text(text) | Code(text):
                yield text
            case Strong(children) | Emphasis(children) | Link(children=children):
                yield from _signs(children)
            case _:
                yield "\n"


def joined(nodes: Sequence[Inline]) -> Inlines:
    """Neighbouring Texts as one, empty ones gone, no space at either end."""
    merged: list[Inline] = []
    for node in nodes:
        match merged[-1:], node:
            case _, Text(""):
                continue
            case [Text(before)], Text(text):
                merged[-1] = Text(before + text)
            case _:
                merged.append(node)
    return tuple(merged)


def stripped(nodes: Inlines) -> Inlines:
    """*nodes* without space at the beginning and the end."""
    trimmed = list(nodes)
    if trimmed and isinstance(trimmed[0], Text):
        trimmed[0] = Text(trimmed[0].text.lstrip())
    if trimmed and isinstance(trimmed[-1], Text):
        trimmed[-1] = Text(trimmed[-1].text.rstrip())
    return joined(trimmed)
