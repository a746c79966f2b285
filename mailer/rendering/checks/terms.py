"""One name, one spelling: ``Anse-Noire`` and ``Anse-noire`` in one letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailer.edition.finding import warning
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.passages import Kind, Passage

_TERM = re.compile(
    r"(?<![\w@#./’'-])[^\W\d_][\w]*(?:[-’'][^\W\d_][\w]*)*(?![\w@/-])(?!\.\w)"
)
_ELIDED = re.compile(r"^(?:[dlnsjmtcDLNSJMTC]|[qQ]u)[’']")


def check_terms(passages: Sequence[Passage], *, lang: str) -> Iterator[Finding]:
    """Findings about names that are written in two ways; the rarer one is shown."""
    seen: dict[str, dict[str, list[tuple[Passage, int]]]] = {}
    for passage in passages:
        if lang == "en" and passage.kind in {Kind.HEADING, Kind.HEAD}:
            continue  # English titles have capitals of their own
        for match in _TERM.finditer(passage.text):
            word = match[0]
            start = match.start()
            if elided := _ELIDED.match(word):
                word, start = word[elided.end() :], start + elided.end()
            if len(word) > 2 and _is_name(word):
                spelt = seen.setdefault(word.casefold(), {})
                spelt.setdefault(word, []).append((passage, start))
    for spelt in seen.values():
        if len(spelt) < 2 or not any(map(_is_marked, spelt)):
            continue
        usual = max(spelt, key=lambda word: (len(spelt[word]), _is_marked(word)))
        line = spelt[usual][0][0].at(spelt[usual][0][1])[0].line
        for word, places in spelt.items():
            if word == usual:
                continue
            passage, start = places[0]
            source, column = passage.at(start)
            message = say(
                "two spellings: “{word}”, “{usual}” (line {line})",
                word=word,
                usual=usual,
                line=str(line),
            )
            yield warning("term-consistency", source, message, column=column)


def _is_name(word: str) -> bool:
    """Capitals, but neither all of them nor none: GitHub, iPhone, Anse-noire."""
    return not word.islower() and not word.isupper()


def _is_marked(word: str) -> bool:
    """A capital that no sentence gives: inside the word, or after its hyphen."""
    return any(letter.isupper() for letter in word[1:])
