"""What is said to people: an English sentence that remembers how it was made.

Whoever finds something says it in English and at once; the edge (terminal, page, mail)
says it again in the reader's language, from the template and its values::

    say("no author {key}", key=key)
    say_many("{count} error", "{count} errors", count)

A name between braces is filled if there is a value of that name; any other brace stands
for itself, so that ``{{ name }}`` and ``{only=free}`` need no escaping. Values may be
phrases, and exceptions that carry one. Whole numbers are counts and are grouped as the
language does, a date is said with its weekday; what names something (an edition, a port,
a day to be typed) is handed over as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NoReturn, Self

Value = str | int | float | date
"""What a phrase keeps of a value; anything else is kept as its text."""

_FIELD = re.compile(r"\{([a-z_]+)\}")
_NO_VALUES: Mapping[str, Value] = MappingProxyType({})


class Phrase(str):
    """English text, and what it was made of.

    ``english`` is the template; ``plural`` is its twin for more than one, or empty;
    ``number`` chooses between the two.
    """

    __slots__ = ("english", "number", "plural", "values")
    english: str
    plural: str
    number: int
    values: Mapping[str, Value]

    def __new__(
        cls, english: str, plural: str, count: int, values: Mapping[str, Value]
    ) -> Self:
        """Use ``say`` and ``say_many``."""
        template = plural if plural and count != 1 else english
        self = super().__new__(cls, fill(template, values, in_english))
        keep = object.__setattr__  # one is made per message: no loop
        keep(self, "english", english)
        keep(self, "plural", plural)
        keep(self, "number", count)
        keep(self, "values", MappingProxyType(dict(values)) if values else _NO_VALUES)
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        message = f"a phrase does not change: {name}"
        raise AttributeError(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.english, self.plural, self.number, dict(self.values))


def say(english: str, /, **values: object) -> Phrase:
    """*english* with its ``{names}`` filled in."""
    return Phrase(english, "", 1, _kept(values))


def say_many(one: str, many: str, count: int, /, **values: object) -> Phrase:
    """*one* or *many* by *count*, which is ``{count}`` in both."""
    return Phrase(one, many, count, _kept({"count": count, **values}))


def verbatim(text: object) -> Phrase:
    """What somebody else said, word for word: a library, a relay, an editor."""
    said = _value(text)
    return said if isinstance(said, Phrase) else Phrase(str(said), "", 1, _NO_VALUES)


def kilobytes(size: int, *, digits: int = 0) -> Phrase:
    """``98 KB`` for *size* bytes."""
    count = size / 1024
    return say("{count} KB", count=round(count, digits) if digits else round(count))


def lasting(seconds: float) -> Phrase:
    """``3.2 s``, ``45 s``, ``12 min 5 s`` or ``2 h 10 min``: how long something takes."""
    if seconds < 10:
        return say("{count} s", count=round(seconds, 1))
    if seconds < 60:
        return say("{count} s", count=round(seconds))
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return say("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    hours, minutes = divmod(minutes, 60)
    return say("{hours} h {minutes} min", hours=hours, minutes=minutes)


def did_you_mean(word: str, known: Iterable[str]) -> Phrase:
    """``did you mean sponsor?``, or what there is."""
    import difflib  # only for who mistyped

    names = sorted(known)
    close = difflib.get_close_matches(word, names, 1, cutoff=0.6)
    if close:
        return say("did you mean {word}?", word=close[0])
    return say("there are: {names}", names=", ".join(names)) if names else NOTHING


def taken_apart(phrase: Phrase) -> dict[str, object]:
    """What *phrase* was made of, as JSON can hold it: to be said later, to anybody."""
    return {
        "english": phrase.english,
        "plural": phrase.plural,
        "number": phrase.number,
        "values": {name: _apart(value) for name, value in phrase.values.items()},
    }


def put_together(made: Mapping[str, Any]) -> Phrase:
    """What ``taken_apart`` took; KeyError and the like if it is none of that."""
    values = {name: _together(value) for name, value in made["values"].items()}
    return Phrase(made["english"], made["plural"], made["number"], values)


def fill(
    template: str, values: Mapping[str, Value], spoken: Callable[[Value], str]
) -> str:
    """*template* with each named value *spoken*; what a value brings is not read again."""
    if not values:
        return template

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        return spoken(values[name]) if name in values else match[0]

    return _FIELD.sub(filled, template)


def names_in(template: str) -> set[str]:
    """The names that *template* has between braces."""
    return set(_FIELD.findall(template))


def _kept(values: Mapping[str, object]) -> dict[str, Value]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: object) -> Value:
    if isinstance(value, Phrase):
        return value
    if isinstance(value, Exception):
        said = value.args[0] if len(value.args) == 1 else None
        return said if isinstance(said, Phrase) else str(value)
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float | date) and not isinstance(value, datetime):
        return value
    return str(value)


def _apart(value: Value) -> object:
    match value:
        case Phrase():
            return taken_apart(value)
        case date():
            return {"date": value.isoformat()}
    return value


def _together(value: Any) -> Value:  # noqa: ANN401 - what JSON holds
    match value:
        case {"date": day}:
            return date.fromisoformat(day)
        case dict():
            return put_together(value)
    kept: Value = value
    return kept


def in_english(value: Value) -> str:
    """A value as English writes it."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, date):
        return f"{value:%A, %B} {value.day}, {value.year}"
    return str(value)


NOTHING = Phrase("", "", 1, {})
"""No word: the hint of who has none to give."""
