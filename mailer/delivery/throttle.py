"""A rate as it is written in the settings: so many messages in so much time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.phrases import say

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"\s*([0-9]+)\s*/\s*(s|min|h|d)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many messages in so much time, written ``20/s``, ``20/min``, ``5000/h``."""

    count: int
    unit: str = "s"

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.count / _SECONDS[self.unit]

    def __str__(self) -> str:
        return f"{self.count}/{self.unit}"


def read_rate(text: str) -> Rate:
    """The rate that a setting names; ValueError with a way out if it names none."""
    match = _RATE.fullmatch(text)
    if match is None or int(match[1]) == 0:
        message = say(
            "{text} is no rate: write a positive number and a unit,"
            " 100/s, 20/min, 5000/h or 50000/d",
            text=repr(text),
        )
        raise ValueError(message)
    return Rate(count=int(match[1]), unit=match[2])
