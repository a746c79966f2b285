"""The source as words: what an editor typed, without marks, each letter with its place.

Checks of the text look at the files and not at the tree, so that a finding has a column
and a fix can be made. What is not words (code, addresses, attributes, placeholders,
fences, keys of the front matter) is left out or stands as one sign, ``HIDDEN``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from mailer.edition.blocks import Source
from mailer.edition.reading.frontmatter import split_head

HIDDEN = "\ufffc"
"""Stands for something that is not words."""

Place = tuple[int, int]
"""A line and a column, counted from 1."""


class Kind(StrEnum):
    """What a passage is in the file."""

    HEAD = "head"
    HEADING = "heading"
    PROSE = "prose"
    ITEM = "item"
    QUOTE = "quote"
    CELL = "cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A run of words that belong together: a paragraph, a title, a cell, a value.

    ``text`` has a space for every line end; ``places`` has the place of each letter.
    ``section`` counts the titles of sections before it; ``key`` is that of a value of
    the front matter, ``fenced`` the directive around it; ``italics`` are stretches
    of the text, from and to.
    """

    file: str
    kind: Kind
    text: str
    places: tuple[Place, ...]
    section: int = 0
    key: str = ""
    fenced: str = ""
    italics: tuple[tuple[int, int], ...] = ()

    def in_italics(self, offset: int) -> str:
        """The stretch of italics around the letter at *offset*; empty if it is upright."""
        around = (self.text[a:z] for a, z in self.italics if a <= offset < z)
        return next(around, "")

    def at(self, offset: int) -> tuple[Source, int]:
        """Where the letter at *offset* stands: file and line, column."""
        line, column = self.places[min(offset, len(self.places) - 1)]
        return Source(self.file, line), column

    def is_together(self, start: int, end: int) -> bool:
        """Whether the letters from *start* to *end* stand side by side in the file."""
        places = self.places[start:end]
        return all(
            after == (line, column + 1) for (line, column), after in pairwise(places)
        )


_WORDS_OF_HEAD = frozenset({"title", "subject", "subtitle", "preheader", "summary"})
_KEY = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+(.*))?$")
_ENTRY = re.compile(r"[ \t]*-[ \t]+(.*)$")
_INNER = re.compile(r"[ \t]+(?:alt|credit):[ \t]+(.*)$")
_FENCE = re.compile(r" {0,3}(:{3,})[ \t]*([\w-]*)")
_CODE_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+")
_BREAK = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_QUOTE = re.compile(r" {0,3}>[ \t]?")
_TABLE = re.compile(r"[ \t]*\|")
_RULER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_SOURCE = re.compile(r"[—–―]")

_MARK = re.compile(
    r"""(?P<escape>\\(?=[!-/:-@\[-`{-~•—–]))
    |(?P<code>(?P<ticks>`+)(?!`).{1,2000}?(?<!`)(?P=ticks)(?!`))
    |(?P<hidden><!--.{0,2000}?-->|<[^<>\s][^<>]*>|\{\{[^{}]*\}\}|&\#?\w{1,31};
       |https?://[^\s<>()\[\]]+|www\.[^\s<>()\[\]]+
       |(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<target>\]\(\s*(?:<[^<>]*>|(?:[^\s()]|\([^\s()]*\))*)
       (?:\s+"(?P<caption>(?:[^"\\]|\\.)*)")?\s*\)(?:\{[^{}]*\})?)
    |(?P<open>!?\[(?=[^\]]{0,2000}\]\())
    |(?P<braces>\s{0,9}\{(?:[.\#]|[\w-]+=)[^{}]*\}\s*$|\s{1,9}\{\.plain\}\s*$)
    |(?P<stars>\*+|~~|(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_]))""",
    re.VERBOSE | re.DOTALL,
)


def passages(sources: Mapping[str, str]) -> Iterator[Passage]:
    """Every passage of the files of an edition; the first begins with its head."""
    for number, (file, text) in enumerate(sources.items()):
        head, offset = ("", 0) if number else split_head(text)
        yield from _of_head(file, head)
        yield from _of_body(file, text.split("\n"), offset)


def _of_head(file: str, head: str) -> Iterator[Passage]:
    """The values of the front matter that readers see."""
    key = ""
    for number, line in enumerate(head.split("\n"), 2):
        if found := _KEY.match(line):
            key, group = found[1], 2
        elif (key == "summary" and (found := _ENTRY.match(line))) or (
            key == "cover" and (found := _INNER.match(line))
        ):
            group = 1
        else:
            continue
        value = found[group] or ""
        if not value or (key not in _WORDS_OF_HEAD and group == 2):
            continue
        start = found.start(group)
        bare = value.strip()
        if key == "summary" and bare.startswith("["):
            continue  # a list on one line: its marks are YAML's, not the editor's
        if bare[:1] in {'"', "'"} and bare[-1:] == bare[:1] and len(bare) > 1:
            start += value.index(bare) + 1
            bare = bare[1:-1]
            if "\\" in bare or "''" in bare:
                continue  # escapes of YAML: what is typed is not what is said
        places = tuple((number, start + at + 1) for at in range(len(bare)))
        yield Passage(file=file, kind=Kind.HEAD, text=bare, places=places, key=key)


@dataclass(slots=True)
class _Draft:
    """A passage being collected: its raw text and where each letter stands."""

    kind: Kind
    section: int
    fenced: str
    raw: str = ""
    places: list[Place] | None = None

    def add(self, words: str, line: int, column: int) -> None:
        places = self.places = self.places or []
        if self.raw:
            self.raw += "\n"
            places.append((line - 1, 0))
        self.raw += words
        places += ((line, column + at) for at in range(len(words)))


def _of_body(file: str, lines: list[str], offset: int) -> Iterator[Passage]:
    """The passages below the front matter."""
    body = _Body()
    for number, line in enumerate(lines[offset:], offset + 1):
        for draft in body.take(line, number):
            yield _passage(file, draft)
    if body.draft:
        yield _passage(file, body.draft)


@dataclass(slots=True)
class _Body:
    """Where a walk through the lines stands: in which section, fence and passage."""

    draft: _Draft | None = None
    section: int = 0
    fences: list[tuple[int, str]] = field(default_factory=list)
    code: str = ""

    @property
    def fenced(self) -> str:
        return self.fences[-1][1] if self.fences else ""

    def take(self, line: str, number: int) -> Iterator[_Draft]:
        """Take in one line; the passages that it brings to an end."""
        if self._is_no_words(line):
            yield from self._close()
            return
        if _TABLE.match(line) or ("|" in line and _RULER.match(line)):
            yield from self._close()
            if not _RULER.match(line):
                yield from _cells(line, number, self.section, self.fenced)
            return
        kind, start, closes = self._kind(line)
        if closes:
            yield from self._close()
        words = line[start:].strip(" \t")
        if not words:
            return
        if self.draft is None:
            self.draft = _Draft(kind, self.section, self.fenced)
        self.draft.add(words, number, line.index(words, start) + 1)
        if kind is Kind.HEADING:
            yield from self._close()

    def _close(self) -> Iterator[_Draft]:
        if self.draft:
            yield self.draft
        self.draft = None

    def _is_no_words(self, line: str) -> bool:
        """Fences, code, rules, the members' cut, empty lines."""
        if self.code:
            if line.strip().startswith(self.code):
                self.code = ""
            return True
        if found := _CODE_FENCE.match(line):
            self.code = found[1]
            return True
        if found := _FENCE.match(line):
            colons = len(found[1])
            if found[2]:
                self.fences.append((colons, found[2]))
            elif self.fences and colons >= self.fences[-1][0]:
                self.fences.pop()
            return True
        bare = line.strip()
        return not bare or bool(_BREAK.match(line)) or bare == "<!--members-->"

    def _kind(self, line: str) -> tuple[Kind, int, bool]:
        """What a line of words is, where its words begin, whether it begins anew."""
        if found := _HEADING.match(line):
            self.section += len(found[1]) == 1
            return Kind.HEADING, found.end(), True
        if found := _QUOTE.match(line):
            begins = self.draft is None or self.draft.kind is not Kind.QUOTE
            is_source = bool(_SOURCE.match(line[found.end() :].lstrip()))
            return Kind.QUOTE, found.end(), begins or is_source
        if found := _ITEM.match(line):
            return Kind.ITEM, found.end(), True
        return Kind.PROSE, 0, False


def _cells(line: str, number: int, section: int, fenced: str) -> Iterator[_Draft]:
    """The cells of one row of a table."""
    start = 0
    for part in re.split(r"(?<!\\)\|", line):
        words = part.strip(" \t")
        if words:
            draft = _Draft(Kind.CELL, section, fenced)
            draft.add(words, number, start + part.index(words) + 1)
            yield draft
        start += len(part) + 1


def _passage(file: str, draft: _Draft) -> Passage:
    """The draft without its marks."""
    letters: list[str] = []
    places: list[Place] = []
    italics: list[int] = []
    raw, kept = draft.raw, draft.places or []

    def keep(start: int, end: int) -> None:
        letters.extend(" " if raw[at] == "\n" else raw[at] for at in range(start, end))
        places.extend(kept[start:end])

    def hide(at: int) -> None:
        letters.append(HIDDEN)
        places.append(kept[at])

    end = 0
    for match in _MARK.finditer(raw):
        keep(end, match.start())
        end = match.end()
        match match.lastgroup:
            case "code" | "ticks" | "hidden":
                hide(match.start())
            case "target" | "caption" if match["caption"] is not None:
                hide(match.start())
                keep(*match.span("caption"))
            case "stars" if _is_literal(raw, match):
                keep(match.start(), match.end())
            case "stars" if len(match[0]) % 2 and "~" not in match[0]:
                italics.append(len(letters))
    keep(end, len(raw))
    return Passage(
        file=file,
        kind=draft.kind,
        text="".join(letters),
        places=tuple(places),
        section=draft.section,
        fenced=draft.fenced,
        italics=tuple(zip(italics[::2], italics[1::2], strict=False)),
    )


def _is_literal(raw: str, match: re.Match[str]) -> bool:
    """Whether a star stands between spaces, as in ``3 * 4``: then it is no mark."""
    before, after = raw[: match.start()][-1:], raw[match.end() :][:1]
    return not before.strip() and not after.strip()
