"""One process sends a run, and a dead one keeps nobody waiting."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from mailer.errors import GuardError
from mailer.store.ledger.locks import has_sender
from tests.contract.house import House

_HOLD = """
import asyncio, sys
from mailer.store.ledger.deliveries import SqlLedger
from mailer.store.engine import Store

async def hold(url, name):
    ledger = SqlLedger(await Store.open(url))
    async with ledger.sole_sender(await ledger.find_run(name)):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold(*sys.argv[1:]))
"""


async def test_a_run_has_one_sender_at_a_time(house: House, other: House) -> None:
    """The second is told who has it; afterwards it may."""
    run = await house.open_run("a@x.example")
    async with house.ledger.sole_sender(run):
        for ledger in (house.ledger, other.ledger):
            with pytest.raises(GuardError, match=f"is sending {run.name}"):
                async with ledger.sole_sender(run):
                    raise AssertionError
    async with other.ledger.sole_sender(run):
        pass


@pytest.mark.parametrize(
    "dialect",
    [pytest.param("postgres", marks=pytest.mark.postgres)],
    indirect=True,
)
async def test_helpers_see_whether_somebody_sends(house: House, other: House) -> None:
    """A run that was opened and has no sender yet is nothing to help with."""
    run, beside = await house.open_run("a@x.example"), await house.open_run(number=119)
    assert not await has_sender(other.store, run)
    async with house.ledger.sole_sender(run):
        assert await has_sender(other.store, run)
        assert not await has_sender(other.store, beside)
    assert not await has_sender(other.store, run)


async def test_two_runs_are_sent_side_by_side(house: House) -> None:
    """The lock is for a run, not for the house."""
    first = await house.open_run("a@x.example")
    second = await house.open_run(number=119)
    async with house.ledger.sole_sender(first), house.ledger.sole_sender(second):
        pass


async def test_an_error_frees_the_run(house: House) -> None:
    """However the sending ends, the next may begin."""
    run = await house.open_run("a@x.example")
    with pytest.raises(ZeroDivisionError):
        async with house.ledger.sole_sender(run):
            raise ZeroDivisionError
    async with house.ledger.sole_sender(run):
        pass


async def test_a_killed_sender_frees_the_run(house: House, tmp_path: Path) -> None:
    """`kill -9` leaves no lock behind."""
    run = await house.open_run("a@x.example")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOLD, house.url, run.name),
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    with pytest.raises(GuardError):
        async with house.ledger.sole_sender(run):
            raise AssertionError
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with asyncio.timeout(10):
        await _until_free(house, run)


async def _until_free(house: House, run: object) -> None:
    # PostgreSQL sees a broken connection a moment after the process has gone.
    while True:
        try:
            async with house.ledger.sole_sender(run):
                return
        except GuardError:
            continue
