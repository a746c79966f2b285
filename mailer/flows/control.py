"""What an operator asks of the ledger: a port beside the one that sends.

Nothing here is called once per message. Many rows come in pages, so that a million of
them need no memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.ports import Entry, Run
from mailer.phrases import Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which lines of the ledger are wanted; what is not said is not asked for.

    ``deferred`` wants what was tried and waits, besides ``states``; ``domain`` is the
    recipients', in lower case; ``since`` looks at the last change of a line.
    """

    run: Run | None = None
    states: frozenset[State] = frozenset()
    deferred: bool = False
    domain: str = ""
    relay: str = ""
    address: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry of the ledger, and the run and edition that it belongs to."""

    run: str
    edition: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A delivery in doubt: who may have got it, over which relay, since when and why."""

    subscriber: int
    variant: Variant
    email: str
    relay: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What becomes of a doubt: ACCEPTED, BOUNCED (taken, and failed later), or DUE."""

    doubt: Doubt
    state: State
    words: Phrase


class Control(Protocol):
    """The operator's hand on the ledger. StoreError, and then nothing has happened."""

    async def pause(self, run: Run, *, reason: Phrase) -> Run:
        """Hold *run* until somebody resumes it; GuardError if it is finished.

        No message is marked as being handed over from then on, in any process.
        """

    async def doubts(self, run: Run) -> list[Doubt]:
        """What is in doubt, by address."""

    async def resolve(
        self, run: Run, resolutions: Sequence[Resolution], *, now: datetime
    ) -> int:
        """End doubts, all or none; how many still stood.

        A finished run of which something is due again is paused until it is resumed.
        GuardError if that run was cancelled.
        """

    async def latest(self, search: Search, *, limit: int) -> list[Line]:
        """The *limit* lines that changed last, the oldest of them first."""

    def lines(self, search: Search) -> AsyncIterator[Sequence[Line]]:
        """Every line, in pages: by run, the newest first, then as readers joined."""
