"""What a paragraph or a list item becomes by its looks alone.

Every recognition can be turned off by ``{.plain}`` or a backslash; what almost looks
like one is told by ``doubt``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailer.edition.blocks import (
    Break,
    Brief,
    Emphasis,
    Flag,
    Inlines,
    Label,
    Link,
    Source,
    Strong,
    Text,
    plain,
)
from mailer.edition.reading.inlines import joined, stripped

BULLET = "•"
_STRAPBULLETS = 2
_SOURCE_DASHES = ("— ", "– ", "―", "-- ")


def is_strap(content: Inlines) -> bool:
    """``A • B • C``: words and links, two bullets or more, no final full stop."""
    words = plain(content).strip()
    return (
        words.count(BULLET) >= _STRAPBULLETS
        and not words.endswith(".")
        and not words.startswith(BULLET)
        and all(isinstance(node, (Text, Link)) for node in content)
    )


def as_standfirst(content: Inlines) -> Inlines | None:
    """The words of a paragraph wholly in italics."""
    match content:
        case (Emphasis(children),):
            return children
    return None


def as_greeting(content: Inlines) -> Inlines | None:
    """The words of a paragraph wholly in bold."""
    match content:
        case (Strong(children),):
            return children
    return None


def as_label(content: Inlines, at: Source, styles: Mapping[str, str]) -> Label | None:
    """``**Label**`` alone, or ``**Label :** text``."""
    match content:
        case (Strong(name),):
            return _label(name, (), at, styles)
        case (Strong(name), *rest) if plain(name).rstrip().endswith(":"):
            return _label(name, stripped(tuple(rest)), at, styles)
    return None


def as_brief(content: Inlines, at: Source) -> Brief | None:
    """``**Slug** • text``."""
    match content:
        case (Strong(slug), Text(text), *rest) if text.lstrip().startswith(BULLET):
            words = text.lstrip().removeprefix(BULLET)
            return Brief(at=at, slug=slug, content=stripped((Text(words), *rest)))
    return None


def as_flag(content: Inlines, at: Source, flags: Sequence[str]) -> Flag | None:
    """``**FLAG : title.** text``, FLAG being one of the publication's."""
    match content:
        case (Strong((Text(head), *title)), *rest):
            head = unicodedata.normalize("NFC", head)
            for flag in flags:
                pattern = rf"\s*{_loosely(flag)}\s*:\s*"
                if found := re.match(pattern, head, re.IGNORECASE):
                    words = (Text(head[found.end() :]), *title)
                    return Flag(
                        at=at,
                        flag=flag,
                        title=stripped(words),
                        content=stripped(tuple(rest)),
                    )
    return None


@dataclass(frozen=True, slots=True)
class Quoted:
    """The paragraphs of a quotation and its source, if its last line names one."""

    paragraphs: tuple[Inlines, ...]
    source: Inlines = ()


def split_source(lines: Sequence[Sequence[Inlines]]) -> Quoted:
    """Paragraphs given as lines; a last line that begins with a dash is the source."""
    paragraphs = [list(paragraph) for paragraph in lines if paragraph]
    source: Inlines = ()
    if paragraphs and plain(paragraphs[-1][-1]).lstrip().startswith(_SOURCE_DASHES):
        source = _without_dash(paragraphs[-1].pop())
    kept = [p for p in paragraphs if p]
    return Quoted(
        tuple(stripped(_one(paragraph)) for paragraph in kept), stripped(source)
    )


def _one(lines: Sequence[Inlines]) -> Inlines:
    *lines, last = lines
    words = last[:-1] if last[-1:] == (Break(),) else last
    return joined([node for line in (*lines, words) for node in line])


def _without_dash(line: Inlines) -> Inlines:
    match line:
        case (Text(text), *rest):
            return (Text(text.lstrip().lstrip("—–―- ")), *rest)
    return line


def _label(
    name: Inlines, content: Inlines, at: Source, styles: Mapping[str, str]
) -> Label:
    bare = _without_colon(name)
    known = {folded(text): style for text, style in styles.items()}
    style = known.get(folded(plain(bare)), "")
    return Label(at=at, name=bare, content=content, style=style)


def _without_colon(name: Inlines) -> Inlines:
    match name:
        case (*first, Text(text)):
            return stripped((*first, Text(text.rstrip().removesuffix(":"))))
    return name


def folded(text: str) -> str:
    """*text* as labels are compared: any case, space, apostrophe or composition."""
    text = unicodedata.normalize("NFC", text)
    return " ".join(text.replace("'", "’").casefold().split())


def _loosely(flag: str) -> str:
    """*flag* as people type it: any apostrophe, any space."""
    flag = unicodedata.normalize("NFC", flag)
    words = (re.escape(word) for word in flag.replace("'", "’").split())
    return r"\s+".join(words).replace("’", "['’]")
