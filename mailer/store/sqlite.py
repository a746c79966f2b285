"""The file of a SQLite database: one connection that writes, one that reads.

Nothing of it is loaded where the database is PostgreSQL.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

from mailer.errors import StoreError
from mailer.phrases import say

_BUSY_SECONDS = 5.0


def engines_of(url: URL) -> tuple[Engine, Path, Engine]:
    """For writing, the folder of the file, which is made if need be, and for reading."""
    file = Path(str(url.database))
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            file.touch(mode=0o600)  # people's addresses; the journal takes its mode
    except OSError as error:
        message = say("{file} cannot be made: {error}", file=file, error=error.strerror)
        raise StoreError(message, temporary=False) from error
    return _engine(url), file.parent, _engine(url)


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        poolclass=StaticPool,  # one thread, one connection, kept open
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin)
    return engine


def prepare(connection: sqlite3.Connection, _: object) -> None:
    """What is said to a connection when it is new."""
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    _write_ahead(cursor)
    # FULL: a commit survives the loss of power. NORMAL would let the last ones go, and
    # whoever was in them would be written to again.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # KB. The kernel keeps the file's pages too; two connections with the usual 2 MB of
    # their own are 4 MB more in every process, and nothing is quicker for it.
    cursor.execute("PRAGMA cache_size = -500")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Have a file keep its journal beside it, which is kept in the file once it is said.

    Two that say it of a new file at the same moment stand in each other's way, and for
    that SQLite does not wait by itself.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("mailer_writes", True)
    # IMMEDIATE: to become a writer in mid-transaction may fail, to begin as one waits.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
