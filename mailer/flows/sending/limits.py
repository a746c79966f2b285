"""What a run meets, judged as it comes: whether it goes on, and whose turn it is."""

from __future__ import annotations

from mailer.audience.address import domain_of
from mailer.delivery.reply import Fault, Outcome, Verdict
from mailer.delivery.valve import Limits, Valve
from mailer.flows.ports import Claim, Clock
from mailer.phrases import Phrase, say


class Watch:
    """The valve of one run, on its sender's clock."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._valve = Valve(limits)
        self._clock = clock

    def heed(self, claim: Claim, verdict: Verdict) -> Phrase:
        """Count what became of *claim*: why the run must be held, or nothing."""
        domain = domain_of(claim.email)
        return self._valve.observe(verdict, domain, self._clock.monotonic())

    def heed_bounce(self, email: str) -> Phrase:
        """Count a message that was taken and came back: nobody has it."""
        verdict = Verdict(
            outcome=Outcome.REFUSED,
            fault=Fault.RECIPIENT,
            reason=say("{address} bounced", address=email),
        )
        return self._valve.observe(verdict, domain_of(email), self._clock.monotonic())

    def wait(self, claim: Claim) -> float:
        """Seconds until the provider of *claim*'s reader is asked again; 0.0 now."""
        if not self._valve.is_anybody_waiting:
            return 0.0
        return self._valve.wait(domain_of(claim.email), self._clock.monotonic())
