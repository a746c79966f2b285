"""A PostgreSQL database as a whole, by PostgreSQL's own programs.

pg_dump and pg_restore are handed the password in the environment, never as a word that
everybody on the machine can read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from mailer.errors import GuardError, StoreError
from mailer.phrases import Phrase, say, verbatim
from mailer.store.engine import in_our_words, refuse_newer
from mailer.store.schema import metadata
from mailer.store.upkeep import written

_MAGIC = b"PGDMP"  # how every dump in pg_dump's own format begins


class PostgresUpkeep:
    """A database of a PostgreSQL server."""

    suffix = ".dump"

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    def schema(self) -> str | None:
        """See the port."""
        with in_our_words(), self._engine().connect() as connection:
            return _schema(connection)

    def size(self) -> int:
        """See the port."""
        asked = text("SELECT pg_database_size(current_database())")
        with in_our_words(), self._engine().connect() as connection:
            return int(connection.execute(asked).scalar_one())

    def backup(self, file: Path) -> None:
        """See the port."""
        with written(file) as copy:
            # Without what an earlier restore has put aside into schemas of its own.
            ours = ("--format=custom", "--no-owner", "--schema=public")
            self._run("pg_dump", *ours, out=copy)
            copy.flush()
            self._read_through(Path(copy.name))

    def examine(self, file: Path | None = None) -> Sequence[Phrase]:
        """See the port."""
        if file is not None:
            try:
                self._read_through(file)
            except StoreError as error:
                return [verbatim(error)]
            return []
        with in_our_words(), self._engine().connect() as connection:
            if _schema(connection) is None:
                return [say("this is not a database of mailer")]
            there = set(inspect(connection).get_table_names())
            return [
                say("the table {table} is missing", table=name)
                for name in metadata.tables
                if name not in there
            ]

    def vacuum(self) -> None:
        """See the port."""
        engine = self._engine().execution_options(isolation_level="AUTOCOMMIT")
        with in_our_words(), engine.connect() as connection:
            connection.execute(text("VACUUM (ANALYZE)"))

    def restore(self, file: Path, aside: str) -> str:
        """See the port.

        What is there moves into a schema of its own, and back if anything fails.
        """
        self._read_through(file)
        kept = aside.replace("-", "_").lower()
        with in_our_words(), self._engine().begin() as connection:
            _refuse_company(connection)
            connection.execute(text(f'ALTER SCHEMA public RENAME TO "{kept}"'))
            connection.execute(text("CREATE SCHEMA public"))
        try:
            self._run(
                *("pg_restore", "--no-owner", "--single-transaction"),
                *("--exit-on-error", "--schema=public"),
                file=file,
            )
            refuse_newer(self.schema())
        except BaseException:
            with in_our_words(), self._engine().begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text(f'ALTER SCHEMA "{kept}" RENAME TO public'))
            raise
        return say("schema {name}", name=kept)

    def _read_through(self, file: Path) -> None:
        """StoreError unless *file* is a dump with a ledger in it."""
        try:
            with file.open("rb") as dump:
                begins = dump.read(len(_MAGIC))
        except OSError as error:
            message = say("there is no database {file}", file=file)
            raise StoreError(message, temporary=False) from error
        told = b""
        if begins == _MAGIC:
            told = self._run("pg_restore", "--list", file=file, connects=False)
        if b" alembic_version " not in told:
            message = say("{file}: this is no backup of mailer", file=file)
            raise StoreError(message, temporary=False)
        # The list stands at the beginning; only who writes it all out reads it all.
        self._run("pg_restore", f"--file={os.devnull}", file=file, connects=False)

    def _run(
        self,
        program: str,
        *words: str,
        file: Path | None = None,
        out: BinaryIO | None = None,
        connects: bool = True,
    ) -> bytes:
        """Run one of PostgreSQL's programs to its end; what it said, unless to *out*."""
        found = shutil.which(program)
        if found is None:
            message = say("{program} is not installed", program=program)
            raise StoreError(message, temporary=False)
        public = self._url.set(drivername="postgresql", password=None)
        where = f"--dbname={public.render_as_string()}"
        secret = {"PGPASSWORD": str(self._url.password)} if self._url.password else {}
        command = [found, *words]
        if connects:
            command.append(where)
        if file is not None:
            command.append(str(file))
        done = subprocess.run(  # noqa: S603 - its words are ours
            command,
            env={**os.environ, **secret, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if out is None else out,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip() or str(done.returncode)
            message = say("{program} failed: {said}", program=program, said=said)
            raise StoreError(message)
        return done.stdout or b""

    def _engine(self) -> Engine:
        return create_engine(self._url, poolclass=NullPool)


def _schema(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _refuse_company(connection: Connection) -> None:
    """GuardError while another session is open on this database.

    The server ends a session a moment after it was left: that moment is waited for.
    """
    for _ in range(20):
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        others = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        ).scalar_one()
        if not others:
            return
        time.sleep(0.1)
    message = say("somebody works with the database")
    raise GuardError(message, hint=say("stop mailer run first"))
