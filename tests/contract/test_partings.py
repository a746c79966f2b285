"""Who left, was barred or erased in one database stays so in another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.audience.subscriber import Reason, Standing
from mailer.flows.restoring import Parted
from mailer.store.partings import SqlPartings
from mailer.store.people.dossier import SqlDossiers
from tests.contract.house import NOW, House

LATER = NOW + timedelta(days=1)
EMAILS = [f"{name}@x.example" for name in ("stays", "left", "barred", "erased", "new")]


@pytest.fixture
async def before(tmp_path: Path) -> AsyncIterator[House]:
    """The database that is to be replaced."""
    house = await House.open(f"sqlite:///{tmp_path}/before.db")
    house.store._fingerprint = lambda key: key[::-1]
    try:
        yield house
    finally:
        await house.store.close()


async def test_what_happened_since_a_backup_holds(house: House, before: House) -> None:
    """Each once; whoever stays is written to, and whoever is unknown is barred all the same."""
    house.store._fingerprint = lambda key: key[::-1]
    await house.admit(*EMAILS[:-1])
    await before.admit(*EMAILS)
    await before.leave("left@x.example")
    await before.suppress("barred@x.example")
    for email in ("erased@x.example", "new@x.example"):
        person = await before.readers.find(email)
        assert person is not None
        await SqlDossiers(before.store).erase(person.id, now=LATER)
    gone = await SqlPartings(before.store).read()
    partings = SqlPartings(house.store)
    assert await partings.carry_over(gone, now=LATER) == Parted(
        left=1, barred=1, erased=1
    )
    assert await partings.carry_over(gone, now=LATER) == Parted(
        left=0, barred=0, erased=0
    )
    people = {p.email: p for p in await house.readers.list_subscribers()}
    assert set(people) == {"stays@x.example", "left@x.example", "barred@x.example"}
    standings = {e: p.subscriptions[0].standing for e, p in people.items()}
    assert standings["left@x.example"] is Standing.LEFT
    assert standings["stays@x.example"] is Standing.ACTIVE
    reasons = [entry.reason for entry in await house.readers.suppressions()]
    assert sorted(reasons) == [Reason.BOUNCED, Reason.ERASED, Reason.ERASED]
    assert [str(a) for a in await house.admit("new@x.example")] == ["suppressed"]
