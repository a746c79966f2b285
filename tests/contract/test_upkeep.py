"""The database as a whole, on both dialects: copied while others write, put back whole."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, make_url, select, text

from mailer.errors import GuardError, StoreError
from mailer.store.copies import SqliteUpkeep
from mailer.store.dumps import PostgresUpkeep
from mailer.store.engine import HEAD, Store
from mailer.store.schema import suppression
from mailer.store.upkeep import Upkeep
from tests.contract.postgres import Postgres, programs

NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
ASIDE = "replaced-2026-03-14T060000Z"


@pytest.fixture
def empty_url(empty_url: str, dialect: str, request: pytest.FixtureRequest) -> str:
    """On PostgreSQL it is the database's owner who does all this, and no superuser."""
    if dialect == "sqlite":
        return empty_url
    server: Postgres = request.getfixturevalue("postgres")
    if not server.run(
        "SELECT 1 FROM pg_roles WHERE rolname = 'mailer'", database=empty_url
    ):
        server.run("CREATE ROLE mailer LOGIN", database=empty_url)
    name = make_url(empty_url).database
    server.run(f'ALTER DATABASE "{name}" OWNER TO mailer', database=empty_url)
    return empty_url.replace("postgres@", "mailer@")


@pytest.fixture
def upkeep(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> Upkeep:
    """The upkeep of a database that is made by whoever opens it."""
    if empty_url.startswith("sqlite"):
        return SqliteUpkeep(Path(empty_url.removeprefix("sqlite:///")))
    monkeypatch.setenv("PATH", str(programs()), prepend=":")
    return PostgresUpkeep(empty_url)


async def suppress(store: Store, *names: str) -> None:
    rows = [
        {"email_key": n, "email": n, "reason": "manual", "at": NOW, "note": "é"}
        for n in names
    ]
    await store.write(lambda c: c.execute(insert(suppression), rows))


async def count(url: str) -> int:
    store = await Store.open(url)
    rows = select(func.count()).select_from(suppression)
    found = await store.read(lambda c: c.execute(rows).scalar_one())
    await store.close()
    return int(found)


async def test_a_backup_holds_what_was_committed_and_can_be_put_back(
    empty_url: str, upkeep: Upkeep, tmp_path: Path
) -> None:
    """With the database open and in use; what came later is not in it, and not lost."""
    store = await Store.open(empty_url)
    await suppress(store, "one", "two")
    backup = tmp_path / f"backup{upkeep.suffix}"
    upkeep.backup(backup)
    await suppress(store, "three")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert list(upkeep.examine(backup)) == []
    with pytest.raises(GuardError, match="somebody works with the database"):
        upkeep.restore(backup, ASIDE)
    await store.close()
    kept = upkeep.restore(backup, ASIDE)
    assert kept.lower().replace("-", "_").endswith(ASIDE.lower().replace("-", "_"))
    assert await count(empty_url) == 2
    assert upkeep.schema() == HEAD
    assert list(upkeep.examine()) == []


async def test_what_was_put_back_can_be_copied_and_put_back_again(
    empty_url: str, upkeep: Upkeep, tmp_path: Path
) -> None:
    """The old ones that are kept aside are in nobody's way, nor in the next backup."""
    store = await Store.open(empty_url)
    await suppress(store, *map(str, range(500)))
    await store.close()
    sizes = []
    for turn in range(3):
        backup = tmp_path / f"{turn}{upkeep.suffix}"
        upkeep.backup(backup)
        sizes.append(backup.stat().st_size)
        upkeep.restore(backup, f"{ASIDE}-{turn}")
        assert await count(empty_url) == 500
    assert max(sizes) < 1.05 * min(sizes)


async def test_a_backup_of_an_older_schema_is_migrated_when_it_is_back(
    empty_url: str, upkeep: Upkeep, tmp_path: Path
) -> None:
    """The backup from before an upgrade is of use after it."""
    store = await Store.open(empty_url, schema="0004")
    await suppress(store, "one")
    await store.close()
    assert upkeep.schema() == "0004"
    backup = tmp_path / f"backup{upkeep.suffix}"
    upkeep.backup(backup)
    assert upkeep.schema() == "0004", "to copy is not to migrate"
    assert await count(empty_url) == 1  # upgraded
    assert upkeep.schema() == HEAD
    upkeep.restore(backup, ASIDE)
    assert upkeep.schema() == "0004"
    assert await count(empty_url) == 1
    assert upkeep.schema() == HEAD


async def test_what_cannot_be_restored_changes_nothing(
    empty_url: str, upkeep: Upkeep, tmp_path: Path
) -> None:
    """Half a backup, a text, a newer mailer's: everything is as it was."""
    store = await Store.open(empty_url)
    await suppress(store, "one")
    backup, newer = (tmp_path / f"{n}{upkeep.suffix}" for n in ("backup", "newer"))
    upkeep.backup(backup)
    version = "UPDATE alembic_version SET version_num = "
    await store.write(lambda c: c.execute(text(f"{version} '9999'")))
    upkeep.backup(newer)
    await store.write(lambda c: c.execute(text(f"{version} '{HEAD}'")))
    await store.close()
    half = tmp_path / "half"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    strange = tmp_path / "text"
    strange.write_text("nothing of a database " * 500, encoding="utf-8")
    for file in (half, strange, tmp_path / "absent", newer):
        with pytest.raises(StoreError):
            upkeep.restore(file, ASIDE)
        assert await count(empty_url) == 1, file
    assert list(upkeep.examine(half)) != []
    assert list(upkeep.examine(strange)) != []


async def test_vacuum_keeps_everything(empty_url: str, upkeep: Upkeep) -> None:
    """Nobody is lost by packing."""
    store = await Store.open(empty_url)
    await suppress(store, "one")
    await store.close()
    upkeep.vacuum()
    assert upkeep.size() > 0
    assert await count(empty_url) == 1


@pytest.mark.postgres
def test_a_program_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without pg_dump no backup is made, and the operator knows what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "backup.dump"
    with pytest.raises(StoreError, match="pg_dump is not installed"):
        PostgresUpkeep("postgresql+psycopg://mailer:secret@/mailer").backup(file)
    assert not file.exists()


@pytest.mark.postgres
def test_no_password_is_a_word_of_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lists processes sees none; the program finds it in its environment."""
    spy = tmp_path / "pg_dump"
    spy.write_text(
        f'#!/bin/sh\necho "$@ PASSWORD=$PGPASSWORD" > {tmp_path}/seen\nexit 1\n'
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(StoreError, match="pg_dump failed"):
        PostgresUpkeep("postgresql+psycopg://mailer:s3cr3t@db.example/mailer").backup(
            tmp_path / "backup.dump"
        )
    words, _, password = (tmp_path / "seen").read_text().strip().rpartition(" ")
    assert "s3cr3t" not in words
    assert "db.example" in words
    assert password == "PASSWORD=s3cr3t"
