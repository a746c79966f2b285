"""Values of which one is made for every message: frozen where it is checked, not as it runs.

To guard each of its fields takes a frozen dataclass four times as long to make as one that
is not, and a message has six of them. So mypy refuses what changes one, and nothing else
looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fleeting(cls: type[_T]) -> type[_T]:
    """A dataclass with slots, made by keywords, that nobody changes."""
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls)
