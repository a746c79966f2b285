"""A run that somebody is being asked about: a port beside the ledger.

To write a row for each of a million readers takes seconds. Done before the question, a
yes is all it takes for the first message to leave, and it goes to exactly those who were
counted. Until then no run exists, and nothing that looks at runs sees one.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.flows.ports import Plan
from mailer.rendering.model import Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Rows without a run: ``id`` is the number it would have, ``plan`` what it amounts to."""

    id: int
    plan: Plan


class Proposals(Protocol):
    """Proposed runs. Raises StoreError, and then nothing of that call has happened."""

    def proposed(
        self, frozen: Frozen, *, now: datetime
    ) -> AbstractAsyncContextManager[Proposal]:
        """A run of *frozen* as it would be opened *now*, to be asked about.

        ``Ledger.open_run`` makes a run of it, for some minutes, and as long as no other
        run of this publication was opened meanwhile; else it counts anew. What is not
        opened is deleted at the end, or an hour after a crash by whoever comes next.
        GuardError as ``Ledger.plan``.
        """
