"""What this process has handed over, counted for whoever watches it.

Counts begin at nothing with the process: the ledger, not the meter, is the truth. It is
told of whole groups, after they were committed, so that a message costs next to nothing.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from mailer.audience.address import domain_of
from mailer.delivery.ledger import State
from mailer.flows.ports import Claim, Run, Settlement

log = structlog.get_logger()

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds: the upper bounds of the histogram's buckets. A last one has no bound."""

_RESULTS = {
    State.ACCEPTED: "accepted",
    State.DUE: "deferred",
    State.REFUSED: "refused",
    State.IN_DOUBT: "in_doubt",
    State.EXPIRED: "expired",
}
RESULTS = tuple(_RESULTS.values())
"""What can become of an attempt."""

_TOLD = frozenset({State.REFUSED, State.IN_DOUBT, State.EXPIRED})
"""What gets a line in the log: ends that somebody may ask about."""


@dataclass(slots=True)
class Histogram:
    """How long something took: how many within each bound, not summed up."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one that took *seconds*."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.total_seconds += seconds


class Meter:
    """Counts by publication, relay and result; ``elapsed`` never steps back."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._begun: dict[tuple[int, int], float] = {}
        self.deliveries: Counter[tuple[str, str, str]] = Counter()
        self.seconds: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.connections: Counter[str] = Counter()
        self.bounces: Counter[str] = Counter()

    def opened(self, relay: str) -> None:
        """A connection to *relay* carries messages."""
        self.connections[relay] += 1

    def closed(self, relay: str) -> None:
        """It does not any more."""
        self.connections[relay] -= 1

    def came_back(self, kind: str) -> None:
        """What came back was settled: a bounce, a complaint, a request to leave."""
        self.bounces[kind] += 1

    def committed(
        self, run: Run, settlements: Sequence[Settlement], marks: Sequence[Claim]
    ) -> None:
        """Outcomes and marks of *run* are durable."""
        now = self._elapsed()
        for settlement in settlements:
            claim, relay = settlement.claim, settlement.attempt.relay
            begun = self._begun.pop((claim.run, claim.subscriber), None)
            if not settlement.tried:
                continue
            self.deliveries[run.publication, relay, _RESULTS[settlement.state]] += 1
            took = None if begun is None else now - begun
            if took is not None:
                self.seconds[relay].add(took)
            if settlement.state in _TOLD:
                _tell(run, settlement, took)
        for claim in marks:
            self._begun[claim.run, claim.subscriber] = now

    def ended(self, run: Run) -> None:
        """Nothing of *run* is under way here any more."""
        for key in [key for key in self._begun if key[0] == run.id]:
            del self._begun[key]


def _tell(run: Run, settlement: Settlement, took: float | None) -> None:
    claim, attempt = settlement.claim, settlement.attempt
    reply = attempt.reply
    log.warning(
        "delivery.ended",
        result=_RESULTS[settlement.state],
        run=run.name,
        edition=run.edition,
        publication=run.publication,
        relay=attempt.relay,
        delivery_id=f"{run.name}/{claim.subscriber}",
        domain=domain_of(claim.email),
        code=reply.code if reply else None,
        enhanced=reply.enhanced if reply else "",
        ms=None if took is None else round(took * 1000),
        reason=str(settlement.verdict.reason),
    )
