"""How fast one relay or one lane may go now: a token bucket whose rate gives way.

The bucket is kept as one number, the time at which it would be full again (GCRA, the
"virtual scheduling" of ITU-T I.371): no counter to refill, no timer, nothing to round.
When somebody says "slow down" the rate is halved after a pause, and comes back by small
steps while messages are accepted (AIMD, as in RFC 5681 section 3.1).

Moments are seconds since the epoch on a clock that never steps; ``now`` is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass

CATCH_UP = 0.05
"""Seconds of lateness that are made good. Enough for a stumble of the loop and for
timers that wake a millisecond late, too little for a relay to notice: in any t seconds
at most ``rate * (t + CATCH_UP) + 1`` messages go."""

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
"""Seconds without any message after a slow-down; doubled while nothing is accepted."""

FLOOR = 0.1
"""Messages a second below which nobody is slowed: one in ten seconds still tells us
when the provider has changed its mind."""

UNKNOWN = 20.0
"""Messages a second that are taken to have gone where nobody has measured yet: an
objection to the first message of a run must not make it crawl for a quarter of an hour,
and if it is still too much, the next objections halve it within seconds."""

_RECOVERY = 600.0
"""Seconds in which the rate grows by what it was when all went well: five minutes from
half of it to the whole."""

_STEP = 10.0
"""An acceptance speaks for at most so many seconds before it (or two messages' worth)."""

_LIFTED = 2.0
"""A limit that nobody configured is dropped at this multiple of where it began."""

_GIFT = 1.0

FORGOTTEN = 86400.0
"""Seconds after which a slow-down of the past says nothing about today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowness:
    """A limiter that gave way, as it is kept across restarts.

    ``rate`` is messages a second now, over all processes; None once nothing is left of
    it. ``aim`` is what it recovers to: the configured rate, or what went when it was
    first slowed.
    """

    rate: float | None
    aim: float
    slowed_at: float
    paused_until: float
    streak: int = 0


class Limiter:
    """One relay or lane. ``rate`` None: as fast as it goes, until somebody objects."""

    __slots__ = (
        "_aim",
        "_interval",
        "_raised_at",
        "_share",
        "_streak",
        "configured",
        "full_at",
        "paused_until",
        "rate",
        "slowed_at",
    )

    def __init__(self, configured: float | None = None) -> None:
        self.configured = configured
        self.rate = configured
        self.paused_until = self.slowed_at = float("-inf")
        self._aim = configured or 0.0
        self._streak = 0
        self._raised_at = 0.0
        self.full_at = float("-inf")
        self._share = 1.0
        self._interval = 1.0 / configured if configured else 0.0

    @property
    def is_slowed(self) -> bool:
        """Whether it goes by another rate than the one configured."""
        return self.rate is not None and self.rate != self.configured

    @property
    def is_slow(self) -> bool:
        """Whether the next message is so far away that a restart would be a gift."""
        return self._interval > _GIFT

    def ready(self, now: float) -> float:
        """Seconds until a message may go; 0.0 now. Changes nothing."""
        at = self.full_at - CATCH_UP
        if self.paused_until > at:
            at = self.paused_until
        return at - now if at > now else 0.0

    def spend(self, now: float) -> None:
        """A message goes at *now*."""
        if self.rate is not None:
            self.full_at = max(self.full_at, now) + self._interval

    def eta(self, backlog: int, now: float) -> float:
        """Seconds until the *backlog*-th message from now goes, if none is late."""
        if self.rate is None or backlog < 1:
            return 0.0
        start = max(self.full_at, self.paused_until, now)
        last = start + (backlog - 1) * self._interval - CATCH_UP
        return max(last, self.paused_until, now) - now

    def slowed(self, now: float, lately: float | None) -> bool:
        """Give way: whether this is news, or was said of what was on its way already.

        *lately* is the rate measured of late over all processes; None if not known.
        """
        if now < self.paused_until:
            return False
        known = [rate for rate in (self.rate, lately) if rate is not None]
        going = min(known, default=UNKNOWN)
        if self.rate is None or not self._aim:
            self._aim = going
        lowest = min(FLOOR, self._aim)
        self.rate = max(going / 2, lowest)
        self.slowed_at = now
        self.paused_until = now + min(FIRST_PAUSE * 2**self._streak, LONGEST_PAUSE)
        self._streak = min(self._streak + 1, 16)
        self._raised_at = self.paused_until
        self._pace()
        return True

    def took(self, now: float) -> None:
        """A message was accepted: recover a little."""
        if self.is_slowed and now >= self.paused_until:
            self._streak = 0
            self._raise(now)

    def share(self, fraction: float) -> None:
        """Keep to *fraction* of the rate: others draw from it too."""
        if fraction != self._share:
            self._share = fraction
            self._pace()

    def resume(self, full_at: float, now: float) -> None:
        """Go on where an earlier process stopped; it cannot have promised much."""
        self.full_at = max(self.full_at, min(full_at, now + self._interval))

    def hold(self, until: float) -> None:
        """Let nothing go before *until*."""
        if self.rate is not None:
            self.full_at = max(self.full_at, until + CATCH_UP)

    def kept(self) -> Slowness | None:
        """What a restart must know; None if nobody ever objected."""
        if self.slowed_at == float("-inf"):
            return None
        return Slowness(
            rate=self.rate,
            aim=self._aim,
            slowed_at=self.slowed_at,
            paused_until=self.paused_until,
            streak=self._streak,
        )

    def restore(self, kept: Slowness, now: float) -> None:
        """Take up what this or another process was told, if it is news and not old."""
        if now - kept.slowed_at > FORGOTTEN or kept.slowed_at < self.slowed_at:
            return
        if kept.slowed_at == self.slowed_at:
            self._recover_to(kept.rate)
            return
        # A file restored from the future, or a clock set back, must not silence us.
        self.slowed_at = min(kept.slowed_at, now)
        self.paused_until = min(kept.paused_until, now + LONGEST_PAUSE)
        self._aim = self.configured or kept.aim
        self._streak = kept.streak
        self._raised_at = max(self.paused_until, now)
        self.rate = kept.rate if kept.rate is not None else self.configured
        self._pace()
        self._recover_to(kept.rate)

    def _recover_to(self, rate: float | None) -> None:
        """Go at least as fast as others found to be well, never beyond the settings."""
        if self.rate is None:
            return
        if rate is None:
            self.rate = self.configured
        else:
            self.rate = max(self.rate, rate)
            if self.configured is not None:
                self.rate = min(self.rate, self.configured)
        self._pace()

    def _raise(self, now: float) -> None:
        rate, configured = self.rate or 0.0, self.configured
        spoken_for = max(_STEP, 2 / rate)
        self.rate = (
            rate + self._aim * min(now - self._raised_at, spoken_for) / _RECOVERY
        )
        self._raised_at = now
        if configured is not None:
            self.rate = min(self.rate, configured)
        elif self.rate >= self._aim * _LIFTED:
            self.rate = None
        self._pace()

    def _pace(self) -> None:
        self._interval = 1.0 / (self.rate * self._share) if self.rate else 0.0
