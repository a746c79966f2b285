"""Leaving: durable before it is answered, whoever else leaves, and whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailer.audience.subscriber import How, Standing
from mailer.audience.token import Keyring, Purpose
from mailer.delivery.ledger import State
from mailer.errors import StoreError
from mailer.flows.readers.leaving import (
    Exit,
    Farewell,
    LeavingDesk,
    Turnstile,
    leave,
    rejoin,
    undo_token,
)
from mailer.flows.sending.send import send
from mailer.phrases import say
from mailer.store.engine import Store
from mailer.store.people.exits import SqlExits
from mailer.store.people.readers import SqlReaders
from tests.fakes.clock import FakeClock
from tests.flows.conftest import PAPER, Desk

KEYRING = Keyring([b"k" * 32])
UNDO = timedelta(days=14)


class Slow:
    """Exits that write a group only when the test lets them, and count the groups."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.go = asyncio.Event()
        self.broken = False

    async def end(
        self, exits: Sequence[Exit], *, now: datetime
    ) -> list[Farewell | None]:
        self.groups.append(len(exits))
        await self.go.wait()
        if self.broken:
            raise StoreError(say("the disk is full"))
        return [
            Farewell(exit=each, ended=(PAPER.id,), active=1, since=now)
            for each in exits
        ]

    async def rejoin(
        self, subscriber: int, publication: str, *, left: datetime, now: datetime
    ) -> bool:
        raise NotImplementedError


def an_exit(subscriber: int) -> Exit:
    return Exit(subscriber=subscriber, publication=PAPER.id, how=How.ONE_CLICK)


async def test_who_comes_meanwhile_leaves_together() -> None:
    """The first goes alone; a hundred who come while it is written share a transaction."""
    exits = Slow()
    turnstile = Turnstile(exits, FakeClock())
    leaving = [asyncio.create_task(turnstile.leave(an_exit(n))) for n in range(101)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not any(task.done() for task in leaving)
    exits.go.set()
    farewells = await asyncio.gather(*leaving)
    assert [f and f.exit.subscriber for f in farewells] == list(range(101))
    assert sum(exits.groups) == 101
    assert len(exits.groups) <= 2


async def test_who_hangs_up_leaves_all_the_same() -> None:
    """A mail program that does not wait for the answer has said its word."""
    exits = Slow()
    turnstile = Turnstile(exits, FakeClock())
    impatient = asyncio.create_task(turnstile.leave(an_exit(1)))
    patient = asyncio.create_task(turnstile.leave(an_exit(2)))
    await asyncio.sleep(0)
    impatient.cancel()
    exits.go.set()
    assert await patient is not None
    await turnstile.close()
    assert sum(exits.groups) == 2


async def test_a_disk_that_is_full_is_no_yes() -> None:
    """Everybody of the group is told; the next one is tried again."""
    exits = Slow()
    exits.broken = True
    exits.go.set()
    turnstile = Turnstile(exits, FakeClock())
    said = await asyncio.gather(
        *(turnstile.leave(an_exit(n)) for n in range(3)), return_exceptions=True
    )
    assert [type(each) for each in said] == [StoreError] * 3
    exits.broken = False
    assert await turnstile.leave(an_exit(1)) is not None


@pytest.fixture
async def leaving(desk: Desk) -> LeavingDesk:
    """A way out of the paper that the desk sends."""
    exits = SqlExits(desk.ledger._store)
    return LeavingDesk(
        exits=exits,
        turnstile=Turnstile(exits, desk.clock),
        clock=desk.clock,
        keyring=KEYRING,
        undo=UNDO,
    )


async def token(desk: Desk, email: str = "a@x.example") -> str:
    person = await desk.readers.find(email)
    assert person is not None
    return KEYRING.sign(Purpose.UNSUBSCRIBE, PAPER.id, str(person.id))


async def test_a_token_lets_its_reader_out_and_back_for_a_while(
    desk: Desk, leaving: LeavingDesk
) -> None:
    """The undo names this very exit, and ages."""
    await desk.subscribe("a@x.example", "b@x.example")
    farewell = await leave(await token(desk), How.PAGE, leaving)
    assert farewell is not None
    assert farewell.ended == (PAPER.id,)
    undo = undo_token(farewell, PAPER.id, KEYRING)
    desk.clock.advance(UNDO)
    assert await rejoin(undo, leaving) is not None
    farewell = await leave(await token(desk), How.PAGE, leaving)
    assert farewell is not None
    assert await rejoin(undo, leaving) is None
    undo = undo_token(farewell, PAPER.id, KEYRING)
    desk.clock.advance(UNDO + timedelta(seconds=1))
    assert await rejoin(undo, leaving) is None
    person = await desk.readers.find("a@x.example")
    assert person is not None
    assert person.subscriptions[0].standing is Standing.LEFT


async def test_no_other_token_lets_anybody_out(
    desk: Desk, leaving: LeavingDesk
) -> None:
    """Not of another purpose, of another key, cut, flipped, or saying something else."""
    await desk.subscribe("a@x.example")
    real = await token(desk)
    others = [
        KEYRING.sign(purpose, PAPER.id, "1")
        for purpose in Purpose
        if purpose is not Purpose.UNSUBSCRIBE
    ]
    flipped = [
        real[:at] + ("B" if real[at] == "A" else "A") + real[at + 1 :]
        for at in range(len(real))
    ]
    strange = [
        Keyring([b"x" * 32]).sign(Purpose.UNSUBSCRIBE, PAPER.id, "1"),
        KEYRING.sign(Purpose.UNSUBSCRIBE, PAPER.id),
        KEYRING.sign(Purpose.UNSUBSCRIBE, PAPER.id, "one"),
        KEYRING.sign(Purpose.UNSUBSCRIBE, PAPER.id, "1", "2"),
        KEYRING.sign(Purpose.UNSUBSCRIBE, PAPER.id, "99"),
    ]
    cut = [real[:at] for at in range(len(real))]
    for each in (*others, *flipped, *strange, *cut):
        assert await leave(each, How.ONE_CLICK, leaving) is None
        assert await rejoin(each, leaving) is None
    person = await desk.readers.find("a@x.example")
    assert person is not None
    assert person.subscriptions[0].standing is Standing.ACTIVE


async def test_who_leaves_while_the_edition_leaves_does_not_get_it(
    desk: Desk, leaving: LeavingDesk
) -> None:
    """A hundred leave during a run: nobody withdrawn is written to, nobody else is missed."""
    emails = [f"r{n:03}@x.example" for n in range(200)]
    await desk.subscribe(*emails)
    run = await desk.open_run()
    tokens = {email: await token(desk, email) for email in emails[::-2]}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send(run, desk.sending))
        for each in tokens.values():
            tasks.create_task(leave(each, How.ONE_CLICK, leaving))
    got = [email for email, _ in desk.relay.accepted]
    tally = await desk.ledger.tally(run)
    withdrawn = await desk.ledger.entries(run, states=[State.WITHDRAWN])
    assert tally.balanced
    assert tally.accepted + tally.withdrawn == len(emails)
    assert len(got) == len(set(got)) == tally.accepted
    assert withdrawn
    assert {entry.email for entry in withdrawn} == set(emails) - set(got)
    assert {entry.email for entry in withdrawn} <= set(tokens)


_LEAVER = """
import asyncio, sys
from mailer.audience.subscriber import How
from mailer.flows.readers.leaving import Exit, Turnstile
from mailer.store.engine import Store
from mailer.store.people.exits import SqlExits
from mailer.wiring import SystemClock

async def main(url, many):
    store = await Store.open(url)
    turnstile = Turnstile(SqlExits(store), SystemClock())
    async def go(number):
        leaving = Exit(subscriber=number, publication="le-meridien", how=How.ONE_CLICK)
        if await turnstile.leave(leaving):
            print(number, flush=True)
    numbers = iter(range(1, many + 1))
    async def work():
        for number in numbers:
            await go(number)
    await asyncio.gather(*(work() for _ in range(8)))
    await asyncio.sleep(60)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_nobody_who_was_told_so_is_forgotten(desk: Desk, tmp_path: Path) -> None:
    """``kill -9`` while hundreds leave: whoever had their answer has left."""
    await desk.subscribe(*(f"r{n:03}@x.example" for n in range(400)))
    url = str(desk.ledger._store.engine.url)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LEAVER, url, "400"), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    answered = [int(await child.stdout.readline()) for _ in range(100)]
    os.kill(child.pid, signal.SIGKILL)
    answered += [int(line) for line in (await child.stdout.read()).split()]
    await child.wait()
    store = await Store.open(url)
    left = await SqlReaders(store).list_subscribers(standing=Standing.LEFT)
    await store.close()
    assert len(answered) < 400
    assert set(answered) <= {person.id for person in left}
