"""The fences of directives, ``::: name word {…}``: paired, nested and read.

What the names mean stands in ``directives``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailer.edition.blocks import Source
from mailer.edition.reading.notes import Notes
from mailer.phrases import say

_FENCE = re.compile(r"^ {0,3}(:{3,})[ \t]*(.*?)[ \t]*$")
_ATTRIBUTE = re.compile(
    r"""\s*(?:\.(?P<class>[\w-]+)|\#(?P<id>[\w-]+)
    |(?P<key>[\w-]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"<>{}=]+)))(?=[\s}])""",
    re.VERBOSE,
)

_WRAPS = "only"
"""The one directive that may stand around others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The first line of a directive, read: ``::: name argument {attributes}``."""

    at: Source
    name: str
    argument: str
    attributes: Mapping[str, str]


def check_fences(text: str, notes: Notes) -> bool:
    """Whether every ``:::`` is closed and rightly nested; faults at the opening line."""
    before = len(notes.findings)
    open_: list[tuple[int, int, str]] = []
    for number, line in enumerate(text.split("\n")):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        colons, words = len(fence[1]), fence[2]
        if words:
            _check_nesting(open_, number, colons, words, notes)
            open_.append((number, colons, _name(words)))
        elif not open_:
            hint = say("every ::: alone on its line closes a directive")
            notes.error(
                "directive-unclosed",
                notes.at(number, ":::"),
                say("nothing to close"),
                hint,
            )
        elif colons >= open_[-1][1]:
            open_.pop()
    for number, _, name in open_:
        message = say("directive {name} is never closed", name=name)
        hint = say("::: alone on a line closes it")
        notes.error("directive-unclosed", notes.at(number, ":::"), message, hint)
    return len(notes.findings) == before


def _name(words: str) -> str:
    """The directive that *words* open; a no-break space alone names none."""
    return words.partition("{")[0].strip().partition(" ")[0]


def _check_nesting(
    open_: list[tuple[int, int, str]],
    number: int,
    colons: int,
    words: str,
    notes: Notes,
) -> None:
    if not open_:
        return
    outer_line, outer_colons, outer = open_[-1]
    if outer == _WRAPS and outer_colons > colons:
        return
    inner = _name(words)
    at = notes.at(outer_line, ":::")
    if outer == _WRAPS:
        message = say("only around {inner} needs a longer fence", inner=inner)
        notes.error("directive-nested", at, message, ":::: only … ::::")
        return
    line = notes.at(number).line
    message = say(
        "directive {outer} is not closed before {inner} begins in line {line}",
        outer=outer,
        inner=inner,
        line=str(line),
    )
    notes.error("directive-unclosed", at, message, say("::: alone on a line closes it"))
    open_.pop()


def read_opening(info: str, at: Source, notes: Notes) -> Opening | None:
    """The words after ``:::``; None, with findings, if their braces cannot be read."""
    words, opening, inside = info.strip().partition("{")
    name, _, argument = " ".join(words.split()).partition(" ")
    braces = opening + inside
    attributes = read_braces(
        braces, notes.at(at.line - 1 - notes.offset, braces), notes
    )
    if attributes is None:
        return None
    return Opening(at=at, name=name, argument=argument, attributes=attributes)


def read_braces(braces: str, at: Source, notes: Notes) -> dict[str, str] | None:
    """``{.class #id key="value"}``; ``class`` holds the classes. None if unreadable."""
    if not braces:
        return {}
    attributes: dict[str, str] = {}
    classes: list[str] = []
    end = 1
    while found := _ATTRIBUTE.match(braces, end):
        end = found.end()
        if found["class"]:
            classes.append(found["class"])
            continue
        key = found["key"] or "id"
        if key in attributes:
            column = at.column and at.column + found.start(
                "key" if found["key"] else "id"
            )
            twice = say("{key} is given twice", key=key)
            notes.error("directive-attribute", replace(at, column=column), twice)
        quoted = re.sub(r"\\(.)", r"\1", found["quoted"] or "")
        attributes[key] = found["id"] or found["bare"] or quoted
    if braces[end:].strip() != "}":
        hint = say('a value with spaces or emoji goes into quotes: key="…"')
        notes.error(
            "directive-attribute", at, say("cannot read {braces}", braces=braces), hint
        )
        return None
    return attributes | ({"class": " ".join(classes)} if classes else {})
