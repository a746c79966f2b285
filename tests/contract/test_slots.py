"""A slot is there once, is decided by one at a time, and ends once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailer.edition.agenda import Departure
from mailer.flows.departing.slots import Slots, SlotState
from mailer.phrases import say
from mailer.store.engine import Store
from mailer.store.ledger.slots import SqlSlots
from tests.database import new_database
from tests.fakes.slots import FakeSlots

NOW = datetime(2026, 3, 14, 6, 0, 0, 123456, tzinfo=UTC)
LEASE = timedelta(minutes=1)
SATURDAY = Departure(
    publication="le-meridien",
    day=date(2026, 3, 14),
    wall=datetime(2026, 3, 14, 7, 0),  # noqa: DTZ001 - local wall time
    zone="Europe/Paris",
)


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
async def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Slots, Slots]]:
    """The same slots as two processes see them."""
    if request.param == "memory":
        fake = FakeSlots()
        yield fake, fake
        return
    if request.param == "sqlite":
        url = new_database(tmp_path)
    else:
        server = request.getfixturevalue("postgres")
        url = request.getfixturevalue("postgres_url")
        server.run("TRUNCATE slot", database=url)
    stores = [await Store.open(url) for _ in range(2)]
    try:
        yield SqlSlots(stores[0]), SqlSlots(stores[1])
    finally:
        for store in stores:
            await store.close()


@pytest.fixture
def slots(pair: tuple[Slots, Slots]) -> Slots:
    return pair[0]


async def test_a_slot_is_made_once(pair: tuple[Slots, Slots]) -> None:
    """Whoever comes later finds the row of whoever came first."""
    found = await asyncio.gather(*(slots.open(SATURDAY) for slots in pair * 4))
    assert len(set(found)) == 1
    assert (found[0].state, found[0].due) == (SlotState.DUE, SATURDAY.due)
    assert list(await pair[0].slots()) == [found[0]]


async def test_another_hour_moves_a_slot_that_is_due(slots: Slots) -> None:
    """The date is the identity: there is one row, with the new hour."""
    await slots.open(SATURDAY)
    later = replace(SATURDAY, wall=SATURDAY.wall.replace(hour=9))
    elsewhere = replace(later, zone="America/New_York")
    assert (await slots.open(later)).due == later.due
    assert (await slots.open(elsewhere)).due == elsewhere.due
    assert len(await slots.slots()) == 1


async def test_one_of_many_wins_a_slot(pair: tuple[Slots, Slots]) -> None:
    """Twenty ask at once, one gets it, and the rest are told so."""
    slot = await pair[0].open(SATURDAY)
    asked = (
        slots.claim(slot, owner=str(n), now=NOW, lease=LEASE)
        for n, slots in enumerate(pair * 10)
    )
    won = [claim for claim in await asyncio.gather(*asked) if claim is not None]
    assert [claim.fence for claim in won] == [1]
    assert won[0].lease_until == NOW + LEASE


async def test_the_dead_keep_a_slot_until_their_lease_ends(slots: Slots) -> None:
    """Then it is won anew, and what the first one says of it counts no more."""
    slot = await slots.open(SATURDAY)
    first = await slots.claim(slot, owner="a", now=NOW, lease=LEASE)
    assert first
    assert not await slots.claim(slot, owner="b", now=NOW + LEASE, lease=LEASE)
    later = NOW + LEASE + timedelta(seconds=1)
    second = await slots.claim(slot, owner="b", now=later, lease=LEASE)
    assert second
    assert not await slots.settle(first, SlotState.MISSED)
    assert not await slots.release(first, reason=say("asleep"))
    assert await slots.settle(second, SlotState.DEPARTED, run="le-meridien-118-1")


async def test_a_released_slot_says_why_it_waits(slots: Slots) -> None:
    """A reason is news once, not at every tick; and it keeps its words."""
    slot = await slots.open(SATURDAY)
    reason = say("no edition is dated {date}", date="2026-03-14")
    told = []
    for _ in range(2):
        mine = await slots.claim(slot, owner="a", now=NOW, lease=LEASE)
        assert mine
        told.append(await slots.release(mine, reason=reason))
    assert told == [True, False]
    (kept,) = await slots.slots()
    assert (kept.reason, kept.state) == (reason, SlotState.DUE)
    assert kept.reason.english == "no edition is dated {date}"
    assert await slots.claim(slot, owner="b", now=NOW, lease=LEASE)


@pytest.mark.parametrize("state", [SlotState.DEPARTED, SlotState.MISSED])
async def test_what_has_ended_stays_so(slots: Slots, state: SlotState) -> None:
    """No claim, no other hour, no second end."""
    mine = await slots.claim(
        await slots.open(SATURDAY), owner="a", now=NOW, lease=LEASE
    )
    assert mine
    assert await slots.settle(mine, state, run="r", reason=say("late"))
    later = replace(SATURDAY, wall=SATURDAY.wall.replace(hour=9))
    kept = await slots.open(later)
    assert (kept.state, kept.due, kept.run) == (state, SATURDAY.due, "r")
    assert not await slots.claim(kept, owner="b", now=NOW + LEASE * 9, lease=LEASE)
    assert not await slots.settle(mine, SlotState.DEPARTED)


async def test_slots_are_listed_the_latest_first(slots: Slots) -> None:
    """All, or those of one publication."""
    for days, name in ((0, "b"), (7, "a"), (7, "b")):
        day = SATURDAY.day + timedelta(days=days)
        await slots.open(replace(SATURDAY, publication=name, day=day))
    listed = [(each.publication, each.day.day) for each in await slots.slots()]
    assert listed == [("a", 21), ("b", 21), ("b", 14)]
    assert len(await slots.slots(publication="b", limit=1)) == 1
