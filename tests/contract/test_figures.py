"""What is counted for whoever watches from outside, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from mailer.errors import StoreError
from mailer.flows.ports import RunState
from mailer.store.engine import HEAD
from tests.contract.house import NOW, PAPER, House

LATER = NOW + timedelta(hours=1)


async def test_people_are_counted_and_not_named(house: House) -> None:
    """By publication and standing; the suppression list by reason."""
    await house.admit("a@readers.example", "b@readers.example", "c@readers.example")
    await house.admit("a@readers.example", publication="bourse")
    await house.leave("b@readers.example")
    await house.suppress("d@readers.example")
    assert await house.figures.subscribers() == {
        (PAPER.id, "active"): 2,
        (PAPER.id, "left"): 1,
        ("bourse", "active"): 1,
    }
    assert (await house.figures.suppressed())["bounced"] == 1


async def test_the_last_success_is_the_last_run_that_was_sent(house: House) -> None:
    """A cancelled run is no success, whenever it ended."""
    assert await house.figures.last_sent() == {}
    first = await house.open_run("a@readers.example")
    await house.ledger.mark_run(first, RunState.SENT, now=NOW)
    second = await house.open_run("b@readers.example", number=119)
    await house.ledger.cancel(second, now=LATER)
    assert await house.figures.last_sent() == {PAPER.id: NOW}


async def test_a_database_of_another_schema_is_not_ready(house: House) -> None:
    """A newer mailer brought it on while this one ran."""
    assert await house.figures.ping() == HEAD

    def version(value: str):
        words = text("UPDATE alembic_version SET version_num = :value")
        return lambda connection: connection.execute(words, {"value": value})

    await house.store.write(version("9999"))
    try:
        with pytest.raises(StoreError, match=f"schema 9999, this mailer wants {HEAD}"):
            await house.figures.ping()
    finally:
        await house.store.write(version(HEAD))
