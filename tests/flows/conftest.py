"""A frozen edition, a real ledger on SQLite, and a desk whose clock tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailer.audience.roster import Row
from mailer.audience.subscriber import Tier
from mailer.audience.token import Keyring
from mailer.delivery.report import Tally
from mailer.edition.blocks import Source
from mailer.edition.model import Edition, Publication, Variant
from mailer.flows.ports import Run
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.send import Policy, SendingDesk
from mailer.flows.sending.traffic import Traffic
from mailer.rendering.model import Frozen, Rendering
from mailer.store.engine import Store
from mailer.store.ledger.deliveries import SqlLedger
from mailer.store.people.faces import SqlFaces
from mailer.store.people.readers import SqlReaders
from tests.database import new_database
from tests.fakes.clock import FakeClock
from tests.fakes.relay import FakeRelay

PAPER = Publication(
    id="le-meridien",
    name="Le Méridien",
    sender="Le Méridien <lettre@meridien.example>",
    list_id="le-meridien.meridien.example",
    return_path="lettre@meridien.example",
    audiences=(Variant.FREE, Variant.MEMBER),
)


def frozen_edition(number: int = 118) -> Frozen:
    """A tiny edition in two mail variants and a page."""
    edition = Edition(
        at=Source("index.md", 1),
        publication=PAPER.id,
        folder="2026-03-14-ports",
        slug="ports",
        title="Les ports",
        date=date(2026, 3, 14),
        number=number,
    )
    renderings = tuple(
        Rendering(
            variant=variant,
            lang="fr",
            subject="Les ports",
            preheader="Deux ports",
            html=f"<p>{variant} <a href='{{{{ unsubscribe_url }}}}'>x</a></p>",
            text=f"{variant} {{{{ unsubscribe_url }}}}" if variant.is_mail else "",
        )
        for variant in Variant
    )
    return Frozen(edition=edition, publication=PAPER, renderings=renderings)


@dataclass(kw_only=True)
class Desk:
    """A sending desk with the parts that tests look at."""

    clock: FakeClock
    relay: FakeRelay
    readers: SqlReaders
    faces: SqlFaces
    ledger: SqlLedger
    sending: SendingDesk

    async def subscribe(self, *emails: str, tier: Tier = Tier.FREE) -> None:
        rows = [Row(line=n, email=e, tier=tier) for n, e in enumerate(emails, 1)]
        await self.readers.admit(
            rows, publication=PAPER.id, source="test", now=self.clock.now()
        )

    async def open_run(self) -> Run:
        return await self.ledger.open_run(frozen_edition(), now=self.clock.now())

    async def tally(self, run: Run) -> Tally:
        return await self.ledger.tally(run)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await Store.open(new_database(tmp_path))
    clock, relay = FakeClock(), FakeRelay()
    ledger = SqlLedger(store)
    sending = SendingDesk(
        ledger=ledger,
        traffic=Traffic([relay], clock=clock),
        clock=clock,
        stationery=Stationery(keyring=Keyring((b"k" * 32,)), signers=()),
        policy=Policy(
            delays=(timedelta(minutes=15), timedelta(minutes=30)),
            give_up_after=timedelta(hours=12),
            linger=timedelta(hours=1),
        ),
        worker="test",
        chance=lambda: 0.5,
    )
    try:
        yield Desk(
            clock=clock,
            relay=relay,
            readers=SqlReaders(store),
            faces=SqlFaces(store),
            ledger=ledger,
            sending=sending,
        )
    finally:
        await store.close()
