"""The pace is brought to the store now and then, and nobody waits for it."""

from __future__ import annotations

import asyncio

import pytest

from mailer.delivery.pace import Pace, RelayPace
from mailer.delivery.quota import Quotas
from mailer.errors import StoreError
from mailer.flows.sending.pacing import PaceExchange
from tests.fakes.pace import MemoryPaceKeeper

QUOTAS = Quotas(hourly=100)


class Table:
    """A pace with a quota, its keeper, and a moment that tests move."""

    def __init__(self) -> None:
        self.pace = Pace(relays={"principal": RelayPace(quotas=QUOTAS)}, worker="a")
        self.keeper = MemoryPaceKeeper()
        self.now = 1_773_468_000.0
        self.exchange = PaceExchange(self.pace, self.keeper, lambda: self.now)

    async def send(self, most: int) -> int:
        """Messages that went without any time passing."""
        for sent in range(most):
            self.exchange.look()
            if self.pace.ready("principal", "orange", self.now):
                return sent
            self.pace.spend("principal", "orange", self.now)
            await asyncio.sleep(0)
        return most


async def test_what_was_kept_is_taken_up_before_the_first_message() -> None:
    """Opened, a credit is there; closed, it is given back."""
    table = Table()
    await table.exchange.open()
    assert await table.send(5) == 5
    await table.exchange.close()
    account = table.keeper.state.accounts["principal"]
    assert (account.last_hour(), account.held) == (5, 0)


async def test_a_look_costs_an_exchange_only_when_it_is_time() -> None:
    """Two at once are never under way."""
    table = Table()
    await table.exchange.open()
    for _ in range(50):
        table.exchange.look()
        await asyncio.sleep(0)
    assert table.keeper.exchanges == 1
    await table.send(8)
    table.now += 0.2
    for _ in range(50):
        table.exchange.look()
        await asyncio.sleep(0)
    assert table.keeper.exchanges == 2


async def test_a_silent_store_lets_the_quota_run_dry() -> None:
    """Nothing is sent on credit that was not booked; it goes on when the store does."""
    table = Table()
    await table.exchange.open()
    table.keeper.broken = True
    sent = await table.send(100)
    assert 0 < sent < 20
    table.now += 0.5
    assert await table.send(100) == 0
    table.keeper.broken = False
    table.now += 0.5
    table.exchange.look()
    await asyncio.sleep(0.0)
    await asyncio.sleep(0.0)
    assert await table.send(1) == 1
    await table.exchange.close()


async def test_a_broken_store_stops_the_opening_but_not_the_end() -> None:
    """Without the state nothing may begin; at the end the credit is merely lost."""
    table = Table()
    table.keeper.broken = True
    with pytest.raises(StoreError):
        await table.exchange.open()
    await table.exchange.close()
