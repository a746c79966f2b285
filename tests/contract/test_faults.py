"""What breaks, and what holds: the disk, the file, the lock, the line, the power."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailer.delivery.ledger import State
from mailer.errors import StoreError
from mailer.store.engine import Store
from tests.contract.house import NOW, House, frozen_edition, settlement
from tests.contract.postgres import Postgres
from tests.database import new_database

_PAGE = 4096
A, B = "a@x.example", "b@x.example"


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[House]:
    """A store on SQLite alone, for faults that only a file has."""
    house = await House.open(new_database(tmp_path))
    # Nobody waits here: a lock is either there or not.
    await _pragma(house, "busy_timeout = 1")
    try:
        yield house
    finally:
        await house.store.close()


async def _pragma(house: House, text: str) -> None:
    """Said to the connection that writes."""
    await house.store.post(lambda c: c.execute(f"PRAGMA {text}"))


async def test_a_full_disk_stops_and_later_everything_goes_on(sqlite: House) -> None:
    """What did not fit has not happened, not in part; with room it goes on."""
    run = await sqlite.open_run(A)
    claim = await sqlite.one_claim(run)
    await _pragma(sqlite, "max_page_count = 1")  # the smallest: no page more
    with pytest.raises(StoreError, match="disk is full: make room") as caught:
        await sqlite.admit(*(f"r{n}@x.example" for n in range(2000)))
    assert caught.value.temporary
    assert [p.email for p in await sqlite.readers.list_subscribers()] == [A]
    assert await sqlite.hand_over(claim, now=NOW)  # in the pages there are
    await _pragma(sqlite, "max_page_count = 1000000")
    await sqlite.settle(settlement(claim, State.ACCEPTED), now=NOW)
    assert await sqlite.states(run) == {A: State.ACCEPTED}


_FILE_TOO_BIG = """
import asyncio, json, resource, signal, sys
from mailer.errors import StoreError
from mailer.delivery.ledger import State
from tests.contract.house import NOW, House, settlement

async def main(url, file):
    house = await House.open(url)
    run = await house.open_run(*(f"r{n}@x.example" for n in range(50)))
    claims = await house.claim(run)
    import os
    soft = os.path.getsize(file + "-wal") + 10_000  # nobody writes into the file itself
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
    failed = None
    marked = 0
    try:
        for claim in claims:
            marked += await house.hand_over(claim, now=NOW)
    except StoreError as error:
        failed = str(error)
    held = list((await house.states(run)).values()).count(State.HANDING_OVER)
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    for claim in claims[marked:]:
        assert await house.hand_over(claim, now=NOW)
    states = set((await house.states(run)).values())
    await house.store.close()
    print(json.dumps([failed, marked, held, sorted(states)]))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_commit_that_does_not_reach_the_disk_has_not_happened(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """The mark that could not be written is told, and can be made once there is room."""
    file = tmp_path / "mailer.db"
    new_database(tmp_path)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _FILE_TOO_BIG, f"sqlite:///{file}", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=pytestconfig.rootpath,
    )
    assert done.returncode == 0, done.stderr
    failed, marked, held, states = json.loads(done.stdout)
    assert failed in {"the disk is full: make room, then go on", _DISK_WORDS}
    assert 0 < marked < 50
    assert held == marked
    assert states == [State.HANDING_OVER]


_DISK_WORDS = "the disk does not read or write: is it full, is it failing?"


async def test_a_locked_database_is_waited_for_then_told(sqlite: House) -> None:
    """While another process keeps the lock nothing is written, and reading goes on."""
    run = await sqlite.open_run(A)
    claim = await sqlite.one_claim(run)
    other = sqlite3.connect(sqlite.url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="keeps the database locked") as caught:
            await sqlite.hand_over(claim, now=NOW)
        assert caught.value.temporary
        assert await sqlite.states(run) == {A: State.CLAIMED}
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert await sqlite.hand_over(claim, now=NOW)


async def test_a_commit_that_fails_has_changed_nothing(sqlite: House) -> None:
    """Not a mark of the group stands, and the same group can be written later."""
    run = await sqlite.open_run(*(f"r{n}@x.example" for n in range(20)))
    claims = await sqlite.claim(run)
    await _pragma(sqlite, "query_only = 1")
    with pytest.raises(StoreError) as caught:
        await sqlite.ledger.commit(run, marks=claims, now=NOW)
    await _pragma(sqlite, "query_only = 0")
    assert str(caught.value) == (
        "the database is read-only: look at its file mode and owner"
    )
    assert set((await sqlite.states(run)).values()) == {State.CLAIMED}
    assert all((await sqlite.ledger.commit(run, marks=claims, now=NOW)).held)


async def test_power_lost_leaves_every_promise(sqlite: House, tmp_path: Path) -> None:
    """File and journal as they lie on the disk hold whatever was answered."""
    run = await sqlite.open_run(A, B, "c@x.example")
    one, two, _ = await sqlite.claim(run)
    for claim in (one, two):
        assert await sqlite.hand_over(claim, now=NOW)
    await sqlite.settle(settlement(one, State.ACCEPTED), now=NOW)
    after = tmp_path / "after"
    after.mkdir()
    for name in ("mailer.db", "mailer.db-wal"):  # the -shm is memory: it is gone
        shutil.copy(tmp_path / name, after / name)
    house = await House.open(f"sqlite:///{after}/mailer.db")
    try:
        found = await house.ledger.recover(run, now=NOW, all_leases=True)
        assert (found.released, found.in_doubt) == (1, 1)
        assert await house.states(run) == {
            A: State.ACCEPTED,
            B: State.IN_DOUBT,
            "c@x.example": State.DUE,
        }
    finally:
        await house.store.close()


async def test_a_commit_is_on_the_disk(sqlite: House) -> None:
    """The journal is flushed at each commit, and no row refers to nothing."""
    asked = ("journal_mode", "synchronous", "foreign_keys")
    answers = [
        await sqlite.store.post(
            lambda c, name=name: c.execute(f"PRAGMA {name}").fetchone()[0]
        )
        for name in asked
    ]
    assert answers == ["wal", 2, 1]


@pytest.mark.parametrize("content", [b"Les ports " * 1000, b"SQLite format 3\0" * 900])
async def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file of something else is left as it is."""
    file = tmp_path / "mailer.db"
    file.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        await Store.open(f"sqlite:///{file}")
    assert not caught.value.temporary
    assert file.read_bytes() == content


async def test_a_damaged_page_is_noticed_before_sending(tmp_path: Path) -> None:
    """A run does not start on a database whose pages do not fit together."""
    file = tmp_path / "mailer.db"
    new_database(tmp_path)
    house = await House.open(f"sqlite:///{file}")
    run = await house.open_run(*(f"r{n}@x.example" for n in range(500)))
    await house.store.close()  # the journal goes into the file
    content = bytearray(file.read_bytes())
    content[-_PAGE * 12 :] = b"\x55" * _PAGE * 12
    file.write_bytes(content)
    house = await House.open(f"sqlite:///{file}")
    try:
        with pytest.raises(StoreError, match="damaged: restore") as caught:
            async with house.ledger.sole_sender(run):
                raise AssertionError
        assert not caught.value.temporary
        house.store.sound_until = float("inf")
        async with house.ledger.sole_sender(run):
            pass  # who asked has read every page a moment ago, and vouches for it
    finally:
        await house.store.close()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Somebody's file stands where the folder should be."""
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        await Store.open(f"sqlite:///{tmp_path}/data/mailer.db")


async def test_a_lock_that_cannot_be_made_is_told(
    sqlite: House, tmp_path: Path
) -> None:
    """Without the lock nobody sends."""
    run = await sqlite.open_run(A)
    (tmp_path / f"run-{run.id}.lock").mkdir()
    with pytest.raises(StoreError, match="cannot be made"):
        async with sqlite.ledger.sole_sender(run):
            raise AssertionError


async def test_a_frozen_edition_that_was_changed_is_not_sent(house: House) -> None:
    """What was approved is what goes out, or nothing."""
    run = await house.open_run(A)
    await house.store.write(
        lambda c: c.exec_driver_sql("UPDATE rendering SET subject = 'Autre chose'")
    )
    with pytest.raises(StoreError, match="its hash differs"):
        await house.ledger.frozen(run)


async def test_opening_is_all_or_nothing(house: House) -> None:
    """A run that fails half way leaves neither run nor deliveries."""
    await house.admit(A)
    await house.store.write(
        lambda c: c.exec_driver_sql("ALTER TABLE delivery RENAME TO elsewhere")
    )
    try:
        with pytest.raises(StoreError):
            await house.ledger.open_run(frozen_edition(), now=NOW)
    finally:
        await house.store.write(
            lambda c: c.exec_driver_sql("ALTER TABLE elsewhere RENAME TO delivery")
        )
    assert await house.ledger.runs() == []


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgres"])
async def test_a_broken_line_is_told_and_mended(
    house: House, postgres: Postgres
) -> None:
    """After the server has thrown everybody out, the next call connects anew."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)

    def broken(connection) -> None:
        postgres.run(_THROW_OUT, database=postgres.url("postgres"))
        connection.exec_driver_sql("UPDATE delivery SET state = 'refused'")

    with pytest.raises(StoreError, match="connection to PostgreSQL broke") as caught:
        await house.store.write(broken)
    assert caught.value.temporary
    assert await house.states(run) == {A: State.CLAIMED}
    assert await house.hand_over(claim, now=NOW)
    # The connections of the hot path are its own: each is told once, and mended.
    await asyncio.to_thread(postgres.run, _THROW_OUT, database=postgres.url("postgres"))
    written = settlement(claim, State.ACCEPTED)
    while (await house.states(run))[A] is not State.ACCEPTED:
        try:
            await house.ledger.commit(run, settlements=[written], now=NOW)
        except StoreError as error:
            assert error.temporary


_THROW_OUT = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


@pytest.mark.postgres
async def test_a_server_that_is_not_there_is_told(
    postgres: Postgres, tmp_path: Path, unused_port: int
) -> None:
    """No server, no such database, no such user: each in words."""
    here = postgres.url("nowhere")
    for url, words, temporary in (
        (f"postgresql+psycopg://x@/x?host={tmp_path}", "does not answer", True),
        (f"postgresql+psycopg://x@127.0.0.1:{unused_port}/x", "does not answer", True),
        (here, "no such PostgreSQL database", False),
        (here.replace("postgres@", "nobody@"), "no such PostgreSQL database", False),
    ):
        with pytest.raises(StoreError, match=words) as caught:
            await Store.open(url)
        assert caught.value.temporary is temporary
