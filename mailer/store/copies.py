"""A database in a file as a whole: copied while others write, examined, put back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from mailer.errors import GuardError, StoreError
from mailer.phrases import Phrase, say, verbatim
from mailer.store.engine import in_our_words, refuse_newer
from mailer.store.upkeep import written

_PATIENCE_SECONDS = 30.0
_BESIDE = ("-wal", "-shm")
_ENDS = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class SqliteUpkeep:
    """A database in a file, with its journal beside it."""

    suffix = ".db"

    def __init__(self, file: Path) -> None:
        self._file = file

    def schema(self) -> str | None:
        """See the port."""
        with _opened(self._file) as connection:
            return _schema(connection)

    def size(self) -> int:
        """See the port."""
        files = [self._file, *self._journal()]
        return sum(each.stat().st_size for each in files if each.exists())

    def backup(self, file: Path) -> None:
        """See the port."""
        if file.exists() and file.samefile(self._file):
            message = say("{file} is the database itself", file=file)
            raise GuardError(message)
        with _opened(self._file) as connection, written(file) as copy:
            # One read transaction: whoever writes meanwhile writes into the journal.
            connection.execute("VACUUM INTO ?", (copy.name,))
            _refuse_faulty(Path(copy.name), quick=True)

    def examine(self, file: Path | None = None) -> Sequence[Phrase]:
        """See the port."""
        return _faults(file or self._file)

    def vacuum(self) -> None:
        """See the port."""
        with _opened(self._file) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def restore(self, file: Path, aside: str) -> str:
        """See the port."""
        _refuse_faulty(file)
        with _opened(file) as connection:
            refuse_newer(_schema(connection))
        kept = self._put_aside(aside) if self._file.exists() else None
        try:
            with file.open("rb") as backup, written(self._file) as fresh:
                shutil.copyfileobj(backup, fresh)
        except BaseException:
            if kept is not None:
                kept.replace(self._file)
            raise
        return "" if kept is None else str(kept)

    def _put_aside(self, aside: str) -> Path:
        """Move the old database away, in one file if it can be read at all."""
        kept = self._file.with_name(f"{self._file.name}.{aside}")
        try:
            with closing(sqlite3.connect(self._file, timeout=1)) as connection:
                # Only who is alone with it may say so, and then no journal is left.
                connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            message = say("somebody works with the database: {error}", error=error)
            raise GuardError(message, hint=say("stop mailer run first")) from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _ENDS:
                raise
        self._file.replace(kept)
        for journal in self._journal():  # of one that is damaged: it belongs to it
            if journal.exists():
                ending = journal.name.removeprefix(self._file.name)
                journal.replace(kept.with_name(kept.name + ending))
        return kept

    def _journal(self) -> list[Path]:
        return [self._file.with_name(self._file.name + end) for end in _BESIDE]


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """The database in *file*, which must be there; nothing in it is changed by that."""
    if not file.is_file():
        message = say("there is no database {file}", file=file)
        raise StoreError(message, temporary=False)
    with in_our_words(sqlite3.Error):
        address = f"{file.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            address, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None
        )
        with closing(connection):
            yield connection


def _schema(connection: sqlite3.Connection) -> str | None:
    tables = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.execute(tables).fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _faults(file: Path, *, quick: bool = False) -> list[Phrase]:
    """What SQLite finds, and rows whose other half is missing."""
    try:
        with _opened(file) as connection:
            look = "quick_check" if quick else "integrity_check"
            found = [row[0] for row in connection.execute(f"PRAGMA {look}(20)")]
            if found != ["ok"]:
                return [verbatim(line) for line in found]
            if _schema(connection) is None:
                return [say("this is not a database of mailer")]
            torn = [] if quick else connection.execute("PRAGMA foreign_key_check")
            return [
                say("{table}: row {row} has no {other}", table=t, row=r or "?", other=o)
                for t, r, o, _ in torn
            ]
    except StoreError as error:
        if error.temporary:
            raise
        return [verbatim(error)]


def _refuse_faulty(file: Path, *, quick: bool = False) -> None:
    if faults := _faults(file, quick=quick):
        message = say("{file}: {fault}", file=file, fault=faults[0])
        raise StoreError(message, temporary=False)
