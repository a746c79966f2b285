"""The states of a delivery, and the one table in which they change."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where the journey of one message to one subscriber stands."""

    DUE = "due"
    CLAIMED = "claimed"
    HANDING_OVER = "handing over"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
