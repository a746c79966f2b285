"""The pace of sending: when the next message of a lane may go over a relay.

What limits it: the relay's rate, the lane's rate, both giving way when somebody says
"slow down" (``limiter``), and the relay's quotas and warm-up (``quota``). A lane holds
over all relays together: a provider judges us, not the way we came.

``Pace`` is the view of one process, asked once per message, in memory alone. What
outlives the process, or is shared with others on one store, is in ``sharing``: now and
then ``wants`` says that it is time, ``report`` is brought there, the answer adopted.

Moments are seconds since the epoch on a clock that never steps; ``now`` is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mailer.delivery.lanes import lanes_by_domain
from mailer.delivery.limiter import Limiter, Slowness
from mailer.delivery.quota import NO_QUOTAS, Account, Credit, Quotas, Usage, usage
from mailer.delivery.reply import Attempt, Fault, Outcome, Verdict
from mailer.delivery.sharing import Drawn, PaceAnswer, PaceReport, PaceState
from mailer.delivery.throttle import Rate

EVERY = 2.0
"""Seconds between two reports, while messages go."""

_MEASURED = 1.0
"""Seconds after which what went is a rate: the first message of a run is none."""

_WINDOW = 10.0  # seconds over which the present rate is measured
_STRANGERS = 4096  # domains measured at once; the rest counts as slow
_HASTE = 0.1  # seconds between two reports at least, however low a credit


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPace:
    """The pace a relay is configured with; nothing: as fast as it takes messages."""

    rate: Rate | None = None
    quotas: Quotas = NO_QUOTAS


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePace:
    """The domains of a lane, and the pace it is configured with."""

    domains: tuple[str, ...]
    rate: Rate | None = None


class Kind(StrEnum):
    """Whose pace it is."""

    RELAY = "relay"
    LANE = "lane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """Somebody asked us to slow down, and we do: news for the log and the operator."""

    kind: Kind
    name: str
    rate: float
    pause: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How fast a relay or a lane may go at a moment, in messages a second.

    ``rate`` None: as fast as it goes. ``pause`` is how many seconds nothing goes yet.
    """

    kind: Kind
    name: str
    configured: float | None
    rate: float | None
    pause: float


def asks_to_slow(attempt: Attempt, verdict: Verdict) -> Kind | None:
    """Whom the reply of *attempt* asks to slow down; None if nobody.

    Silence asks for nothing: it is the relay's health. Nor does a session that was
    ended because we said nothing for too long (4.4.2).
    """
    reply = attempt.reply
    if reply is None or verdict.outcome is not Outcome.DEFERRED:
        return None
    if not 400 <= reply.code < 500 or reply.enhanced == "4.4.2":
        return None
    match verdict.fault:
        case Fault.DOMAIN:
            return Kind.LANE
        case Fault.RELAY:
            return Kind.RELAY
        case _:
            return None


class Pace:
    """When a message may go, for one process.

    A relay or a lane that was not configured is as fast as it goes until it objects.
    ``worker`` is the name of this process, another at each start: in a container the
    number of a process is always 1, and a new one must not take over what a dead one
    had booked.
    """

    def __init__(
        self,
        *,
        relays: Mapping[str, RelayPace] = MappingProxyType({}),
        lanes: Mapping[str, LanePace] = MappingProxyType({}),
        worker: str = "",
    ) -> None:
        self.worker = worker
        self._lane_of = lanes_by_domain({n: lane.domains for n, lane in lanes.items()})
        self._named = frozenset(lanes)
        self._relays = {n: _limiter(relay.rate) for n, relay in relays.items()}
        self._lanes = {n: _limiter(lane.rate) for n, lane in lanes.items() if lane.rate}
        self._credits = {
            n: Credit(relay.quotas) for n, relay in relays.items() if relay.quotas
        }
        self._accounts: Mapping[str, Account] = {}
        self._share = 1.0
        self._met_at = float("-inf")
        self._spent_since = False
        self._now_going: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._just_gone: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._since = self._just_since = 0.0

    # -- once per message -----------------------------------------------------

    def lane(self, domain: str) -> str:
        """The lane of a recipient's *domain*; one of its own if it stands in none."""
        found = self._lane_of.get(domain)
        if found is None:
            domain = domain.lower()
            found = self._lane_of.get(domain, domain)
        return found

    def ready(self, relay: str, lane: str, now: float) -> float:
        """Seconds until a message may go; 0.0 now. Changes nothing."""
        wait = 0.0
        limiter = self._relays.get(relay)
        if limiter is not None:
            wait = limiter.ready(now)
        limiter = self._lanes.get(lane)
        if limiter is not None:
            wait = max(wait, limiter.ready(now))
        if self._credits:
            credit = self._credits.get(relay)
            if credit is not None:
                wait = max(wait, credit.ready(now))
        return wait

    def spend(self, relay: str, lane: str, now: float) -> None:
        """A message of *lane* goes over *relay* at *now*: it counts, whatever follows."""
        if now - self._since >= _WINDOW:
            self._turn(now)
        self._spent_since = True
        relays, lanes = self._now_going
        relays[relay] = relays.get(relay, 0) + 1
        if lane in lanes or lane in self._named or len(lanes) < _STRANGERS:
            lanes[lane] = lanes.get(lane, 0) + 1
        limiter = self._relays.get(relay)
        if limiter is not None:
            limiter.spend(now)
        limiter = self._lanes.get(lane)
        if limiter is not None:
            limiter.spend(now)
        if self._credits:
            credit = self._credits.get(relay)
            if credit is not None:
                credit.spend()

    def took(self, relay: str, lane: str, now: float) -> None:
        """*relay* accepted a message of *lane*: who was slowed recovers a little."""
        limiter = self._relays.get(relay)
        if limiter is not None:
            limiter.took(now)
        limiter = self._lanes.get(lane)
        if limiter is not None:
            limiter.took(now)

    # -- when somebody objects ------------------------------------------------

    def slowed(self, relay: str, lane: str | None, now: float) -> Slowed | None:
        """Give way in *lane*, or with the whole *relay* (None); None: we just did."""
        kind = Kind.RELAY if lane is None else Kind.LANE
        name = relay if lane is None else lane
        limiters = self._relays if lane is None else self._lanes
        limiter = limiters.get(name)
        if limiter is None:
            limiter = limiters[name] = Limiter()
            limiter.share(self._share)
        if not limiter.slowed(now, self._lately(kind, name, limiter, now)):
            return None
        self._spent_since = True
        return Slowed(
            kind=kind,
            name=name,
            rate=limiter.rate or 0.0,
            pause=limiter.paused_until - now,
        )

    def heard(
        self, attempt: Attempt, verdict: Verdict, lane: str, now: float
    ) -> Slowed | None:
        """Learn from what became of *attempt*; what to tell if it slows us down."""
        if verdict.outcome is Outcome.ACCEPTED:
            self.took(attempt.relay, lane, now)
            return None
        match asks_to_slow(attempt, verdict):
            case Kind.RELAY:
                return self.slowed(attempt.relay, None, now)
            case Kind.LANE:
                return self.slowed(attempt.relay, lane, now)
            case None:
                return None

    # -- looking ahead --------------------------------------------------------

    def eta(self, relay: str | None, lane: str, backlog: int, now: float) -> float:
        """Seconds until the *backlog*-th message of *lane* from now would go.

        As if nothing else were waiting, over *relay* or (None) whichever. A lower bound
        where a quota is spent: then it is when there is room again.
        """
        found = [0.0]
        if limiter := self._lanes.get(lane):
            found.append(limiter.eta(backlog, now))
        if relay is not None:
            if limiter := self._relays.get(relay):
                found.append(limiter.eta(backlog, now))
            if credit := self._credits.get(relay):
                found.append(credit.eta(backlog, now))
        return max(found)

    def rates(self, now: float) -> list[Standing]:
        """Every relay, and every lane that has a pace or was slowed."""
        return [
            Standing(
                kind=kind,
                name=name,
                configured=limiter.configured,
                rate=limiter.rate,
                pause=max(0.0, limiter.paused_until - now),
            )
            for kind, limiters in (
                (Kind.RELAY, self._relays),
                (Kind.LANE, self._lanes),
            )
            for name, limiter in sorted(limiters.items())
            if kind is Kind.RELAY or limiter.rate is not None
        ]

    def usage(self, now: float) -> dict[str, Usage]:
        """How much of their quotas the relays have had, by name."""
        return {
            name: usage(self._accounts.get(name, Account()), credit.quotas, now)
            for name, credit in self._credits.items()
        }

    # -- kept, and shared with other processes --------------------------------

    def share(self, fraction: float) -> None:
        """Keep to *fraction* of every rate: other processes draw from them too."""
        self._share = fraction
        for limiter in (*self._relays.values(), *self._lanes.values()):
            limiter.share(fraction)

    def wants(self, now: float) -> bool:
        """Whether it is time for a report; cheap enough to ask before every message."""
        since = now - self._met_at
        if since < _HASTE:
            return False
        if self._credits and any(c.is_low(now) for c in self._credits.values()):
            return True
        return since >= EVERY and self._spent_since and self._is_limited

    @property
    def _is_limited(self) -> bool:
        return bool(
            self._credits
            or any(limiter.rate is not None for limiter in self._lanes.values())
            or any(limiter.rate is not None for limiter in self._relays.values())
        )

    def report(self, now: float, *, leaving: bool = False) -> PaceReport:
        """What this process has to say; then ``meet``, then ``adopt`` the answer."""
        self._met_at = now
        self._spent_since = False
        return PaceReport(
            worker=self.worker,
            now=now,
            drawn={
                name: Drawn(
                    quotas=credit.quotas,
                    spent=credit.spent,
                    held=max(0, credit.held),
                    wanted=credit.wanted(now),
                )
                for name, credit in self._credits.items()
            },
            relays=_kept(self._relays),
            lanes=_kept(self._lanes),
            full_at={
                f"{kind} {name}": limiter.full_at
                for kind, limiters in self._limiters()
                for name, limiter in limiters.items()
                if limiter.is_slow and limiter.full_at > now
            },
            leaving=leaving,
        )

    def adopt(self, answer: PaceAnswer, now: float) -> None:
        """Go on as the others have it too."""
        for name, (messages, left) in answer.granted.items():
            credit = self._credits[name]
            credit.reported(answer.report.drawn[name].spent, answer.report.now)
            credit.grant(messages, left, answer.report.now)
            if answer.report.leaving:
                credit.held = 0  # others may have it by now
        self.restore(answer.state, now)
        others = len(answer.state.workers) - (0 if answer.report.leaving else 1)
        self.share(1.0 / (1 + others))
        if answer.is_new:
            self._begin(answer, now, alone=not others)

    def restore(self, state: PaceState, now: float) -> None:
        """See what all processes know; enough for who only wants to look at it."""
        self._accounts = state.accounts
        for kept, limiters in (
            (state.relays, self._relays),
            (state.lanes, self._lanes),
        ):
            for name, slowness in kept.items():
                limiters.setdefault(name, Limiter()).restore(slowness, now)

    def _begin(self, answer: PaceAnswer, now: float, *, alone: bool) -> None:
        """Take up what an earlier process spent; let those at work make room."""
        for kind, limiters in self._limiters():
            for name, limiter in limiters.items():
                limiter.resume(answer.state.full_at.get(f"{kind} {name}", 0.0), now)
                if not alone:
                    limiter.hold(now + EVERY + 1)

    def _limiters(self) -> tuple[tuple[Kind, dict[str, Limiter]], ...]:
        return ((Kind.RELAY, self._relays), (Kind.LANE, self._lanes))

    # -- the present rate -----------------------------------------------------

    def _turn(self, now: float) -> None:
        self._just_gone = self._now_going
        self._just_since = self._since
        if now - self._since >= 2 * _WINDOW:  # nothing went for a while
            self._just_gone, self._just_since = ({}, {}), now
        self._now_going, self._since = ({}, {}), now

    def _lately(
        self, kind: Kind, name: str, limiter: Limiter, now: float
    ) -> float | None:
        """Messages a second over all processes; None if unknown, or spoilt by a pause."""
        if now - limiter.paused_until < 2 * _WINDOW:
            return None
        at = 0 if kind is Kind.RELAY else 1
        went = self._now_going[at].get(name, 0) + self._just_gone[at].get(name, 0)
        elapsed = min(now - self._just_since, 2 * _WINDOW)
        if not went or elapsed < _MEASURED:
            return None
        return went / elapsed / self._share


def _limiter(rate: Rate | None) -> Limiter:
    return Limiter(rate.per_second if rate else None)


def _kept(limiters: Mapping[str, Limiter]) -> dict[str, Slowness]:
    found = ((name, limiter.kept()) for name, limiter in limiters.items())
    return {name: slowness for name, slowness in found if slowness}
