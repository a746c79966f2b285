"""Who goes next: first come, first served, but nobody waits behind a slow lane.

As long as no lane is held back this is one queue. Whoever comes to its head and may not
go yet steps aside into the queue of their lane, and those get their turns first, one
lane after another, as soon as their pace allows.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from mailer.delivery.pace import Pace

T = TypeVar("T")

_ANY = ""  # no recipient's domain is empty: asks for the relay's pace alone
_LOOK_AGAIN = 1.0
"""Seconds after which lanes are asked again at the latest: others may have recovered."""


class Lineup(Generic[T]):
    """What is claimed and waits for its turn, each with its lane."""

    def __init__(self) -> None:
        self._line: deque[tuple[str, T]] = deque()
        self._aside: dict[str, deque[T]] = {}
        self._aside_until = 0.0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def in_line(self) -> int:
        """How many have not had to step aside."""
        return len(self._line)

    def add(self, lane: str, item: T) -> None:
        """One more, at the end of the line."""
        self._line.append((lane, item))
        self._size += 1

    def put_back(self, lane: str, item: T) -> None:
        """What was taken and not begun goes first again."""
        if lane in self._aside:
            self._aside[lane].appendleft(item)
        else:
            self._line.appendleft((lane, item))
        self._size += 1

    def take(self, relay: str, pace: Pace, now: float) -> T | None:
        """Who may go over *relay* at *now*; None if nobody may.

        The pace is spent: whoever is taken goes, or has wasted a turn.
        """
        if not self._size or pace.ready(relay, _ANY, now):
            return None
        found = (
            self._from_aside(relay, pace, now)
            or self._from_line(relay, pace, now)
            or self._from_aside(relay, pace, now)  # who has just stepped there
        )
        if found is None:
            return None
        lane, item = found
        self._size -= 1
        pace.spend(relay, lane, now)
        return item

    def wait(self, relay: str, pace: Pace, now: float) -> float | None:
        """Seconds until it is worth to ask again for *relay*; None if nobody is here.

        After a ``take`` that found nobody it is never 0.0.
        """
        if not self._size:
            return None
        wait = pace.ready(relay, _ANY, now)
        if self._line:
            return wait
        return max(wait, self._aside_until - now)

    def excess(self, pace: Pace, horizon: float, now: float) -> list[tuple[T, float]]:
        """Take out who would wait longer than *horizon* seconds for their lane.

        Each with the seconds until their turn, the latest first. Nothing is spent.
        """
        late: list[tuple[T, float]] = []
        for lane, waiting in list(self._aside.items()):
            while waiting:
                seconds = pace.eta(None, lane, len(waiting), now)
                if seconds <= horizon:
                    break
                late.append((waiting.pop(), seconds))
            if not waiting:
                del self._aside[lane]
        self._size -= len(late)
        return late

    def empty(self) -> list[T]:
        """Take out everybody."""
        everybody = [item for waiting in self._aside.values() for item in waiting]
        everybody += [item for _, item in self._line]
        self._line.clear()
        self._aside.clear()
        self._size = 0
        return everybody

    def _from_aside(self, relay: str, pace: Pace, now: float) -> tuple[str, T] | None:
        """The first of the lane whose turn it is, if the pace of one allows."""
        if not self._aside or now < self._aside_until:
            return None
        soonest = _LOOK_AGAIN
        for lane, waiting in self._aside.items():
            wait = pace.ready(relay, lane, now)
            if not wait:
                item = waiting.popleft()
                del self._aside[lane]
                if waiting:
                    self._aside[lane] = waiting  # at the end: the others' turn is next
                return lane, item
            soonest = min(soonest, wait)
        self._aside_until = now + soonest
        return None

    def _from_line(self, relay: str, pace: Pace, now: float) -> tuple[str, T] | None:
        """The first of the line who may go; who may not steps aside."""
        while self._line:
            lane, item = self._line.popleft()
            if lane not in self._aside and not pace.ready(relay, lane, now):
                return lane, item
            self._aside.setdefault(lane, deque()).append(item)
            self._aside_until = 0.0
        return None
