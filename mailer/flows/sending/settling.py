"""Where an attempt leaves its delivery, and when it is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailer.delivery.ledger import State
from mailer.delivery.reply import Attempt, Fault, Outcome, Stage, Verdict, judge
from mailer.delivery.retry import next_attempt
from mailer.errors import InputError
from mailer.flows.ports import Claim, Settlement
from mailer.flows.sending.desk import Policy
from mailer.phrases import Phrase, say

REJECTED = say("waits: the recipient's provider rejects us")
SLOW = say("waits: the recipient's provider wants fewer messages at a time")
_RELAY_DELAYS = (timedelta(seconds=10), timedelta(minutes=1))
"""A stumble of the relay is retried sooner than a reader's mailbox is."""


def settled(
    claim: Claim,
    attempt: Attempt,
    *,
    policy: Policy,
    now: datetime,
    give_up: datetime,
    jitter: float,
) -> Settlement:
    """What *attempt* did to the delivery of *claim*; *jitter* is drawn in [0, 1).

    Where our own configuration is refused (``Fault.RUN``) the delivery is due at once,
    and its attempt is not spent: the reader does not pay for it.
    """
    verdict = judge(attempt)
    later: datetime | None = None
    match verdict.outcome:
        case Outcome.ACCEPTED:
            state = State.ACCEPTED
        case _ if verdict.fault is Fault.RUN:
            state, later = State.DUE, now
        case Outcome.REFUSED:
            state = State.REFUSED
        case Outcome.IN_DOUBT if not policy.resend_doubt:
            state = State.IN_DOUBT
        case _:
            later = next_attempt(
                attempts=claim.attempts + 1,
                now=now,
                delays=_delays(policy, verdict),
                jitter=jitter,
                give_up=give_up,
            )
            state = State.EXPIRED if later is None else State.DUE
    return Settlement(
        claim=claim, state=state, attempt=attempt, verdict=verdict, next_attempt=later
    )


def put_off(claim: Claim, relay: str, until: datetime, why: Phrase) -> Settlement:
    """A reader whose provider is to be left alone *until* then: no attempt is spent."""
    return Settlement(
        claim=claim,
        state=State.DUE,
        attempt=Attempt(relay=relay, stage=Stage.CONNECT, reply=None),
        verdict=Verdict(outcome=Outcome.DEFERRED, fault=Fault.DOMAIN, reason=why),
        next_attempt=until,
        tried=False,
    )


def unwritable(claim: Claim, relay: str, error: InputError) -> Settlement:
    """A reader to whom no message can be addressed: refused, by us and by name."""
    return Settlement(
        claim=claim,
        state=State.REFUSED,
        attempt=Attempt(relay=relay, stage=Stage.CONNECT, reply=None),
        verdict=Verdict(
            outcome=Outcome.REFUSED, fault=Fault.RECIPIENT, reason=error.message
        ),
    )


def _delays(policy: Policy, verdict: Verdict) -> tuple[timedelta, ...]:
    delays = tuple(policy.delays)
    if verdict.fault is Fault.RELAY:
        shortest = min(_RELAY_DELAYS[0], delays[0])
        return (shortest, *_RELAY_DELAYS[1:], *delays)
    return delays
