"""Where each value of a file stands, which the TOML parser does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")
_NAME = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


def lines_of(text: str, values: Mapping[str, Any]) -> dict[str, int]:
    """The line of every dotted key in *values*, which were read from *text*.

    Entries of a list count by their place. What stands inside a longer value is where
    that value begins.
    """
    seen = _seen(text)
    for place in _leaves((), values):
        key = ".".join(place)
        if line := nearest(place, seen):
            seen.setdefault(key, line)
    return seen


def nearest(place: Sequence[str], known: Mapping[str, _T]) -> _T | None:
    """What is known of *place*, or of the closest table around it."""
    for depth in range(len(place), 0, -1):
        if (found := known.get(".".join(place[:depth]))) is not None:
            return found
    return None


def _seen(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    table, counts = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _bare(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{counts[table]}"
            elif (above := table.split(".")[0]) in counts:  # a table of the last entry
                table = f"{above}.{counts[above]}{table.removeprefix(above)}"
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            dotted = _bare(key[1])
            found.setdefault(f"{table}.{dotted}" if table else dotted, number)
    return found


def _bare(dotted: str) -> str:
    return ".".join(name.strip("\"'") for name in re.findall(_NAME, dotted))


def _leaves(place: tuple[str, ...], value: object) -> Iterable[tuple[str, ...]]:
    match value:
        case dict() if value:
            for name, inner in value.items():
                yield from _leaves((*place, name), inner)
        case list() if value and isinstance(value[0], dict):
            for index, inner in enumerate(value):
                yield from _leaves((*place, str(index)), inner)
        case _:
            yield place
