"""The YAML head of an edition: every key typed, every fault at its own line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import yaml

from mailer.edition.blocks import Source
from mailer.edition.characters import on_one_line, unwritable
from mailer.edition.model import Cover, Variant
from mailer.edition.reading.known import Known
from mailer.edition.reading.notes import Notes
from mailer.phrases import Phrase, did_you_mean, say

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NUMBER = re.compile("[1-9][0-9]{0,8}")  # what a database counts with
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MAILBOX = re.compile(r"(?:[^<>@]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)")
_MAX_HEAD = 50_000  # characters; YAML's reader grows slow long before memory ends
_MAX_DEPTH = 50

_REQUIRED = ("title", "date")

Values = dict[str, Any]


def split_head(text: str) -> tuple[str, int]:
    """The YAML between the first two ``---`` and the number of lines up to the body.

    ``("", 0)`` where there is no head.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", 0
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in {"---", "..."}:
            return "\n".join(lines[1:number]), number + 1
    return "\n".join(lines[1:]), len(lines)


def read_head(yaml_text: str, notes: Notes, known: Known) -> Values:
    """The keys of the head as values of the right type; faults go to *notes*."""
    top = Source(notes.file, 1)
    if not yaml_text.strip():
        hint = say("begin with ---, title: and date:, then ---")
        notes.error("meta-missing", top, say("the edition has no front matter"), hint)
        return {}
    node = compose_head(yaml_text, notes)
    if node is None:
        return {}
    values: Values = {}
    for key_node, value_node in node.value:
        mark = key_node.start_mark
        at = Source(notes.file, mark.line + 2, mark.column + 1)
        is_word = isinstance(key_node, yaml.ScalarNode)
        key = str(key_node.value) if is_word else "[…]"
        if key in values:
            notes.error("meta-duplicate", at, say("{key} is given twice", key=key))
        elif key not in _READERS:
            hint = did_you_mean(key, _READERS)
            notes.error("meta-unknown-key", at, say("unknown key {key}", key=key), hint)
        elif _is_empty(value_node) and key not in _REQUIRED:
            values[key] = None
        else:
            try:
                values[key] = _READERS[key](typed_value(value_node))
            except ValueError as error:
                values[key] = None
                notes.error(
                    "meta-value",
                    _place(at, value_node),
                    say("{key}: {error}", key=key, error=error),
                )
            else:
                _cross_check(key, values[key], _place(at, value_node), notes, known)
    for key in _REQUIRED:
        if key not in values:
            notes.error(
                "meta-missing",
                top,
                say("{key} is missing from the front matter", key=key),
            )
    return {key: value for key, value in values.items() if value is not None}


def compose_head(text: str, notes: Notes) -> yaml.MappingNode | None:
    """The keys and values of a head as YAML sees them; None, with findings."""
    if len(text) > _MAX_HEAD:
        message = say(
            "the front matter has {count} characters: is its second --- lost?",
            count=len(text),
        )
        notes.error("meta-syntax", Source(notes.file, 1), message)
        return None
    try:
        if fault := _excess(text):
            message, line = fault
            notes.error("meta-value", Source(notes.file, line + 2), message)
            return None
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 2, mark.column + 1) if mark else (1, 0)
        problem = getattr(error, "problem", None) or say("cannot be read")
        at = Source(notes.file, line, column)
        hint = say("a value with a colon or an emoji goes into quotes")
        notes.error(
            "meta-syntax",
            at,
            say("the front matter is not YAML: {problem}", problem=problem),
            hint,
        )
        return None
    if not isinstance(node, yaml.MappingNode):
        at = Source(notes.file, 1)
        notes.error(
            "meta-syntax", at, say("the front matter is not a list of key: value")
        )
        return None
    return node


def _excess(text: str) -> tuple[Phrase, int] | None:
    """What a small file could grow huge by, and its line: aliases, endless nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        line = event.start_mark.line if event.start_mark else 0
        match event:
            case yaml.AliasEvent():
                return say("YAML aliases are not understood here"), line
            case yaml.CollectionStartEvent():
                depth += 1
                if depth > _MAX_DEPTH:
                    message = say(
                        "values are nested more than {most} deep", most=_MAX_DEPTH
                    )
                    return message, line
            case yaml.CollectionEndEvent():
                depth -= 1
    return None


def _place(key: Source, value: yaml.Node) -> Source:
    """Where *value* begins, if that is the line of its *key*; else the key."""
    line, column = value.start_mark.line + 2, value.start_mark.column + 1
    return Source(key.file, line, column) if line == key.line else key


def _is_empty(node: yaml.Node) -> bool:
    """A key without a value says: the default."""
    return isinstance(node, yaml.ScalarNode) and (
        not node.value or (node.style is None and node.value in {"~", "null"})
    )


def typed_value(node: yaml.Node) -> object:
    """A value as it was typed: YAML itself would make 750 of 12:30 and False of No."""
    match node:
        case yaml.SequenceNode():
            return [typed_value(item) for item in node.value]
        case yaml.MappingNode():
            return {
                str(typed_value(key)): typed_value(value) for key, value in node.value
            }
    words = str(node.value)
    if fault := unwritable(words):
        raise ValueError(fault)
    return words


def _cross_check(
    key: str, value: object, at: Source, notes: Notes, known: Known
) -> None:
    """What a value refers to must be there."""
    match key, value:
        case "authors", tuple():
            for author in value:
                if author not in known.authors:
                    hint = did_you_mean(author, known.authors)
                    message = say("no author {key}", key=author)
                    notes.error("author-unknown", at, message, hint)
        case "from", str() if "@" not in value and value not in known.authors:
            hint = did_you_mean(value, known.authors)
            notes.error("author-unknown", at, say("no author {key}", key=value), hint)
        case "cover", Cover(src=src) if not known.file(src):
            message = say("picture {src} is not in the folder", src=src)
            hint = did_you_mean(src, [f for f in known.files if not f.endswith(".md")])
            notes.error("image-missing", at, message, hint)
        case "theme", dict() if known.colors:
            for name in value.keys() - set(known.colors):
                hint = did_you_mean(name, known.colors)
                message = say("the theme has no colour {name}", name=name)
                notes.error("theme-token", at, message, hint)
        case "publication", str() if value != known.publication.id:
            message = say(
                "the folder says {id}, not {value}",
                id=known.publication.id,
                value=value,
            )
            notes.error("meta-value", at, message)


def _line(value: object) -> str:
    if isinstance(value, str):
        return on_one_line(value)
    message = say("one line of text is expected")
    raise ValueError(message)


def _required_line(value: object) -> str:
    if not _line(value).strip():
        message = say("is empty")
        raise ValueError(message)
    return _line(value)


def _lines(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        message = say("a list is expected: [one, two] or a line for each, begun with -")
        raise ValueError(message)
    return tuple(_line(item) for item in value)


def _date(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        message = say("{value} is no date: write it as 2026-03-14", value=value)
        raise ValueError(message) from None


def _local_time(value: object) -> datetime:
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        when = None
    if when is None or when.tzinfo is not None or ":" not in str(value):
        message = say(
            "{value} is no local time: write it as 2026-03-14 07:00", value=value
        )
        raise ValueError(message)
    return when


def _number(value: object) -> int:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    message = say("{value} is no edition number", value=value)
    raise ValueError(message)


def _slug(value: object) -> str:
    if isinstance(value, str) and _SLUG.fullmatch(value):
        return value
    message = say("{value}: small letters, digits and hyphens only", value=value)
    raise ValueError(message)


def _mailbox(value: object) -> str:
    if isinstance(value, str) and _MAILBOX.fullmatch(_line(value)):
        return _line(value)
    message = say('{value}: write "Name <address>" or an address', value=value)
    raise ValueError(message)


def _mailbox_or_key(value: object) -> str:
    return _mailbox(value) if "@" in _line(value) else _line(value)


def _one_of(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in words:
            message = say(
                "{value} is none of {names}", value=value, names=", ".join(words)
            )
            raise ValueError(message)
        return str(value)

    return read


def _cover(value: object) -> Cover:
    if isinstance(value, str):
        return Cover(src=value)
    if not isinstance(value, dict) or not set(value) <= {"src", "alt", "credit"}:
        message = say("a file name, or src, alt and credit")
        raise ValueError(message)
    if "src" not in value:
        message = say("src is missing")
        raise ValueError(message)
    return Cover(**{str(key): _line(item) for key, item in value.items()})


def _audiences(value: object) -> tuple[Variant, ...]:
    words = _lines(value)
    if not words or not set(words) <= {"free", "member"}:
        message = say("[free], [member] or [free, member]")
        raise ValueError(message)
    return tuple(Variant(word) for word in dict.fromkeys(words))


def _tokens(value: object) -> dict[str, tuple[str, str]]:
    if not isinstance(value, dict):
        message = say('{accent: "#9e1b32"} is expected')
        raise ValueError(message)
    tokens = {}
    for name, said in value.items():
        pair = said if isinstance(said, list) else [said]
        if len(pair) not in {1, 2} or not all(
            _COLOR.fullmatch(str(color)) for color in pair
        ):
            message = say(
                '{name}: write "#rrggbb", or a light and a dark one', name=name
            )
            raise ValueError(message)
        tokens[str(name)] = (str(pair[0]), str(pair[1]) if len(pair) > 1 else "")
    return tokens


def _checks(value: object) -> tuple[str, ...]:
    if not isinstance(value, dict) or set(value) != {"ignore"}:
        message = say("{ignore: [rule-id]} is expected")
        raise ValueError(message)
    return _lines(value["ignore"])


_READERS: Mapping[str, Callable[[object], object]] = {
    "title": _required_line,
    "date": _date,
    "subject": _line,
    "subtitle": _line,
    "preheader": _line,
    "summary": _lines,
    "number": _number,
    "slug": _slug,
    "publication": _line,
    "authors": _lines,
    "from": _mailbox_or_key,
    "reply_to": _mailbox,
    "send_at": _local_time,
    "lang": _one_of("fr", "en"),
    "cover": _cover,
    "audiences": _audiences,
    "segment": _line,
    "archive": _one_of("public", "members", "none"),
    "tags": _lines,
    "theme": _tokens,
    "checks": _checks,
}
"""Each key with what makes a value of it, or a ValueError in words."""
