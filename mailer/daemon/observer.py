"""How the daemon is, for its private listener: alive, ready, and in figures.

Asked often by several, it looks rarely: a scrape counts rows at most once in some
seconds, whoever scrapes.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mailer import __version__
from mailer.daemon.pulse import Pulse
from mailer.daemon.tower import Tower
from mailer.delivery.pace import Kind
from mailer.errors import MailerError, StoreError
from mailer.flows.figures import NextReading, Reading, RelayReading
from mailer.flows.sending.meter import Meter
from mailer.flows.sending.traffic import Traffic
from mailer.stores import Stores
from mailer.wiring import House

_TOO_LATE_SECONDS = 10.0
"""A loop that is this late does not do its work any more."""

_FRESH_SECONDS = 5.0
_PATIENCE_SECONDS = 5.0
"""A database that does not answer within this time does not answer."""

_FORGIVEN = timedelta(minutes=1)
"""A tick renders editions and opens runs: it may take its time."""

_RECENT = 200


class Observer:
    """Watches from inside; ``house``, ``tower`` and ``traffic`` are those in force."""

    def __init__(
        self,
        stores: Stores,
        meter: Meter,
        *,
        house: Callable[[], House],
        tower: Callable[[], Tower],
        traffic: Callable[[], Traffic],
    ) -> None:
        self._stores = stores
        self._meter = meter
        self.pulse = Pulse()
        self._house, self._tower, self._traffic = house, tower, traffic
        self._started = house().clock.now()
        self._ticked: datetime | None = None
        self._ticked_at = math.inf
        self._read: tuple[float, Reading] | None = None
        self._reading = asyncio.Lock()
        self.is_stopping = False

    def ticked(self) -> None:
        """The calendar was looked at."""
        clock = self._house().clock
        self._ticked, self._ticked_at = clock.now(), clock.monotonic()

    # -- alive -------------------------------------------------------------------

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        """See ``web.admin.Probes``."""
        late = self.pulse.last_seconds
        told = {
            "version": __version__,
            "pid": os.getpid(),
            "loop_lag_seconds": round(late, 3),
        }
        return late < _TOO_LATE_SECONDS, told

    # -- ready -------------------------------------------------------------------

    async def readiness(self) -> Mapping[str, str]:
        """See ``web.admin.Probes``."""
        database = await self._database()
        return {"database": database, "scheduler": self._scheduler()}

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._stores.figures.ping()
        except TimeoutError:
            return f"no answer within {_PATIENCE_SECONDS:.0f} s"
        except StoreError as error:
            return str(error)
        return "ok"

    def _scheduler(self) -> str:
        if self.is_stopping:
            return "stopping"
        house = self._house()
        age = house.clock.monotonic() - self._ticked_at
        if age == -math.inf:
            return "no tick yet"
        if age > (3 * house.settings.daemon.tick + _FORGIVEN).total_seconds():
            return f"no tick for {age:.0f} s"
        return "ok"

    # -- in figures --------------------------------------------------------------

    async def reading(self) -> Reading:
        """See ``web.admin.Probes``."""
        async with self._reading:
            now = self._house().clock.monotonic()
            if self._read is None or now - self._read[0] > _FRESH_SECONDS:
                self._read = (now, await self._look())
            return self._read[1]

    async def _look(self) -> Reading:
        house, traffic = self._house(), self._traffic()
        rates = traffic.pace.rates(traffic.now())
        counted: dict[str, Any] = {}
        try:
            async with asyncio.timeout(2 * _PATIENCE_SECONDS):
                await self._stores.figures.ping()
                counted = await self._count()
        except (StoreError, TimeoutError):
            counted = {"database_up": False, "relays": {}}
        speeds = {each.name: each.rate for each in rates if each.kind is Kind.RELAY}
        pages = counted.pop("relays")
        return Reading(
            now=house.clock.now(),
            version=__version__,
            started=self._started,
            ticked=self._ticked,
            lag_seconds=self.pulse.worst_seconds,
            meter=self._meter,
            publications=sorted(house.settings.publications),
            relays={
                relay.name: RelayReading(
                    is_up=pages.get(relay.name, True), rate=speeds.get(relay.name)
                )
                for relay in house.settings.relays
            },
            lanes={
                each.name: each.rate
                for each in rates
                if each.kind is Kind.LANE and each.rate is not None
            },
            disk_free_bytes=free_bytes(house),
            **counted,
        )

    async def _count(self) -> dict[str, Any]:
        """What the database knows; StoreError."""
        ledger, figures = self._stores.ledger, self._stores.figures
        unfinished = [
            run for run in await ledger.runs(limit=_RECENT) if run.finished is None
        ]
        return {
            "database_up": True,
            "runs": [(run, await ledger.tally(run)) for run in unfinished],
            "subscribers": await figures.subscribers(),
            "suppressed": await figures.suppressed(),
            "last_sent": await figures.last_sent(),
            "next": await self._next(),
            "relays": {
                page.relay: not page.is_paused
                and (page.sighting is None or page.sighting.until is None)
                for page in await self._stores.relay_book.pages()
            },
        }

    async def _next(self) -> dict[str, NextReading]:
        """The next departure of each publication."""
        try:
            coming = await self._tower().coming()
        except MailerError:  # an edition that cannot be read is told elsewhere
            return {}
        auto = self._house().settings.send.approval == "auto"
        found = {}
        for departure in coming:
            edition = departure.edition
            is_approved = edition is not None and (
                auto or await self._stores.approvals.standing(edition) is not None
            )
            found[departure.publication] = NextReading(
                at=departure.due, is_approved=is_approved
            )
        return found


def free_bytes(house: House) -> int | None:
    """Room on the disk of the storage folder; None where nobody can say."""
    try:
        return shutil.disk_usage(house.loaded.data_folder()).free
    except OSError:
        return None
