"""JSON of strangers, looked into without trusting its shape: what is not there is empty."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Self

_LONGEST = 2_000


class Fields:
    """One object of a document. Every question has an answer, whatever stands there."""

    def __init__(self, value: object) -> None:
        self._value: Mapping[object, object] = (
            value if isinstance(value, Mapping) else {}
        )

    @classmethod
    def read(cls, body: bytes | str) -> Self:
        """The object that *body* is; ValueError if it is none."""
        return cls(_loaded(body))

    def text(self, *names: str) -> str:
        """The first of *names* that is a text or a number, as one line."""
        for name in names:
            value = self._value.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                return " ".join(str(value)[:_LONGEST].split())
        return ""

    def raw(self, name: str) -> str:
        """The text *name*, letter by letter."""
        value = self._value.get(name)
        return value if isinstance(value, str) else ""

    def is_true(self, name: str) -> bool:
        """Whether *name* says yes, in whichever of the usual ways."""
        return self._value.get(name) in (True, 1, "true", "1")

    def inside(self, *names: str) -> Fields:
        """The object at the end of *names*."""
        found: object = self._value
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return Fields(found)

    def each(self, name: str) -> Iterator[Fields]:
        """The objects of the list *name*."""
        value = self._value.get(name)
        for item in value if isinstance(value, list) else ():
            yield Fields(item)


def read_many(body: bytes) -> list[Fields]:
    """The objects of *body*, a list of them or a single one; ValueError."""
    value = _loaded(body)
    return [Fields(item) for item in (value if isinstance(value, list) else [value])]


def _loaded(body: bytes | str) -> object:
    try:
        value: object = json.loads(body)
    except RecursionError as error:
        message = "too deep"
        raise ValueError(message) from error
    if not isinstance(value, dict | list):
        message = "neither an object nor a list"
        raise ValueError(message)
    return value
