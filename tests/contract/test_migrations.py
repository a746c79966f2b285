"""The migrations lead from nothing to the schema that the code speaks to."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text

import mailer.store
from mailer.errors import StoreError
from mailer.store.engine import _KNOWN, HEAD, Store
from mailer.store.ledger.runs import as_run
from mailer.store.schema import metadata, rendering, run
from mailer.store.sqlite import prepare


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


async def test_an_empty_database_becomes_our_schema(empty_url: str) -> None:
    """After the migrations nothing differs from the tables of the code."""
    store = await Store.open(empty_url)
    try:
        assert await store.write(_differences) == []
    finally:
        await store.close()


async def test_a_second_opening_changes_nothing(empty_url: str) -> None:
    """What is at the head stays there."""
    for _ in range(2):
        store = await Store.open(empty_url)
        version = await store.read(_version)
        await store.close()
        assert version == HEAD


async def test_two_that_open_an_empty_database_share_it(empty_url: str) -> None:
    """One makes the schema, the other finds it made."""
    stores = await asyncio.gather(*(Store.open(empty_url) for _ in range(3)))
    versions = [await store.read(_version) for store in stores]
    for store in stores:
        await store.close()
    assert versions == [HEAD] * 3


async def test_what_an_older_schema_kept_is_carried_over(empty_url: str) -> None:
    """A rendering frozen before there were feeds is there afterwards, without one."""
    store = await Store.open(empty_url, schema="0001")
    old = {"frozen_id": 1, "variant": "web", "place": 0, "html": "<p>é</p>"}
    words = dict.fromkeys(("lang", "subject", "preheader", "text", "pictures_json"), "")
    frozen = {"id": 1, "frozen_at": 0, "edition": "a/1", "sha256": "x"}
    frozen |= {"edition_json": "{}", "publication_json": "{}"}
    try:
        await store.write(_insert("frozen", frozen))
        await store.write(_insert("rendering", old | words))
    finally:
        await store.close()
    store = await Store.open(empty_url)
    try:
        (row,) = await store.read(lambda c: c.execute(select(rendering)).all())
        assert (row.variant, row.html, row.entry_json) == ("web", "<p>é</p>", None)
        assert await store.write(_differences) == []
    finally:
        await store.close()


async def test_a_run_of_an_older_schema_accepted_nothing(empty_url: str) -> None:
    """Runs from before rules could be accepted are read like any other."""
    store = await Store.open(empty_url, schema="0002")
    frozen = {"id": 1, "frozen_at": 0, "edition": "a/1", "sha256": "x"}
    frozen |= {"edition_json": "{}", "publication_json": "{}"}
    old = {"id": 1, "frozen_id": 1, "started_at": 0, "state": "sent"}
    words = dict.fromkeys(("name", "edition", "title", "publication", "sha256"), "x")
    try:
        await store.write(_insert("frozen", frozen))
        await store.write(_insert("run", old | words | {"reason": "so {it} goes"}))
    finally:
        await store.close()
    store = await Store.open(empty_url)
    try:
        (row,) = await store.read(lambda c: c.execute(select(run)).all())
        assert as_run(row).accepted == ()
        assert as_run(row).reason == "so {it} goes", "as it was kept, in English"
        assert await store.write(_differences) == []
    finally:
        await store.close()


async def test_a_newer_schema_is_refused(url: str) -> None:
    """An older mailer does not touch what a newer one wrote, and says the way out."""
    store = await Store.open(url)
    await store.write(_set_version("9999"))
    try:
        with pytest.raises(StoreError, match="install the newer mailer") as caught:
            await Store.open(url)
        assert not caught.value.temporary
    finally:
        await store.write(_set_version(HEAD))
        await store.close()


def test_the_code_knows_every_migration() -> None:
    """The head named in the code is the newest script, and each one is known."""
    config = Config()
    folder = Path(mailer.store.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == HEAD
    assert {s.revision for s in scripts.walk_revisions()} == set(_KNOWN)


def _version(connection: Connection) -> str:
    found = connection.execute(text("SELECT version_num FROM alembic_version"))
    return str(found.scalar_one())


def _insert(table: str, row: dict[str, object]):
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    statement = text(f"INSERT INTO {table} ({names}) VALUES ({values})")  # noqa: S608 - ours
    return lambda connection: connection.execute(statement, row)


def _set_version(version: str):
    statement = text("UPDATE alembic_version SET version_num = :version")
    return lambda connection: connection.execute(statement, {"version": version})


def test_many_that_open_new_files_together_all_succeed(tmp_path: Path) -> None:
    """None fails because another one says the same at the same moment."""
    together = Barrier(8)

    def open_each(number: int) -> None:
        for file in range(40):
            connection = sqlite3.connect(tmp_path / f"{file}.db", timeout=5)
            together.wait(timeout=10)
            prepare(connection, None)
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_each, range(8)))
