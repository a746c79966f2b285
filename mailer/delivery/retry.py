"""When a deferred delivery is tried again: minutes to days, across restarts.

The other horizon of retry, seconds inside a session, belongs to the transport.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

DELAYS = (
    # RFC 5321 section 4.5.4.1 wants 30 minutes, and allows better when the reason is
    # known: a first refusal is greylisting more often than anything else.
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
"""Between one attempt and the next; the last one repeats."""

LEAST_PATIENCE, MOST_PATIENCE = timedelta(hours=12), timedelta(days=4)
"""RFC 5321 section 4.5.4.1 gives up after four or five days; a letter is old before."""

_SPREAD = 0.2
"""The width of the jitter: 10 % to either side, so that a wave does not come back whole."""


def next_attempt(
    *,
    attempts: int,
    now: datetime,
    delays: Sequence[timedelta] = DELAYS,
    jitter: float,
    give_up: datetime | None,
) -> datetime | None:
    """When to try again after *attempts* attempts; None if that is past *give_up*.

    *jitter* is a number in [0, 1), drawn by the caller; 0.5 means no change.
    """
    delay = delays[min(max(attempts, 1), len(delays)) - 1]
    moment = now + delay * (1 + _SPREAD * (jitter - 0.5))
    return None if give_up is not None and moment > give_up else moment


def patience(*, today: date, following: date | None) -> timedelta:
    """How long a letter of *today* is still news: until a day before the *following* one.

    At least half a day and at most four, which is also for a letter without a next one.
    """
    if following is None:
        return MOST_PATIENCE
    left = following - today - timedelta(days=1)
    return max(LEAST_PATIENCE, min(left, MOST_PATIENCE))
