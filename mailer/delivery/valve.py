"""When a run stops by itself, and which providers' readers wait while the others go on.

Fed with every verdict. Only what is settled for good counts: a deferral is tried again,
and whoever refuses the run as a whole (``Fault.RUN``) stops it without being counted.
No clock: ``now`` is handed in, in seconds that only grow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import sqrt

from mailer.delivery.reply import Fault, Outcome, Verdict
from mailer.phrases import NOTHING, Phrase, say

_FEWEST = 5
"""Failures below this number are no ratio: one dead address of ten readers is 10 %."""

_CHANCE = 2.0
"""How many standard deviations are luck. A list whose dead addresses are half of what
is allowed shows twice the ratio in the first hundred now and then; above this it stops
about once in two hundred runs."""

_LONGEST_WAIT = timedelta(hours=4)
_LOST_PROBE = timedelta(minutes=11).total_seconds()
"""After the longest wait for a reply (RFC 5321 section 4.5.3.2.6) nothing comes any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may meet before it stops; 0 (a ratio of 1) lets everything pass.

    ``domain_wait`` is how long a provider's readers wait the first time, twice as long
    each time after, at most four hours.
    """

    max_failure_ratio: float = 0.02
    max_refusals_in_row: int = 20
    max_message_refusals: int = 10
    max_domain_refusals: int = 5
    domain_wait: timedelta = timedelta(minutes=30)

    def allowed(self, count: int) -> float:
        """How many failures of *count* messages the ratio and chance explain."""
        if self.max_failure_ratio == 0:
            return 0
        expected = self.max_failure_ratio * count
        return max(_FEWEST - 1, expected + _CHANCE * sqrt(expected))


UNLIMITED = Limits(
    max_failure_ratio=1,
    max_refusals_in_row=0,
    max_message_refusals=0,
    max_domain_refusals=0,
)
"""Whatever happens, a run goes on to its end."""


@dataclass(slots=True)
class _Domain:
    """A provider that has rejected us: how often in a row, and until when it waits."""

    refusals: int = 0
    waits: int = 0
    until: float = float("-inf")
    probed: float = float("-inf")


@dataclass(slots=True)
class Valve:
    """What a run has met since it was begun or resumed: resuming is a fresh judgement."""

    limits: Limits
    settled: int = 0
    failed: int = 0
    in_row: int = 0
    of_message: int = 0
    _domains: dict[str, _Domain] = field(default_factory=dict)

    def observe(self, verdict: Verdict, domain: str, now: float) -> Phrase:
        """Count *verdict* on a reader of *domain*: why the run must stop, or nothing."""
        self._judge_domain(verdict, domain, now)
        match verdict.outcome:
            case Outcome.ACCEPTED:
                self.settled += 1
                self.in_row = 0
            case Outcome.REFUSED | Outcome.IN_DOUBT:
                self.settled += 1
                self.failed += 1
                self.in_row += 1
                self.of_message += verdict.fault in {Fault.MESSAGE, Fault.OURS}
                return self._reason(verdict)
            case Outcome.DEFERRED:
                pass
        return NOTHING

    @property
    def is_anybody_waiting(self) -> bool:
        """Whether any provider has rejected us and not taken a message since."""
        return bool(self._domains)

    def wait(self, domain: str, now: float) -> float:
        """Seconds that readers of *domain* wait; 0.0 now, and then somebody must go.

        Where a provider's wait is over one reader goes first; the others wait for what
        becomes of them.
        """
        known = self._domains.get(domain)
        if known is None or not known.waits:
            return 0.0
        if now < known.until:
            return known.until - now
        answer_by = known.probed + _LOST_PROBE
        if now < answer_by:
            return answer_by - now
        known.probed = now
        return 0.0

    def _judge_domain(self, verdict: Verdict, domain: str, now: float) -> None:
        """Put a provider back that rejects us, not its readers, so often in a row."""
        k = self.limits.max_domain_refusals
        if verdict.outcome is Outcome.ACCEPTED:
            self._domains.pop(domain, None)
            return
        rejects = (
            verdict.outcome is Outcome.REFUSED and verdict.fault is Fault.DOMAIN and k
        )
        known = self._domains.get(domain)
        if known is None:
            if not rejects:
                return
            known = self._domains[domain] = _Domain()
        if not rejects:
            known.probed = float("-inf")  # no answer to the question: the next one asks
            return
        known.refusals += 1
        is_waiting = now < known.until  # said before it was put back: nothing new
        if known.refusals >= k and not is_waiting:
            wait = min(self.limits.domain_wait * 2**known.waits, _LONGEST_WAIT)
            known.waits += 1
            known.until = now + wait.total_seconds()
            known.probed = float("-inf")

    def _reason(self, last: Verdict) -> Phrase:
        limits = self.limits
        if 0 < limits.max_refusals_in_row <= self.in_row:
            return say(
                "{count} messages in a row were not taken, the last one: {reason}",
                count=self.in_row,
                reason=last.reason,
            )
        if 0 < limits.max_message_refusals <= self.of_message:
            return say(
                "the message itself was refused {count} times, the last time: {reason}",
                count=self.of_message,
                reason=last.reason,
            )
        if limits.max_failure_ratio < 1 and self.failed > limits.allowed(self.settled):
            return say(
                "{failed} of {count} messages were not taken ({ratio}% is the limit),"
                " the last one: {reason}",
                failed=self.failed,
                count=self.settled,
                ratio=round(limits.max_failure_ratio * 100, 2),
                reason=last.reason,
            )
        return NOTHING
