"""Letters to readers as an operator sees them: those that wait, and those that failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailer.flows.readers.correspondence import LetterKind, LetterState

OPEN = (LetterState.DUE, LetterState.HANDING_OVER)
FAILED = (LetterState.REFUSED, LetterState.IN_DOUBT, LetterState.EXPIRED)
AGAIN = (LetterState.DUE, LetterState.REFUSED, LetterState.IN_DOUBT)
"""Whose letters can be tried again, as long as they are of use."""

_SOON = timedelta(minutes=15)
"""After the tries of a quarter of an hour somebody should know that one waits."""

_LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterEntry:
    """One letter. ``next_attempt`` is None once nothing follows."""

    id: int
    kind: LetterKind
    publication: str
    email: str
    state: LetterState
    attempts: int
    reason: str
    created: datetime
    updated: datetime
    expires: datetime
    next_attempt: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What needs a person: letters that ``wait`` too long, or that nobody got of late.

    ``reason`` is why the oldest that waits was not taken; empty where nobody tried.
    """

    waiting: int = 0
    lost: int = 0
    reason: str = ""


class LetterBook(Protocol):
    """The port. StoreError."""

    async def entries(
        self,
        *,
        states: Collection[LetterState],
        publication: str = "",
        limit: int,
    ) -> Sequence[LetterEntry]:
        """The newest letters in one of *states*, the newest first."""

    async def find(self, number: int) -> LetterEntry | None:
        """One letter."""

    async def backlog(self, *, stuck: datetime, since: datetime) -> Backlog:
        """Those written before *stuck* that wait; those lost after *since*."""

    async def retry(
        self, numbers: Collection[int] | None, *, now: datetime
    ) -> Sequence[int]:
        """Have letters tried at once that are still of use; which. Durable.

        Those of *numbers* in a state of AGAIN; with None all that wait. Whoever is being
        sent at this moment stays as it is.
        """


async def backlog(book: LetterBook, now: datetime) -> Backlog:
    """What needs a person at *now*."""
    return await book.backlog(stuck=now - _SOON, since=now - _LATELY)
