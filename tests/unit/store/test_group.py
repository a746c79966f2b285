"""Group commit: who comes while a commit runs shares the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from mailer.errors import StoreError
from mailer.store.engine import Store
from mailer.store.group import GroupCommit


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/mailer.db")
    await store.write(
        lambda c: c.exec_driver_sql("CREATE TABLE seen (n INTEGER PRIMARY KEY)")
    )
    try:
        yield store
    finally:
        await store.close()


def note(number: int):
    def work(connection: Connection) -> int:
        connection.exec_driver_sql("INSERT INTO seen VALUES (?)", (number,))
        return number * 10

    return work


async def seen(store: Store) -> list[int]:
    return await store.read(
        lambda c: list(c.exec_driver_sql("SELECT n FROM seen ORDER BY n").scalars())
    )


async def test_many_share_few_commits(store: Store) -> None:
    """Fifty callers at once, each with its own answer, in two commits at most."""
    commits = []
    event.listen(store.engine, "commit", lambda _: commits.append(1))
    group = GroupCommit(store)
    answers = await asyncio.gather(*(group.do(note(n)) for n in range(50)))
    assert answers == [n * 10 for n in range(50)]
    assert await seen(store) == list(range(50))
    assert len(commits) - 1 <= 2  # the last one is our own reading


async def test_one_failure_fails_the_group_and_no_other(store: Store) -> None:
    """Nothing of a failed commit has happened; the next one is not touched."""
    group = GroupCommit(store)
    await group.do(note(1))
    answers = await asyncio.gather(
        group.do(note(2)), group.do(note(1)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {StoreError}
    assert await group.do(note(3)) == 30
    assert await seen(store) == [1, 3]


async def test_who_stops_waiting_does_not_stop_the_others(store: Store) -> None:
    """A cancelled caller's part is committed with the rest, or not at all."""
    group = GroupCommit(store)
    tasks = [asyncio.create_task(group.do(note(n))) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[0] == 0
    assert isinstance(answers[1], asyncio.CancelledError)
    assert answers[2:] == [20, 30]
    assert set(await seen(store)) in ({0, 1, 2, 3}, {0, 2, 3})


async def test_a_cancelled_caller_of_a_failed_commit_is_no_matter(store: Store) -> None:
    """Nobody asks for that answer any more; the others get theirs."""
    group = GroupCommit(store)
    await group.do(note(1))
    tasks = [asyncio.create_task(group.do(note(n))) for n in (2, 1)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(a) for a in answers] == [asyncio.CancelledError, StoreError]


async def test_closing_finishes_what_runs(tmp_path: Path) -> None:
    """A transaction under way is committed before the store is gone."""
    url = f"sqlite:///{tmp_path}/mailer.db"
    store = await Store.open(url)
    statement = "CREATE TABLE seen AS SELECT 7 AS n"
    writing = asyncio.create_task(store.write(lambda c: c.exec_driver_sql(statement)))
    await asyncio.sleep(0)
    await store.close()
    await writing
    store = await Store.open(url)
    assert await seen(store) == [7]
    await store.close()
