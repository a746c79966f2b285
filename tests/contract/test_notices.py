"""What operators were told about a slot, on both databases: once, whoever looks."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from mailer.edition.vigil import Need
from tests.contract.house import NOW, House

SLOT = ("le-meridien", date(2026, 3, 14))
LEASE = timedelta(minutes=10)


async def claim(house: House, need: Need = Need.ALARM, *, late: int = 0) -> bool:
    now = NOW + timedelta(minutes=late)
    return await house.notices.claim(*SLOT, need, now=now, lease=LEASE)


async def test_one_of_many_meets_a_need(house: House, other: House) -> None:
    """Two daemons, one letter."""
    won = await asyncio.gather(*(claim(h) for h in [house, other] * 4))
    assert won.count(True) == 1


async def test_what_was_met_is_met_for_good(house: House) -> None:
    """Also when the lease of who met it is long over."""
    assert await claim(house)
    assert await house.notices.met(*SLOT) == frozenset()
    await house.notices.settle(*SLOT, Need.ALARM, now=NOW)
    assert await house.notices.met(*SLOT) == {Need.ALARM}
    assert not await claim(house, late=600)
    await house.notices.release(*SLOT, Need.ALARM)
    assert await house.notices.met(*SLOT) == {Need.ALARM}


async def test_who_died_before_telling_is_made_up_for(house: House) -> None:
    """After the lease, and not before it."""
    assert await claim(house)
    assert not await claim(house, late=9)
    assert await claim(house, late=10)


async def test_what_could_not_be_told_is_tried_again_at_once(house: House) -> None:
    """The relay was down: the claim is given back."""
    assert await claim(house)
    await house.notices.release(*SLOT, Need.ALARM)
    assert await claim(house)


async def test_slots_and_needs_do_not_touch_each_other(house: House) -> None:
    """Another need, another day, another publication: each its own."""
    assert await claim(house)
    assert await claim(house, Need.PROOF)
    for publication, day in (
        ("le-meridien", date(2026, 3, 21)),
        ("pixel-paprika", date(2026, 3, 14)),
    ):
        assert await house.notices.claim(
            publication, day, Need.ALARM, now=NOW, lease=LEASE
        )
        assert await house.notices.met(publication, day) == frozenset()
