"""Typed values out of what a parser made of a text: of TOML, of JSON, of the environment.

A value is read as its type says: a dataclass out of a table, a tuple out of a list, a
number out of a number or of a text that is one. ``Annotated`` says more: ``Before`` is
handed what was written, ``After`` what was read. Every fault is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from itertools import repeat
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from mailer.phrases import Phrase, say, verbatim

_T = TypeVar("_T")
_Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Before:
    """A reader of what was written; its type is then asked of what comes out."""

    by: _Reader


@dataclass(frozen=True)
class After:
    """A check of what was read, which may put something else in its place."""

    by: _Reader


@dataclass(frozen=True)
class Key:
    """What a field is called in a table, where Python has taken the word."""

    name: str


class Table:
    """A dataclass that is a table of a file: a key that it does not have is a fault."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong at *place*, and what stood there: None where that helps nobody."""

    place: tuple[str, ...]
    words: Phrase
    got: object = None


class UnreadableError(ValueError):
    """Every fault of a value at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.words for fault in self.faults))


def read(kind: type[_T], value: object) -> _T:
    """*value* as a *kind*; UnreadableError with every fault."""
    faults: list[Fault] = []
    reader = reader_of(cast("Hashable", kind))
    result: _T = _reading(faults, (), reader, value)
    if faults:
        raise UnreadableError(faults)
    return result


@cache
def types_of(table: type) -> dict[str, Any]:
    """The type of each field of *table*, with what ``Annotated`` says of it."""
    return get_type_hints(table, include_extras=True)


def keys_of(table: type) -> dict[str, str]:
    """What each field of *table* is called there, and here."""
    return {_key(hint, name): name for name, hint in types_of(table).items()}


def _reading(
    faults: list[Fault], place: tuple[str, ...], reader: _Reader, value: object
) -> Any:  # noqa: ANN401 - whatever the reader reads
    """What *reader* makes of *value*; what is wrong with it goes to *faults*."""
    try:
        return reader(value)
    except UnreadableError as error:
        faults += (replace(f, place=(*place, *f.place)) for f in error.faults)
    except ValueError as error:
        faults.append(Fault(place=place, words=verbatim(error), got=value))
    return None


@cache
def reader_of(kind: Any) -> _Reader:  # noqa: ANN401 - any type, and what Annotated makes
    """What reads a *kind*; it raises ValueError, or UnreadableError with the place."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _annotated(*inner)
    if origin in (Union, UnionType):
        return _one_of(inner)
    if origin is Literal:
        return _choice(inner)
    if origin is tuple:
        return _list(inner[0]) if inner[1:] == (...,) else _row(inner)
    if origin in (dict, Mapping):
        return _mapping(*inner)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if issubclass(kind, Enum):
        return cast("_Reader", kind)
    return _table(kind) if is_dataclass(kind) else _instance(kind)


def _annotated(kind: Any, *said: object) -> _Reader:  # noqa: ANN401 - a type
    steps = [mark.by for mark in reversed(said) if isinstance(mark, Before)]
    steps.append(reader_of(kind))
    steps += [mark.by for mark in said if isinstance(mark, After)]

    def annotated(value: object) -> object:
        for step in steps:
            value = step(value)
        return value

    return annotated


def _one_of(kinds: tuple[Any, ...]) -> _Reader:
    """What may be left out; of several classes, one whose value was made before."""
    real = tuple(kind for kind in kinds if kind is not NoneType)
    reader = reader_of(real[0]) if len(real) == 1 else _instance(real)
    return lambda value: None if value is None else reader(value)


def _choice(known: tuple[Any, ...]) -> _Reader:
    def choice(value: object) -> object:
        if value not in known:
            names = ", ".join(map(repr, known))
            message = say("should be one of these: {names}", names=names)
            raise ValueError(message)
        return value

    return choice


def _instance(kind: Any) -> _Reader:  # noqa: ANN401 - a class, or several
    def instance(value: object) -> object:
        if not isinstance(value, kind):
            message = say("cannot stand here")
            raise ValueError(message)
        return value

    return instance


def _list(kind: Any) -> _Reader:  # noqa: ANN401 - a type
    reader = reader_of(kind)
    return lambda value: _each(repeat(reader), _items(value))


def _row(kinds: tuple[Any, ...]) -> _Reader:
    def row(value: object) -> tuple[object, ...]:
        if len(items := _items(value)) != len(kinds):
            message = say("should be a list of {count}", count=len(kinds))
            raise ValueError(message)
        return _each(map(reader_of, kinds), items)

    return row


def _each(readers: Iterable[_Reader], items: Iterable[object]) -> tuple[object, ...]:
    """What *readers* make of *items*, one each; every fault at its number."""
    faults: list[Fault] = []
    result = tuple(
        _reading(faults, (str(index),), reader, item)
        for index, (reader, item) in enumerate(zip(readers, items, strict=False))
    )
    if faults:
        raise UnreadableError(faults)
    return result


def _items(value: object) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        message = say("should be a list")
        raise ValueError(message)
    return value


def _mapping(keys: Any, values: Any) -> _Reader:  # noqa: ANN401 - types
    key, reader = reader_of(keys), reader_of(values)

    def mapping(value: object) -> dict[object, object]:
        faults: list[Fault] = []
        result = {
            _reading(faults, (str(name),), key, name): _reading(
                faults, (str(name),), reader, inner
            )
            for name, inner in _pairs(value).items()
        }
        if faults:
            raise UnreadableError(faults)
        return result

    return mapping


def _pairs(value: object) -> dict[Any, Any]:
    if not isinstance(value, dict):
        message = say("should be a table")
        raise ValueError(message)
    return value


def _table(kind: Any) -> _Reader:  # noqa: ANN401 - a dataclass
    known, types = keys_of(kind), types_of(kind)
    needed = {
        each.name
        for each in fields(kind)
        if each.default is MISSING and each.default_factory is MISSING
    }
    is_closed = issubclass(kind, Table)

    def table(value: object) -> object:
        if isinstance(value, kind):
            return value
        said, faults = _pairs(value), list[Fault]()
        result: dict[str, object] = {}
        for key, name in known.items():
            if key in said:
                reader = reader_of(types[name])
                result[name] = _reading(faults, (key,), reader, said[key])
            elif name in needed:
                faults.append(Fault(place=(key,), words=say("is missing")))
        if is_closed:
            strange = (key for key in said if key not in known)
            faults += (Fault(place=(k,), words=_unknown(k, known)) for k in strange)
        if faults:
            raise UnreadableError(faults)
        return kind(**result)

    return table


def _key(hint: Any, name: str) -> str:  # noqa: ANN401 - a type
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((mark.name for mark in marks if isinstance(mark, Key)), name)


def _unknown(key: str, known: Iterable[str]) -> Phrase:
    import difflib  # only for who mistyped

    if close := difflib.get_close_matches(key, known, 1, 0.7):
        return say("unknown key; did you mean {word}?", word=close[0])
    return say("unknown key; there are: {names}", names=", ".join(sorted(known)))


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = say("should be a text")
        raise ValueError(message)
    return value


def _whole(value: object) -> int:
    message = say("should be a whole number")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(message)
    try:
        said = value.strip().removesuffix(".0") if isinstance(value, str) else value
        number = int(said)
    except (ValueError, OverflowError):
        raise ValueError(message) from None
    if isinstance(value, float) and number != value:
        raise ValueError(message)
    return number


def _number(value: object) -> float:
    message = say("should be a number")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(message)
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise ValueError(message) from None


def _truth(value: object) -> bool:
    said = value.strip().lower() if isinstance(value, str) else value
    for truth, words in ((True, _YES), (False, _NO)):
        if said in words:
            return truth
    message = say("should be true or false")
    raise ValueError(message)


_YES = (True, 1, "1", "true", "t", "yes", "y", "on")
_NO = (False, 0, "0", "false", "f", "no", "n", "off")


def iso_duration(span: timedelta) -> str:
    """*span* as ISO 8601 has it: ``P7D``, ``PT1M30.5S``; a year is 365 days."""
    years, days = divmod(abs(span).days, 365)
    hours, seconds = divmod(abs(span).seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    exact = f"{seconds}.{abs(span).microseconds:06}".rstrip("0").rstrip(".")
    counts = {"Y": years, "D": days}, {"H": hours, "M": minutes, "S": exact}
    day, hour = (
        "".join(
            f"{count}{unit}" for unit, count in part.items() if count not in (0, "0")
        )
        for part in counts
    )
    said = f"P{day}" + (f"T{hour}" if hour else "" if day else "T0S")
    return said if span >= timedelta() else f"-{said}"


def _duration(value: object) -> timedelta:
    """What ``iso_duration`` wrote."""
    if isinstance(value, timedelta):
        return value
    said = _ISO_DURATION.fullmatch(str(value))
    if said is None:
        message = say("should be a duration")
        raise ValueError(message)
    sign, years, days, hours, minutes, seconds = said.groups(default="0")
    span = timedelta(
        days=int(years) * 365 + int(days),
        hours=int(hours),
        minutes=int(minutes),
        seconds=float(seconds),
    )
    return -span if sign == "-" else span


_ISO_DURATION = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


def _moment(value: object) -> datetime:
    return (
        value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    )


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(_text(value))


_PLAIN: Mapping[Any, _Reader] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _truth,
    timedelta: _duration,
    datetime: _moment,
    date: _day,
}
