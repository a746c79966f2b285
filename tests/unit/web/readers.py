"""A public site with readers behind it: a real database, pages asked in process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from mailer.audience.roster import Row
from mailer.audience.subscriber import Subscriber, Tier
from mailer.audience.token import Keyring, Purpose
from mailer.edition.model import Publication
from mailer.flows.readers.choosing import ChoosingDesk
from mailer.flows.readers.dossier import DossierDesk
from mailer.flows.readers.leaving import LeavingDesk, Turnstile
from mailer.store.engine import Store
from mailer.store.people.dossier import SqlDossiers
from mailer.store.people.exits import SqlExits
from mailer.store.people.letters import SqlLetters
from mailer.store.people.preferences import SqlPreferences
from mailer.store.people.readers import SqlReaders
from mailer.store.schema import metadata
from mailer.web.public import choosing as choosing_pages
from mailer.web.public import dossier, leaving
from tests.database import new_database
from tests.fakes.clock import FakeClock
from tests.unit.web.site import MERIDIEN, pages_of, visiting

KEYRING = Keyring([b"k" * 32])


@dataclass(kw_only=True)
class Readers:
    """People of a publication, and a browser before its pages."""

    store: Store
    clock: FakeClock
    browser: httpx.AsyncClient
    people: SqlReaders
    leaving: LeavingDesk
    choosing: ChoosingDesk

    async def admit(
        self, *emails: str, publication: str = MERIDIEN.id, tier: Tier = Tier.FREE
    ) -> None:
        rows = [Row(line=n, email=e, tier=tier) for n, e in enumerate(emails, 1)]
        await self.people.admit(
            rows, publication=publication, source="Salon", now=self.clock.now()
        )

    async def person(self, email: str) -> Subscriber:
        found = await self.people.find(email)
        assert found is not None
        return found

    async def token(
        self, email: str, purpose: Purpose, publication: str = MERIDIEN.id
    ) -> str:
        return KEYRING.sign(purpose, publication, str((await self.person(email)).id))

    async def link(self, email: str, page: str = "unsubscribe") -> str:
        return f"/{page}/{await self.token(email, Purpose(page))}"

    async def dump(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table."""
        return await self.store.read(
            lambda c: {
                table.name: [tuple(row) for row in c.execute(table.select())]
                for table in metadata.sorted_tables
            }
        )


@asynccontextmanager
async def readers_of(
    folder: Path, publications: Sequence[Publication] = (MERIDIEN,)
) -> AsyncIterator[Readers]:
    """A house with nobody in it."""
    store = await Store.open(
        new_database(folder),
        fingerprint=lambda key: KEYRING.digest("erased", key),
    )
    clock = FakeClock()
    exits, people = SqlExits(store), SqlReaders(store)
    way_out = LeavingDesk(
        exits=exits,
        turnstile=Turnstile(exits, clock),
        clock=clock,
        keyring=KEYRING,
        undo=timedelta(days=14),
        letters=SqlLetters(store),
    )
    choosing = ChoosingDesk(
        preferences=SqlPreferences(store),
        readers=people,
        keyring=KEYRING,
        clock=clock,
    )
    holdings = DossierDesk(
        dossiers=SqlDossiers(store),
        letters=SqlLetters(store),
        keyring=KEYRING,
        clock=clock,
    )
    pages = pages_of(*publications)
    routers = [
        leaving.router(way_out, choosing, pages),
        choosing_pages.router(choosing, pages, measures=True),
        dossier.router(holdings, choosing, pages),
    ]
    try:
        async with visiting(routers, pages) as browser:
            yield Readers(
                store=store,
                clock=clock,
                browser=browser,
                people=people,
                leaving=way_out,
                choosing=choosing,
            )
    finally:
        await store.close()
