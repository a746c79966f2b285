"""What the ledger amounts to: the tally of a run and its balance sheet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Deliveries of one run, counted from their rows.

    ``accepted`` includes those that bounced or complained later; ``waiting`` is every
    row not yet at an end: due, claimed, being handed over. ``deferred`` is the part of
    ``waiting`` that was tried before.
    """

    audience: int
    accepted: int = 0
    refused: int = 0
    in_doubt: int = 0
    withdrawn: int = 0
    expired: int = 0
    waiting: int = 0
    deferred: int = 0

    @property
    def balanced(self) -> bool:
        """Whether everybody of the audience is accounted for."""
        return self.audience == (
            self.accepted
            + self.refused
            + self.in_doubt
            + self.withdrawn
            + self.expired
            + self.waiting
        )
