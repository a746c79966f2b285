"""What drivers raise becomes an error that an operator can act on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import ArgumentError, OperationalError

from mailer.errors import StoreError
from mailer.store.engine import Store, in_our_words


@pytest.mark.parametrize(
    ("said", "words", "temporary"),
    [
        ("database or disk is full", "make room", True),
        ('could not extend file "base/1": No space left on device', "make room", True),
        ("database is locked", "locked", True),
        ("attempt to write a readonly database", "file mode and owner", False),
        ("cannot execute UPDATE in a read-only transaction", "read-only", False),
        ("database disk image is malformed", "restore the last backup", False),
        ("file is not a database", "not a mailer database", False),
        ("unable to open database file", "does its folder exist", False),
        ("disk I/O error", "does not read or write", True),
        ('password authentication failed for user "m"', "refuses the password", False),
        ('FATAL:  database "m" does not exist', "no such PostgreSQL", False),
        ("connection to server at ... failed: refused", "is it running", True),
        ("server closed the connection unexpectedly", "broke", True),
        ("terminating connection due to administrator command", "broke", True),
        ("something quite new\nDETAIL: x", "said: something quite new$", True),
        ("", "the database said", True),
    ],
)
def test_a_driver_s_words_become_ours(said: str, words: str, temporary: bool) -> None:
    """What to do, and whether waiting may help; what we do not know is temporary."""
    fault = sqlite3.OperationalError(said)
    with pytest.raises(StoreError, match=words) as caught, in_our_words():
        raise OperationalError("UPDATE delivery", {}, fault)
    assert caught.value.temporary is temporary
    assert caught.value.exit_code == (75 if temporary else 69)
    assert caught.value.__cause__ is not None


def test_an_error_without_a_driver_is_ours_too() -> None:
    """SQLAlchemy's own complaints do not pass the door."""
    with pytest.raises(StoreError, match="cannot be used: no such thing"):
        with in_our_words():
            raise ArgumentError("no such thing")


async def test_the_database_is_made_for_us_alone(tmp_path: Path) -> None:
    """Addresses of readers are nobody else's business on a shared machine."""
    folder = tmp_path / "deep" / "data"
    store = await Store.open(f"sqlite:///{folder}/mailer.db")
    files = {file.name: file.stat().st_mode & 0o077 for file in folder.iterdir()}
    await store.close()
    assert folder.stat().st_mode & 0o077 == 0
    assert files == {"mailer.db": 0, "mailer.db-wal": 0, "mailer.db-shm": 0}


async def test_a_failed_opening_leaves_the_file_free(tmp_path: Path) -> None:
    """Nothing of it stays open or locked."""
    file = tmp_path / "mailer.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(StoreError, match="schema 9999"):
        await Store.open(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    engine.dispose()
