"""How many messages a relay may be given in an hour, in a day, and while it warms up.

Every relay with a quota has an *account*, shared by all processes on one store. A
process does not ask it for every message: it books a *credit* ahead, spends that, and
comes back for more. What is booked counts as spent until the process gives it back, so
a process that dies without a word has at worst wasted its credit; no quota is exceeded.

Windows roll: in any hour at most ``hourly``, in any 24 hours at most ``daily``. That
holds whichever hour of the clock the relay's own count begins at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mailer.phrases import say

HOUR = 3600.0
DAY = 86400.0
MINUTE = 60.0  # an hour's messages are counted by the minute,
QUARTER = 900.0  # a day's by the quarter of an hour: some 160 numbers a relay

LEASE = 10.0
"""Seconds for which a credit may be spent, and a process is alive, without a word."""

LOST = 15.0
"""Seconds after which the credit of a silent process is written off as spent. Longer
than the lease, by more than an exchange ever takes."""

_SMALLEST, _LARGEST = 10, 1000
_AHEAD = 4.0  # seconds' worth of messages in a credit,
_PARTS = 20  # but no more than this part of a quota may be lost by a crash


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """A daily ceiling that grows: one for each day on which the relay was put to use.

    A day begins with its first message and lasts 24 hours. The next ceiling holds after
    a day in which at least half of the last one was used: reputation comes from mail
    that was sent, not from the calendar. After the last one, no ceiling is left.
    """

    ceilings: tuple[int, ...]

    def ceiling(self, level: int) -> int | None:
        """What may go on day *level*, counted from 0; None when it is over."""
        return self.ceilings[level] if level < len(self.ceilings) else None

    def __str__(self) -> str:
        return ", ".join(str(ceiling) for ceiling in self.ceilings)


_GROWING = re.compile(r"([0-9]+)\s*x\s*([0-9]+(?:\.[0-9]+)?)\s*to\s*([0-9]+)")
_LONGEST_PLAN = 400  # days; a longer one was not meant


def read_warm_up(value: object) -> WarmUp:
    """``[200, 400, 800]``, or ``200 x2 to 50000``; ValueError with a way out."""
    ceilings: list[int] = []
    if isinstance(value, str):
        if match := _GROWING.fullmatch(value.strip()):
            ceilings = _grown(int(match[1]), float(match[2]), int(match[3]))
    elif isinstance(value, list | tuple) and all(type(n) is int for n in value):
        ceilings = list(value)
    if not ceilings or min(ceilings) < 1 or ceilings != sorted(ceilings):
        message = say(
            "{value} is no warm-up: write ceilings that grow, [200, 400, 800],"
            ' or "200 x2 to 50000"',
            value=repr(value),
        )
        raise ValueError(message)
    return WarmUp(ceilings=tuple(ceilings))


def _grown(first: int, factor: float, last: int) -> list[int]:
    if first < 1 or factor <= 1 or last < first:
        return []
    ceilings = [first]
    while ceilings[-1] < last and len(ceilings) < _LONGEST_PLAN:
        grown = max(int(ceilings[-1] * factor), ceilings[-1] + 1)
        ceilings.append(min(grown, last))
    return ceilings


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What a relay may be given at most; None: no limit of that kind."""

    hourly: int | None = None
    daily: int | None = None
    warm_up: WarmUp | None = None

    def __bool__(self) -> bool:
        return not (self.hourly is None and self.daily is None and self.warm_up is None)

    @property
    def smallest(self) -> int:
        """The least of them: what a credit must be small beside."""
        ceilings = self.warm_up.ceilings[:1] if self.warm_up else ()
        limits = (self.hourly, self.daily, *ceilings)
        return min((limit for limit in limits if limit is not None), default=0)


NO_QUOTAS = Quotas()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a relay was given: messages by minute, by quarter of an hour, by day.

    ``booked`` are the credits of the processes: spent for all we know. ``level`` is the
    day of the warm-up, ``day_began`` its first message (None: still to come), ``day``
    how many went on it.
    """

    minutes: Mapping[int, int] = field(default_factory=dict)
    quarters: Mapping[int, int] = field(default_factory=dict)
    booked: Mapping[str, int] = field(default_factory=dict)
    level: int = 0
    day_began: float | None = None
    day: int = 0

    @property
    def held(self) -> int:
        """Messages booked by all processes, and perhaps sent by now."""
        return sum(self.booked.values())

    def last_hour(self) -> int:
        """Messages of the last hour, what is booked included."""
        return sum(self.minutes.values()) + self.held

    def last_day(self) -> int:
        """Messages of the last 24 hours, what is booked included."""
        return sum(self.quarters.values()) + self.held


@dataclass(frozen=True, slots=True)
class Room:
    """How many more may be booked, and when there is room again; 0.0: now."""

    messages: int
    again_at: float = 0.0


def at(account: Account, quotas: Quotas, now: float) -> Account:
    """*account* as it stands at *now*: what is past forgotten, the day of warm-up moved."""
    minutes = _rolled(account.minutes, int(now // MINUTE), int(HOUR / MINUTE))
    quarters = _rolled(account.quarters, int(now // QUARTER), int(DAY / QUARTER))
    account = replace(account, minutes=minutes, quarters=quarters)
    if account.day_began is None or now < account.day_began + DAY:
        return account
    ceiling = quotas.warm_up.ceiling(account.level) if quotas.warm_up else None
    used = ceiling is not None and 2 * account.day >= ceiling
    return replace(account, level=account.level + used, day_began=None, day=0)


def _rolled(counts: Mapping[int, int], current: int, length: int) -> dict[int, int]:
    """The counts that may still lie within the window; none from the future."""
    kept: dict[int, int] = {}
    for slot, count in counts.items():
        # The slot `length` ago may hold messages of this window's first moment.
        if slot >= current - length:
            slot = min(slot, current)  # a clock set back must not empty a window
            kept[slot] = kept.get(slot, 0) + count
    return kept


def spent(account: Account, messages: int, now: float) -> Account:
    """*account* with *messages* more, all of them as of *now*."""
    if not messages:
        return account
    minute, quarter = int(now // MINUTE), int(now // QUARTER)
    return replace(
        account,
        minutes={**account.minutes, minute: account.minutes.get(minute, 0) + messages},
        quarters={
            **account.quarters,
            quarter: account.quarters.get(quarter, 0) + messages,
        },
        day_began=now if account.day_began is None else account.day_began,
        day=account.day + messages,
    )


def booked(account: Account, worker: str, messages: int) -> Account:
    """*account* with a credit of *messages* for *worker*, instead of what it had."""
    others = {name: n for name, n in account.booked.items() if name != worker}
    mine = {worker: messages} if messages > 0 else {}
    return replace(account, booked={**others, **mine})


def room(account: Account, quotas: Quotas) -> Room | None:
    """What is left of every quota; None without any. *account* is as ``at`` gave it."""
    ceiling = quotas.warm_up.ceiling(account.level) if quotas.warm_up else None
    found = []
    if quotas.hourly is not None:
        left = quotas.hourly - account.last_hour()
        found.append(_room(left, account.minutes, MINUTE, HOUR))
    if quotas.daily is not None:
        left = quotas.daily - account.last_day()
        found.append(_room(left, account.quarters, QUARTER, DAY))
    if ceiling is not None:
        left = ceiling - account.day - account.held
        over = 0.0 if account.day_began is None else account.day_began + DAY
        found.append(Room(max(left, 0), over if left < 1 else 0.0))
    if not found:
        return None
    return Room(min(r.messages for r in found), max(r.again_at for r in found))


def _room(left: int, counts: Mapping[int, int], slot: float, window: float) -> Room:
    if left > 0:
        return Room(left)
    for first in sorted(counts):
        left += counts[first]
        if left > 0:
            return Room(0, (first + 1) * slot + window)
    return Room(0)  # all of it is booked by somebody: ask again


class Credit:
    """What one process may still give to one relay without asking the account."""

    __slots__ = (
        "_again_at",
        "_fresh_until",
        "_least",
        "_low",
        "_most",
        "_reported_at",
        "held",
        "quotas",
        "room",
        "spent",
    )

    def __init__(self, quotas: Quotas) -> None:
        self.quotas = quotas
        self.held = self.spent = self.room = self._low = 0
        self._again_at = 0.0
        self._fresh_until = self._reported_at = float("-inf")
        self._least = min(max(quotas.smallest // 100, _SMALLEST), _LARGEST)
        self._most = max(self._least, quotas.smallest // _PARTS)

    def ready(self, now: float) -> float:
        """Seconds until it is worth asking; 0.0 if a message may go. Changes nothing."""
        if self.held > 0 and now < self._fresh_until:
            return 0.0
        return max(self._again_at - now, _ASK_AGAIN)

    def spend(self) -> None:
        """A message goes."""
        self.held -= 1
        self.spent += 1

    def eta(self, backlog: int, now: float) -> float:
        """Seconds before which the *backlog*-th message cannot go."""
        if backlog <= self.held + self.room:
            return 0.0
        return max(self._again_at - now, 0.0)

    def is_low(self, now: float) -> bool:
        """Whether more should be booked, and could be."""
        return now >= self._again_at and (
            self.held <= self._low or now >= self._fresh_until
        )

    def wanted(self, now: float) -> int:
        """How many messages it should hold: a few seconds' worth of what goes now."""
        since = max(now - self._reported_at, _ASK_AGAIN)
        wanted = max(self._least, min(int(_AHEAD * self.spent / since), self._most))
        self._low = wanted // 2
        return wanted

    def reported(self, messages: int, now: float) -> None:
        """The account knows of *messages* that were spent."""
        self.spent -= messages
        self._reported_at = now

    def grant(self, messages: int, left: Room, now: float) -> None:
        """So many more were booked; *left* is what the account has beyond."""
        self.held += messages
        self.room = left.messages
        self._again_at = left.again_at
        self._fresh_until = now + LEASE
        if left.messages < 1 and left.again_at <= now:
            # The rest is ours, or others'. Nothing is gained by asking before it is sent.
            self._low = 0
            if self.held < 1:
                self._again_at = now + _OTHERS_HOLD_IT


_ASK_AGAIN = 0.05
_OTHERS_HOLD_IT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of its quotas a relay has had, for people to read.

    ``ceiling`` is today's of the warm-up, ``warming_day`` counts from 1; None when it is
    over or none was configured. ``again_at`` 0.0: there is room.
    """

    quotas: Quotas
    last_hour: int
    last_day: int
    warming_day: int | None
    ceiling: int | None
    today: int
    again_at: float


def usage(account: Account, quotas: Quotas, now: float) -> Usage:
    """How *account* stands at *now*; what is booked counts as spent."""
    account = at(account, quotas, now)
    ceiling = quotas.warm_up.ceiling(account.level) if quotas.warm_up else None
    left = room(account, quotas)
    return Usage(
        quotas=quotas,
        last_hour=account.last_hour(),
        last_day=account.last_day(),
        warming_day=None if ceiling is None else account.level + 1,
        ceiling=ceiling,
        today=account.day + account.held,
        again_at=left.again_at if left else 0.0,
    )


def alive(workers: Mapping[str, float], now: float) -> dict[str, float]:
    """The processes that were heard of lately; one from the future is not believed."""
    return {name: seen for name, seen in workers.items() if abs(now - seen) <= LOST}


def written_off(account: Account, living: Iterable[str], now: float) -> Account:
    """*account* with the credits of silent processes counted as spent, just now."""
    names = set(living)
    lost = sum(n for name, n in account.booked.items() if name not in names)
    kept = {name: n for name, n in account.booked.items() if name in names and n}
    return spent(replace(account, booked=kept), lost, now)
