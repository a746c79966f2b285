"""The calendar of every publication as the daemon watches it: what is due, what is next."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from mailer.edition.agenda import Dated, Departure, agenda, coming
from mailer.edition.model import Publication
from mailer.edition.vigil import Need
from mailer.flows.departing.arming import arm_departure
from mailer.flows.departing.schedule import News, Timetable, tick
from mailer.flows.ports import Run
from mailer.phrases import Phrase
from mailer.stores import Stores
from mailer.wiring import House

_FRESH_SECONDS = 1.0

Editions = Sequence[tuple[Publication, Sequence[Dated]]]


class Tower:
    """Looks at the editions of *house* and at the slots of *stores*."""

    def __init__(self, house: House, stores: Stores, *, owner: str) -> None:
        self._house = house
        self._stores = stores
        self._owner = owner
        self._vigil = house.vigil(stores)
        self._read: tuple[float, Editions] = (-math.inf, ())

    @property
    def ahead(self) -> timedelta:
        """How long before its hour a run is opened: its grace, in which it is armed."""
        return self._house.settings.send.grace

    async def tick(self) -> list[News]:
        """Do what is due now; see ``flows.departing.schedule.tick``."""
        now = self._house.clock.now()
        editions = await asyncio.to_thread(self._editions)
        table = Timetable(
            slots=self._stores.slots,
            ledger=self._stores.ledger,
            agenda=partial(agenda, editions),
            arm=self._arm,
            owner=self._owner,
            catch_up=self._house.settings.send.catch_up,
            ahead=self.ahead,
        )
        return await tick(now, table)

    async def upcoming(self) -> Departure | None:
        """The next departure of any publication."""
        return min(await self.coming(), key=lambda each: each.due, default=None)

    async def coming(self) -> list[Departure]:
        """The next departure of each publication that has one."""
        now = self._house.clock.now()
        editions = await asyncio.to_thread(self._editions)
        return [
            found
            for publication, dated in editions
            for found in coming(publication, dated, now=now, count=1)
        ]

    def _editions(self) -> Editions:
        """Every publication with its editions; they may change at any time.

        Read once for all that a tick asks of them.
        """
        house = self._house
        now = house.clock.monotonic()
        if now - self._read[0] > _FRESH_SECONDS:
            papers = map(house.settings.publication, house.settings.publications)
            found = [(paper, house.newsroom.dated(paper)) for paper in papers]
            self._read = (now, found)
        return self._read[1]

    async def watch(self) -> list[tuple[Departure, Need]]:
        """Prove and alarm where a departure needs it; what was done. See ``Vigil``."""
        now, desk = self._house.clock.now(), self._vigil.desk
        editions = await asyncio.to_thread(self._editions)
        since = now - self._house.settings.send.catch_up
        near = agenda(editions, since, now + desk.watch.begins)
        # What is past and has no edition is nobody's any more, or from before our time.
        ours = [each for each in near if each.due > now or each.editions]
        return [(each, need) for each in ours for need in await self._vigil.look(each)]

    async def tell_held(self, departure: Departure, reason: Phrase) -> None:
        """Have operators know that *departure* waits for a person."""
        await self._vigil.tell_held(departure, reason)

    async def _arm(self, departure: Departure) -> Run:
        """Open the run of *departure*: rendered as it stands, checked, frozen."""
        return await arm_departure(
            departure,
            self._house.newsroom,
            self._stores.approvals,
            self._stores.ledger,
            auto=self._house.settings.send.approval == "auto",
            now=self._house.clock.now(),
            canary=self._house.settings.send.canary,
        )
