"""The calendar of every publication as the daemon watches it: what is due, what is next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from mailer.edition.agenda import Dated, Departure, coming, departures
from mailer.edition.model import Publication
from mailer.errors import NotFoundError
from mailer.flows.approve import as_approved, cleared
from mailer.flows.assemble import assemble, require_clean
from mailer.flows.depart import arm
from mailer.flows.ports import Run
from mailer.flows.schedule import News, Timetable, tick
from mailer.phrases import say
from mailer.wiring import House, Stores

Editions = Sequence[tuple[Publication, Sequence[Dated]]]


class Tower:
    """Looks at the editions of *house* and at the slots of *stores*."""

    def __init__(self, house: House, stores: Stores, *, owner: str) -> None:
        self._house = house
        self._stores = stores
        self._owner = owner

    @property
    def ahead(self) -> timedelta:
        """How long before its hour a run is opened: its grace, in which it is armed."""
        return self._house.settings.send.grace

    async def tick(self) -> list[News]:
        """Do what is due now; see ``flows.schedule.tick``."""
        now = self._house.clock.now()
        editions = await asyncio.to_thread(self._editions)
        table = Timetable(
            slots=self._stores.slots,
            ledger=self._stores.ledger,
            agenda=_agenda(editions),
            arm=self._arm,
            owner=self._owner,
            catch_up=self._house.settings.send.catch_up,
            ahead=self.ahead,
        )
        return await tick(now, table)

    async def upcoming(self) -> Departure | None:
        """The next departure of any publication."""
        now = self._house.clock.now()
        editions = await asyncio.to_thread(self._editions)
        ahead = [
            found
            for publication, dated in editions
            for found in coming(publication, dated, now=now, count=1)
        ]
        return min(ahead, key=lambda each: each.due, default=None)

    def _editions(self) -> Editions:
        """Every publication with its editions; they may change at any time."""
        house = self._house
        papers = map(house.settings.publication, house.settings.publications)
        return [(paper, house.newsroom.dated(paper)) for paper in papers]

    async def _arm(self, departure: Departure) -> Run:
        """Open the run of *departure*: rendered as it stands, checked, frozen."""
        name = departure.edition
        if name is None:
            message = say("no edition is dated {date}", date=str(departure.day))
            raise NotFoundError(message)
        # As of its own day: what catches up after midnight is not yesterday's paper.
        make = partial(assemble, name, self._house.newsroom, today=departure.day)
        assembled = await asyncio.to_thread(make)
        now = self._house.clock.now()
        clearance = await cleared(
            assembled,
            self._stores.approvals,
            auto=self._house.settings.send.approval == "auto",
            now=now,
        )
        assembled = as_approved(assembled, clearance)
        require_clean(assembled)
        return await arm(
            assembled,
            clearance,
            self._stores.ledger,
            now=now,
            departs=departure.due,
        )


def _agenda(editions: Editions) -> Callable[[datetime, datetime], list[Departure]]:
    def agenda(since: datetime, until: datetime) -> list[Departure]:
        return [
            found
            for publication, dated in editions
            for found in departures(publication, dated, since=since, until=until)
        ]

    return agenda
