"""The symbols that a segment is written with: words, signs, quoted values, brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.audience.segment import WORD

_SYMBOL = re.compile(
    rf"""\s*(?:
        (?P<word>{WORD.pattern})
      | (?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*')
      | (?P<sign><=|>=|!=|<>|==|[<>=:])
      | (?P<mark>[(),])
      | (?P<end>$)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol; ``at`` counts characters from 0.

    ``kind`` is word, quoted (``text`` is what it says), sign, mark, end, or stray for
    what is none of them.
    """

    kind: str
    text: str
    at: int


def symbols_of(text: str) -> list[Symbol]:
    """All symbols of *text*; the last one is its end, or the first stray one."""
    symbols: list[Symbol] = []
    at = 0
    while not symbols or symbols[-1].kind not in {"end", "stray"}:
        match = _SYMBOL.match(text, at)
        if match is None:
            at = len(text) - len(text[at:].lstrip())
            symbols.append(Symbol("stray", text[at], at))
            continue
        kind = str(match.lastgroup)
        said = match[kind]
        if kind == "quoted":
            said = said[1:-1].replace(said[0] * 2, said[0])
        symbols.append(Symbol(kind, said, match.start(kind)))
        at = match.end()
    return symbols
