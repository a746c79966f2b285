"""When the next message may go: the pace of one relay, as a token bucket.

The bucket is kept as one number, the time at which it would be full again (GCRA, the
"virtual scheduling" of ITU-T I.371): no counter to refill, no timer, nothing to round.
No clock either: ``now`` is handed in, and the caller waits.
"""

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
    def interval(self) -> float:
        """Seconds between two messages."""
        return _SECONDS[self.unit] / self.count

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


class Bucket:
    """Tokens for one relay: at most ``rate`` over time, ``burst`` at once.

    In any window of t seconds at most ``rate * t + burst`` messages may go. A long rest
    earns no more than ``burst``: the relay's patience does not grow while we sleep.
    """

    __slots__ = ("_full_at", "_interval", "_latest", "_tolerance")

    def __init__(self, rate: Rate, burst: int = 1) -> None:
        if burst < 1:
            message = say("a burst is at least 1 message, not {burst}", burst=burst)
            raise ValueError(message)
        self._interval = rate.interval
        self._tolerance = (burst - 1) * rate.interval
        self._full_at = self._latest = float("-inf")

    @property
    def rate(self) -> float:
        """Messages per second."""
        return 1 / self._interval

    def reserve(self, now: float) -> float:
        """Take a token: when its message may go, in seconds on the clock of *now*.

        Never before *now*, never before an earlier reservation. A token once taken is
        spent, whether the message goes or not.
        """
        self._latest = max(self._latest, now)  # a clock that stepped back stands still
        full_at = max(self._full_at, self._latest)
        self._full_at = full_at + self._interval
        return max(self._latest, full_at - self._tolerance)
