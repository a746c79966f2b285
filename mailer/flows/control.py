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
from mailer.flows.ports import Entry, Run


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


class Control(Protocol):
    """The operator's hand on the ledger. StoreError, and then nothing has happened."""

    async def latest(self, search: Search, *, limit: int) -> list[Line]:
        """The *limit* lines that changed last, the oldest of them first."""

    def lines(self, search: Search) -> AsyncIterator[Sequence[Line]]:
        """Every line, in pages: by run, the newest first, then as readers joined."""
