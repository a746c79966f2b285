"""Who answers for an edition: the port that keeps approvals, and what they are made of.

It stands apart from ``ports`` for its size alone; the adapter is in ``store``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.rendering.changes import Basis
from mailer.rendering.model import Frozen


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An error that was sent nevertheless: which rule, and who answers for it."""

    rule: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody's word that an edition may leave as it was frozen then.

    ``sha256`` is the frozen edition's; ``accepted`` are the errors of the checks that
    they took upon themselves; ``basis`` is what it was made of, to tell later what
    changed.
    """

    id: int
    edition: str
    sha256: str
    by: str
    at: datetime
    basis: Basis
    accepted: tuple[Acceptance, ...] = ()


class Approvals(Protocol):
    """Who approved what. An edition has one standing approval at most.

    Every method is durable when it returns; StoreError, and then nothing happened.
    """

    async def approve(
        self,
        frozen: Frozen,
        *,
        by: str,
        now: datetime,
        basis: Basis,
        accepted: Sequence[Acceptance] = (),
    ) -> Approval:
        """Keep *frozen*, and *by*'s word for it; an earlier approval ends with this.

        GuardError if a run of the edition is not finished.
        """

    async def withdraw(self, edition: str, *, by: str, now: datetime) -> bool:
        """End the standing approval of *edition*; False if there was none.

        GuardError if a run of the edition is not finished.
        """

    async def standing(self, edition: str) -> Approval | None:
        """The approval of *edition* that nobody took back, or None."""

    async def approved(self, approval: Approval) -> Frozen:
        """The edition as it was approved, bytes and all."""
