"""What is known of the relays, shared by senders and operator.

A sender's switchboard lives in its process. What the operator says (*paused*, *resumed*)
reaches it through the relay book within seconds, and what it finds (*set aside*) is
written there, for whoever asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from mailer.delivery.switchboard import Health, Standing, Switchboard
from mailer.errors import StoreError
from mailer.phrases import NOTHING, Phrase

log = structlog.get_logger()

_EVERY = 2.0
"""Seconds between two looks into the book: how long a *pause* may take to be obeyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where a sender saw a relay stand, and when; see ``switchboard.Standing``."""

    relay: str
    health: Health
    seen: datetime
    worker: str
    reason: Phrase = NOTHING
    until: datetime | None = None
    permanent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPage:
    """All that the book holds of one relay.

    ``paused_by`` and ``paused_at`` are the operator's pause, if there is one;
    ``resumed_at`` is when they last said to try again.
    """

    relay: str
    paused_by: str = ""
    paused_at: datetime | None = None
    resumed_at: datetime | None = None
    sighting: Sighting | None = None

    @property
    def is_paused(self) -> bool:
        """Whether the operator wants it left alone."""
        return self.paused_at is not None


class RelayBook(Protocol):
    """The port. Every method is durable when it returns, or raises StoreError."""

    async def pages(self) -> list[RelayPage]:
        """A page for each relay of which anything is known, by name."""

    async def pause(self, relay: str, *, by: str, now: datetime) -> bool:
        """The operator wants *relay* left alone; False if so already."""

    async def resume(self, relay: str, *, now: datetime) -> bool:
        """End a pause, and have *relay* tried at once; whether it was paused."""

    async def note(self, sightings: Sequence[Sighting]) -> None:
        """Write down what a sender has found; the last one to write is believed."""


class RelayWatch:
    """Keeps one process's switchboard and the book in step.

    ``now`` gives the seconds that the switchboard counts in, from the epoch. Like the
    pace, the book is never waited for: ``look`` returns at once.
    """

    def __init__(
        self,
        board: Switchboard,
        book: RelayBook,
        *,
        worker: str,
        now: Callable[[], float],
    ) -> None:
        self._board = board
        self._book = book
        self._worker = worker
        self._now = now
        self._next = 0.0
        self._running: asyncio.Task[None] | None = None
        self._resumed: dict[str, datetime | None] = {}
        self._noted: dict[str, tuple[Health, Phrase]] = {}

    async def open(self) -> None:
        """Know what is paused, before the first connection; StoreError."""
        pages = await self._book.pages()
        self._resumed = {page.relay: page.resumed_at for page in pages}
        self._obey(pages)

    def look(self) -> None:
        """Look into the book if it is time. Call it often, while waiting too."""
        if self._running is None and self._now() >= self._next:
            self._next = self._now() + _EVERY
            self._running = asyncio.create_task(self._try())

    async def close(self) -> None:
        """Finish what is under way, and leave the last sightings behind."""
        if self._running is not None:
            await self._running
        await self._try()

    async def _try(self) -> None:
        try:
            await self._note()
            self._obey(await self._book.pages())
        except StoreError as error:
            # What was known holds. The ledger says more, if it cannot be read either.
            log.warning("relays.not_shared", reason=str(error))
        finally:
            self._running = None

    def _obey(self, pages: Sequence[RelayPage]) -> None:
        self._board.pause([page.relay for page in pages if page.is_paused])
        for page in pages:
            if page.resumed_at != self._resumed.get(page.relay):
                self._resumed[page.relay] = page.resumed_at
                self._board.try_now(page.relay, self._now())

    async def _note(self) -> None:
        """Write what has changed since the last time: a few lines an hour."""
        now = self._now()
        standings = [
            standing
            for standing in self._board.standings(now)
            if standing.health is not Health.PAUSED  # which the book says itself
            and self._noted.get(standing.relay) != (standing.health, standing.reason)
        ]
        if not standings:
            return
        await self._book.note([self._sighting(each, now) for each in standings])
        for each in standings:
            self._noted[each.relay] = (each.health, each.reason)

    def _sighting(self, standing: Standing, now: float) -> Sighting:
        until = standing.until
        return Sighting(
            relay=standing.relay,
            health=standing.health,
            seen=datetime.fromtimestamp(now, UTC),
            worker=self._worker,
            reason=standing.reason,
            until=None if until is None else datetime.fromtimestamp(until, UTC),
            permanent=standing.permanent,
        )
