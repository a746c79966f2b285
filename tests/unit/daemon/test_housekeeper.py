"""The daemon purges once a day, and never while it sends."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from mailer.daemon.housekeeper import Housekeeper
from mailer.errors import StoreError
from mailer.flows.readers.retention import Purged, Terms
from mailer.phrases import say

MORNING = datetime.fromisoformat("2026-03-14T06:00:00+00:00")
TERMS = Terms(replies=timedelta(days=90), unconfirmed=None)


class Kept:
    """A store that remembers when it was purged."""

    def __init__(self) -> None:
        self.purged: list[datetime] = []
        self.fails = False

    async def due(self, terms: Terms, now: datetime) -> Purged:
        return Purged()

    async def purge(self, terms: Terms, now: datetime) -> Purged:
        assert terms is TERMS
        self.purged.append(now)
        if self.fails:
            raise StoreError(say("the disk is full: make room, then go on"))
        return Purged(replies=3)


class NoPolls:
    """A ballot box that was never used."""

    async def polls(self, publication: str | None = None) -> list[Any]:
        return []


class Home:
    """A house whose clock is set by hand."""

    def __init__(self) -> None:
        self.now = MORNING
        self.is_sending = False
        self.kept = Kept()
        house = SimpleNamespace(
            retention=TERMS, clock=SimpleNamespace(now=lambda: self.now)
        )
        self.keeper = Housekeeper(
            lambda: cast("Any", house),
            cast("Any", SimpleNamespace(retention=self.kept, ballots=NoPolls())),
            lambda: self.is_sending,
        )

    async def look(self, **later: float) -> int:
        """How often it purged so far."""
        self.now += timedelta(**later)
        self.keeper.look()
        await asyncio.sleep(0)
        return len(self.kept.purged)


async def test_once_at_the_start_and_once_a_day() -> None:
    """However often it is asked."""
    home = Home()
    assert [await home.look(), await home.look(hours=1)] == [1, 1]
    assert [await home.look(hours=22.9), await home.look(hours=0.2)] == [1, 2]
    await home.keeper.stop()


async def test_not_while_readers_are_written_to() -> None:
    """It is made up for when the run has ended."""
    home = Home()
    home.is_sending = True
    assert await home.look() == 0
    home.is_sending = False
    assert await home.look(seconds=15) == 1
    await home.keeper.stop()


async def test_a_clock_that_was_put_back_does_not_stop_it() -> None:
    """A last time that lies ahead is none."""
    home = Home()
    await home.look()
    assert await home.look(days=-400) == 2
    await home.keeper.stop()


async def test_a_database_that_fails_is_asked_again_the_next_day() -> None:
    """The daemon goes on."""
    home = Home()
    home.kept.fails = True
    assert [await home.look(), await home.look(hours=1)] == [1, 1]
    assert await home.look(days=1) == 2
    await home.keeper.stop()
