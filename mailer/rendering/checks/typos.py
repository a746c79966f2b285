"""Slips of the hand: spaces and commas, quotation marks, capitals without accents.

Better to miss one than to cry over good text: every pattern asks for what stands around
the slip. A fix changes spaces and signs, and letters only to give them their accents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailer.edition.finding import warning
from mailer.errors import Finding, Fix
from mailer.phrases import Phrase, say
from mailer.rendering.checks.capitals import check_capitals
from mailer.rendering.checks.passages import HIDDEN, Kind, Passage

_LETTER = r"[^\W\d_]"
_SPACE = "[ \u00a0\u202f]"
_BEGINNERS = "Le|La|Les|Un|Une|Des|Il|Elle|Ils|Elles|On|Ce|Cette|Mais|Et|The|And|But|It"
_TWICE = (
    "de|du|des|le|la|les|un|une|et|ou|au|aux|dans|pour|par|sur|avec|sans|ce|cette|ces"
    "|qui|mais|donc|the|an|of|to|and|with|for|from"
)


@dataclass(frozen=True, slots=True)
class _Slip:
    """What is found, what it becomes (None: a person has to see it), what is said."""

    rule: str
    pattern: re.Pattern[str]
    better: str | None
    said: Phrase
    lang: str = ""


def _slips(*rows: tuple[str, str, str | None, Phrase, str]) -> tuple[_Slip, ...]:
    return tuple(
        _Slip(rule, re.compile(pattern), better, said, lang)
        for rule, pattern, better, said, lang in rows
    )


_SLIPS = _slips(
    (
        "typo-space",  # la panne,la grève: never 1,5 nor (x,y)
        rf"(?<={_LETTER}{_LETTER}),(?={_LETTER})|(?<=[\w»”’)]),(?={_LETTER}{_LETTER})",
        ", ",
        say("a space is missing after the comma: “{around}”"),
        "",
    ),
    (
        "typo-space",
        rf"(?<=[\w»”’)%€]){_SPACE}+(?=,(?:\s|$))",
        "",
        say("a space stands before the comma: “{around}”"),
        "",
    ),
    (
        "typo-space",
        rf"(?<=[^\W\d]|[»”’)%€]){_SPACE}+(?=\.(?:\s+{_LETTER}|$))",
        "",
        say("a space stands before the full stop: “{around}”"),
        "",
    ),
    (
        "typo-space",  # not after a frowning face, :(
        rf"(?<=(?<![:;=8xX\-'])\(){_SPACE}+(?=\w)|(?<={_LETTER}{_LETTER}){_SPACE}+(?=\)(?![\w)]))",
        "",
        say("a space stands inside the bracket: “{around}”"),
        "",
    ),
    (
        "typo-space",
        rf"(?<=[a-zà-ÿ]{{3}})\.(?=(?:{_BEGINNERS})\s)",
        None,
        say("a space is missing after the full stop: “{around}”"),
        "",
    ),
    (
        "typo-space",
        r"(?<=[a-zà-ÿ]{3})[?!](?=[A-ZÀ-Ý][a-zà-ÿ’' ])",
        None,
        say("a space is missing: “{around}”"),
        "",
    ),
    (
        "typo-space",
        rf"(?<=[a-z]){_SPACE}+(?=[;:!?](?:\s|$))",
        "",
        say("English puts no space before this sign: “{around}”"),
        "en",
    ),
    (
        "typo-double",
        r"(?<=\S) {2,}(?=\S)",
        " ",
        say("two spaces in a row: “{around}”"),
        "",
    ),
    (
        "typo-double",
        rf"(?<=\w),{_SPACE}?,(?!,)",
        ",",
        say("two commas in a row: “{around}”"),
        "",
    ),
    (
        "typo-double",
        r"(?<=\w)(?<!\.)\.\.(?=\s|$)",
        None,
        say("two full stops in a row: “{around}”"),
        "",
    ),
    (
        "typo-double",
        rf"(?i)(?<![\w’'\-])({_TWICE})(?:{_SPACE}\1)+(?![\w’'\-])",
        None,
        say("a word stands twice: “{around}”"),
        "",
    ),
    (
        "typo-quotes",
        r"(?<![<\w])<<(?=\s[^<>]*\s>>)",
        "«",
        say("these are no quotation marks: “{around}”"),
        "fr",
    ),
    (
        "typo-quotes",
        r"(?<=\s)>>(?![>\w])",
        "»",
        say("these are no quotation marks: “{around}”"),
        "fr",
    ),
)


def check_typos(passages: Sequence[Passage], *, lang: str) -> Iterator[Finding]:
    """Findings about slips in an edition written in *lang*, ``fr`` or ``en``."""
    for passage in passages:
        for slip in _SLIPS:
            if slip.lang in {"", lang}:
                yield from _slipped(slip, passage)
        if lang == "fr":
            yield from check_capitals(passage)
        yield from _straight(passage)
    yield from _unpaired(passages)


def _slipped(slip: _Slip, passage: Passage) -> Iterator[Finding]:
    for match in slip.pattern.finditer(passage.text):
        start, end = match.span()
        if slip.rule == "typo-double" and len(match[0].split()) > 2:
            continue  # la la la
        yield warning(
            slip.rule,
            passage.at(start)[0],
            say(slip.said.english, around=around(passage.text, start, end)),
            column=passage.at(start)[1],
            fix=None
            if slip.better is None
            else fix_of(passage, start, end, slip.better),
        )


def fix_of(passage: Passage, start: int, end: int, better: str) -> Fix | None:
    """The change of these letters, if the file has them side by side as they are here."""
    if passage.kind is Kind.HEAD and not _is_plain(better):
        return None  # the front matter is YAML: a sign may mean something there
    if start == end or not passage.is_together(max(0, start - 1), end + 1):
        return None  # what is beside it could become a mark
    return Fix(passage.text[start:end], better)


def _is_plain(better: str) -> bool:
    return not set(better) & set(":#{}[]&*!|>'\"%@`")


def around(text: str, start: int, end: int) -> str:
    """The words around a place, enough to find it with the eye."""
    before = text[:start].rfind(" ", 0, max(0, start - 1)) + 1
    after = text.find(" ", end + 1)
    before = max(before, start - 24)
    after = min(after if after >= 0 else len(text), end + 24)
    return text[before:after].replace(HIDDEN, "…").strip()


def _straight(passage: Passage) -> Iterator[Finding]:
    """A straight quotation mark that has no partner cannot be set as one."""
    marks = [
        at
        for at, letter in enumerate(passage.text)
        if letter == '"' and not passage.text[at - 1 : at].isdigit()  # 5" is a length
    ]
    if len(marks) % 2:
        at, column = passage.at(marks[-1])
        words = around(passage.text, marks[-1], marks[-1] + 1)
        message = say("a quotation mark without its partner: “{around}”", around=words)
        yield warning("typo-quotes", at, message, column=column)


def _unpaired(passages: Sequence[Passage]) -> Iterator[Finding]:
    """« and » must come in pairs, over the paragraphs of one section.

    A quotation of several paragraphs may open each of them again.
    """
    open_: tuple[Passage, int] | None = None
    group: object = None
    depth = 0
    for passage in passages:
        now = (passage.file, passage.section, passage.key, passage.fenced)
        if now != group:
            yield from _never_closed(open_, depth)
            open_, depth, group = None, 0, now
        for at, letter in enumerate(passage.text):
            if letter == "«":
                if depth and not passage.text[:at].strip():
                    continue  # the quotation goes on in a new paragraph
                open_, depth = (passage, at), depth + 1
            elif letter == "»":
                if depth:
                    depth -= 1
                elif passage.text[:at].strip():
                    yield _unpaired_at(passage, at)
    yield from _never_closed(open_, depth)


def _never_closed(open_: tuple[Passage, int] | None, depth: int) -> Iterator[Finding]:
    if open_ and depth:
        yield _unpaired_at(*open_)


def _unpaired_at(passage: Passage, at: int) -> Finding:
    source, column = passage.at(at)
    words = around(passage.text, at, at + 1)
    message = say("a quotation mark without its partner: “{around}”", around=words)
    return warning("typo-quotes", source, message, column=column)
