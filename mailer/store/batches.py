"""Many values in few statements: as many at a time as every database binds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_V = TypeVar("_V")
_BATCH = 500  # bound parameters per statement: SQLite allows 32,766, older ones 999


def batches(values: Iterable[_V]) -> Iterator[list[_V]]:
    """*values* in parts, none asked for before it is needed."""
    left = iter(values)
    while part := list(islice(left, _BATCH)):
        yield part
