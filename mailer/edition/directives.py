"""The fenced directives, ``::: name {…}``: which there are, and what they take.

A new directive is one entry here, one clause in ``parse`` and its templates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mailer.edition.blocks import Source
from mailer.edition.notes import Notes, did_you_mean
from mailer.phrases import Phrase, say

_FENCE = re.compile(r"^ {0,3}(:{3,})[ \t]*(.*?)[ \t]*$")
_ATTRIBUTE = re.compile(
    r"""\s*(?:\.(?P<class>[\w-]+)|\#(?P<id>[\w-]+)
    |(?P<key>[\w-]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"<>{}=]+)))(?=[\s}])""",
    re.VERBOSE,
)

AUDIENCES = ("free", "member", "web", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a directive takes: ``argument`` is its word after the name, if it has one."""

    argument: str = ""
    attributes: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    wraps: bool = False


SPECS: Mapping[str, Spec] = {
    "box": Spec(argument="note", attributes=frozenset({"only", "button", "href"})),
    "sponsor": Spec(
        attributes=frozenset({"by", "until", "href", "button", "rel"}),
        required=frozenset({"by"}),
    ),
    "only": Spec(argument="free", wraps=True),
    "toc": Spec(),
    "signature": Spec(argument="claire"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The first line of a directive, read."""

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
            open_.append((number, colons, words.split()[0].partition("{")[0]))
        elif not open_:
            hint = say("every ::: alone on its line closes a directive")
            notes.error(
                "directive-unclosed", notes.at(number), say("nothing to close"), hint
            )
        elif colons >= open_[-1][1]:
            open_.pop()
    for number, _, name in open_:
        message = say("directive {name} is never closed", name=name)
        hint = say("::: alone on a line closes it")
        notes.error("directive-unclosed", notes.at(number), message, hint)
    return len(notes.findings) == before


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
    if outer == "only" and outer_colons > colons:
        return
    inner = words.split()[0]
    at = notes.at(outer_line)
    if outer == "only":
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
    """The words after ``:::``; None, with findings, if they make no directive."""
    words, opening, inside = info.strip().partition("{")
    name, _, argument = " ".join(words.split()).partition(" ")
    spec = SPECS.get(name)
    if spec is None:
        hint = did_you_mean(name, SPECS)
        notes.error(
            "directive-unknown", at, say("unknown directive {name}", name=name), hint
        )
        return None
    attributes = read_braces(opening + inside, at, notes)
    if attributes is None:
        return None
    for key in attributes.keys() - spec.attributes:
        hint = did_you_mean(key, spec.attributes)
        notes.error(
            "directive-attribute",
            at,
            say("{name} does not take {key}", name=name, key=key),
            hint,
        )
    for key in sorted(key for key in spec.required if not attributes.get(key)):
        message = say("{name} does not say {key}", name=name, key=key)
        notes.error(f"{name}-{key}", at, message, f'{{{key}="…"}}')
    count = len(argument.split())
    if count != bool(spec.argument):
        message = _argument_fault(name, spec, count)
        example = f"::: {name} {spec.argument}".strip()
        notes.error("directive-attribute", at, message, example)
    if name == "only" and count == 1 and argument not in AUDIENCES:
        hint = did_you_mean(argument, AUDIENCES)
        notes.error(
            "directive-attribute",
            at,
            say("no audience {name}", name=argument),
            hint,
        )
    if "only" in attributes and attributes["only"] not in AUDIENCES:
        hint = did_you_mean(attributes["only"], AUDIENCES)
        message = say("no audience {name}", name=attributes["only"])
        notes.error("directive-attribute", at, message, hint)
    return Opening(name=name, argument=argument, attributes=attributes)


def _argument_fault(name: str, spec: Spec, count: int) -> Phrase:
    if not spec.argument:
        return say("{name} takes no word after its name", name=name)
    if count:
        return say("{name} takes one word after its name", name=name)
    return say("{name} needs a word after its name", name=name)


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
            notes.error("directive-attribute", at, say("{key} is given twice", key=key))
        quoted = re.sub(r"\\(.)", r"\1", found["quoted"] or "")
        attributes[key] = found["id"] or found["bare"] or quoted
    if braces[end:].strip() != "}":
        hint = say('a value with spaces or emoji goes into quotes: key="…"')
        notes.error(
            "directive-attribute", at, say("cannot read {braces}", braces=braces), hint
        )
        return None
    return attributes | ({"class": " ".join(classes)} if classes else {})


def read_day(value: str, at: Source, notes: Notes) -> date | None:
    """An attribute that is a day."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        message = say("{value} is no date", value=value)
        notes.error("directive-attribute", at, message, say("write it as 2026-03-31"))
        return None
