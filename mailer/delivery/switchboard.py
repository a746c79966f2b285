"""Which relay carries the next message: weights, priorities, and who is set aside.

Each relay has a circuit breaker. *Up*, it carries its share. After a few connections or
logins that failed in a row it is *set aside*, for longer each time; when that time has
passed it is *on probation*: one connection may try, and decides. What a relay set aside
would have carried goes to the others of its priority, and where none of them is left to
the next priority. A delivery in doubt is no business of the switchboard: it is not due,
so no relay is ever offered it.

Shares follow start-time fair queueing: each relay has a clock of its own that ticks by
1/weight for each message it takes, and the relay whose clock is furthest behind is next.
A relay that could not take its turn may catch up a little, never all that it missed.
``now`` is in seconds, from a clock that never steps back; jitter is handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from mailer.phrases import NOTHING, Phrase, say

_PATIENCE = 3
"""Failures in a row before a relay is set aside: one is chance, and three are not."""

_SHORT = 10.0, 900.0
"""Seconds set aside for what may pass by itself: doubled each time, up to a quarter of
an hour, so that a relay that is back is found within that time."""

_LONG = 900.0, 14_400.0
"""The same for what an operator must mend. Not forever: a certificate may be renewed at
the other end. Not often either: some relays lock a login after a few failures."""

_DOUBLINGS = 16  # more would only make large numbers

_SPREAD = 0.25
"""How much of a pause the jitter may take away, so that senders do not come in step."""

_CREDIT = 16.0
"""Messages a relay may catch up on after it could not take its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a relay is to carry: ``weight`` among those of the best ``priority``.

    Priorities are like those of MX records: 1 goes before 2, and 2 carries only when
    nobody of 1 is up. ``connections`` is how many may be open at once.
    """

    relay: str
    weight: int = 1
    priority: int = 1
    connections: int = 1


class Health(StrEnum):
    """What is known of a relay: the three states of its circuit breaker, and *paused*."""

    UP = "up"
    PROBATION = "probation"
    ASIDE = "aside"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a relay stands at one moment.

    ``until`` is when it is tried again, ``reason`` what it was set aside for; a
    ``permanent`` reason does not pass by itself. ``taken`` counts its messages.
    """

    relay: str
    health: Health
    reason: Phrase = NOTHING
    until: float | None = None
    permanent: bool = False
    taken: int = 0


class Switchboard:
    """The relays of one process, and what it has learned about them."""

    def __init__(self, shares: Iterable[Share]) -> None:
        self._lines = {
            share.relay: _Line(share, place) for place, share in enumerate(shares)
        }
        self._clock = 0.0
        self._rooms: dict[str, int] = {}
        self._holds_until = float("-inf")  # until then _rooms is right

    def carriers(self, now: float) -> Collection[str]:
        """The relays that should hold connections now.

        Those that are up, of the best priority that has any; and those on probation, of
        that priority or a better one. How many connections: ``connections``.
        """
        return self._rooms_at(now).keys()

    def connections(self, relay: str, now: float) -> int:
        """How many connections *relay* should hold now: none unless it is a carrier."""
        return self._rooms_at(now).get(relay, 0)

    def may_take(self, relay: str, now: float, able: Collection[str]) -> bool:
        """Whether the next message is for *relay*, when *able* could take one now.

        Of the relays in *able* that are up and carry, exactly one may: none waits for
        one that is busy, and whose share lags furthest behind is next.
        """
        line = self._lines[relay]
        if relay not in self.carriers(now) or line.health(now) is not Health.UP:
            return False
        mine = self._turn(line)
        for name in able:
            if name == relay or name not in self._rooms:
                continue
            rival = self._lines[name]
            if rival.health(now) is Health.UP and self._turn(rival) < mine:
                return False
        return True

    def took(self, relay: str) -> None:
        """*relay* has taken a message: its clock moves on."""
        line = self._lines[relay]
        self._clock = max(self._clock, start := self._turn(line)[0])
        line.clock = start + 1 / line.share.weight
        line.taken += 1

    def failed(
        self,
        relay: str,
        now: float,
        reason: Phrase,
        *,
        permanent: bool = False,
        closing: bool = False,
        held: int = 0,
        jitter: float = 0.0,
    ) -> Standing | None:
        """A connection to *relay* could not be opened; the news, if it is now set aside.

        ``permanent`` is what only an operator can mend, ``closing`` a 421 in place of a
        greeting: both set aside at once. *held* counts the other connections that are
        open to it: where there are some, a failure only means that there is no room
        for one more. *jitter* is a number in [0, 1).
        """
        line = self._lines[relay]
        before = line.health(now)
        if held and not permanent and before is Health.UP:
            line.crowded(now, held, jitter)
        else:
            line.failed(
                now, reason, permanent=permanent, closing=closing, jitter=jitter
            )
        self._holds_until = float("-inf")
        went = before is not Health.ASIDE and line.health(now) is Health.ASIDE
        return self._standing(line, now) if went else None

    def reached(self, relay: str, now: float) -> bool:
        """A connection to *relay* is open; whether that ends a time aside."""
        line = self._lines[relay]
        back = line.until is not None
        line.reached(now)
        if back:  # with its fair share from now on, and not with what it has missed
            line.clock = max(line.clock, self._clock)
        self._holds_until = float("-inf")
        return back

    def pause(self, relays: Collection[str]) -> None:
        """These relays, and no others, are paused by the operator."""
        for name, line in self._lines.items():
            line.paused = name in relays
        self._holds_until = float("-inf")

    def try_now(self, relay: str, now: float) -> None:
        """End the pause of *relay*, if it is set aside: it is on probation at once."""
        line = self._lines.get(relay)
        if line is not None and line.until is not None:
            line.until = min(line.until, now)
            self._holds_until = float("-inf")

    def wake_at(self, now: float) -> float | None:
        """When something changes by itself: a probation begins, room is tried for."""
        moments = [
            moment
            for line in self._lines.values()
            for moment in (line.until, line.crowded_until)
            if moment is not None and moment > now and not line.paused
        ]
        return min(moments, default=None)

    def standings(self, now: float) -> list[Standing]:
        """Where each relay stands, in their order."""
        return [self._standing(line, now) for line in self._lines.values()]

    def is_hopeless(self, now: float) -> bool:
        """Whether waiting cannot help: each relay needs the operator."""
        return all(
            standing.health is Health.PAUSED or standing.permanent
            for standing in self.standings(now)
        )

    def why_not(self, now: float) -> Phrase:
        """Each relay that does not carry because something is wrong, and what."""
        said = NOTHING
        for line in self._lines.values():
            if (words := line.why_not(now)) and said:
                said = say("{before}; {last}", before=said, last=words)
            else:
                said = words or said
        return said

    def _rooms_at(self, now: float) -> dict[str, int]:
        """How many connections each carrier should hold; asked for every message."""
        if now >= self._holds_until:
            states = [(line, line.health(now)) for line in self._lines.values()]
            up = [line for line, health in states if health is Health.UP]
            best = min((line.share.priority for line in up), default=None)
            self._rooms = {
                line.share.relay: line.room(now) if health is Health.UP else 1
                for line, health in states
                if (health is Health.UP and line.share.priority == best)
                or (
                    health is Health.PROBATION
                    and (best is None or line.share.priority <= best)
                )
            }
            wake = self.wake_at(now)
            self._holds_until = float("inf") if wake is None else wake
        return self._rooms

    def _turn(self, line: _Line) -> tuple[float, int]:
        """The smaller, the sooner; equal ones in the order of the settings."""
        oldest = self._clock - _CREDIT / line.share.weight
        return max(line.clock, oldest), line.place

    def _standing(self, line: _Line, now: float) -> Standing:
        return Standing(
            relay=line.share.relay,
            health=line.health(now),
            reason=line.reason,
            until=line.until,
            permanent=line.permanent,
            taken=line.taken,
        )


class _Line:
    """One relay and its breaker."""

    def __init__(self, share: Share, place: int) -> None:
        self.share = share
        self.place = place
        self.clock = 0.0
        self.taken = 0
        self.paused = False
        self.reason: Phrase = NOTHING
        self.permanent = False
        self.until: float | None = None
        self.crowded_until: float | None = None
        self._limit = share.connections
        self._failures = 0
        self._trips = self._crowdings = 0  # doublings of the next pause
        self._pause = 0.0
        self._up_since = float("-inf")

    def health(self, now: float) -> Health:
        if self.paused:
            return Health.PAUSED
        if self.until is None:
            return Health.UP
        return Health.ASIDE if now < self.until else Health.PROBATION

    def room(self, now: float) -> int:
        """How many connections it has room for, as far as we know."""
        if self.crowded_until is None:
            return self.share.connections
        more = 1 if now >= self.crowded_until else 0
        return min(self._limit + more, self.share.connections)

    def failed(
        self,
        now: float,
        reason: Phrase,
        *,
        permanent: bool,
        closing: bool,
        jitter: float,
    ) -> None:
        self._failures += 1
        if self.until is None:
            if not (permanent or closing or self._failures >= _PATIENCE):
                return
            if now - self._up_since > self._pause:
                self._trips = 0  # it had recovered
        elif now < self.until and (self.permanent or not permanent):
            return  # was on its way already when the relay was set aside
        first, longest = _LONG if permanent else _SHORT
        self._pause = min(first * 2**self._trips, longest)
        self._trips = min(self._trips + 1, _DOUBLINGS)
        self.reason, self.permanent = reason, permanent
        self.until = now + self._pause * (1 - _SPREAD * jitter)

    def crowded(self, now: float, held: int, jitter: float) -> None:
        first, longest = _SHORT
        pause = min(first * 2**self._crowdings, longest)
        self._crowdings = min(self._crowdings + 1, _DOUBLINGS)
        self._limit = held
        self.crowded_until = now + pause * (1 - _SPREAD * jitter)

    def reached(self, now: float) -> None:
        self._failures = 0
        if self.until is not None:
            self.until, self.permanent, self.reason = None, False, NOTHING
            self._up_since = now
        if self.crowded_until is not None and now >= self.crowded_until:
            self._limit += 1
            if self._limit >= self.share.connections:
                self.crowded_until, self._crowdings = None, 0

    def why_not(self, now: float) -> Phrase:
        match self.health(now):
            case Health.UP:
                return NOTHING
            case Health.PAUSED:
                return say("relay {relay} is paused", relay=self.share.relay)
            case _:
                return say(
                    "relay {relay} is set aside: {reason}",
                    relay=self.share.relay,
                    reason=self.reason,
                )
