"""What a relay's reply means for one delivery.

A reply is a value, never an exception: 4yz and 5yz are ordinary news on the wire.
Only the absence of a reply is out of the ordinary, and that has an Outcome too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a transaction had come when its last reply came, or did not come."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Outcome(StrEnum):
    """What a reply means; silence after the body began is *in doubt*."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"


class Fault(StrEnum):
    """Whose fault it is, and so who must act: see the table of ``judge``."""

    NONE = "none"
    RECIPIENT = "recipient"
    MESSAGE = "message"
    DOMAIN = "domain"
    RELAY = "relay"
    RUN = "run"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the relay said. ``enhanced`` is ``5.1.1`` or empty (RFC 3463 section 2)."""

    code: int
    text: str = ""
    enhanced: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One hand-over to a relay: the stage reached, and the reply or silence (None)."""

    relay: str
    stage: Stage
    reply: Reply | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An attempt, judged: the outcome, whose fault, and a reason in words."""

    outcome: Outcome
    fault: Fault
    reason: str
