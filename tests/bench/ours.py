"""Our own way: the real ``mailer send``, on a ledger with readers, asked and answered.

The readers are imported once by ``mailer subscribers import``; every run begins with a
copy of that database. The confirmation is typed at a terminal, as an operator would, so
that what comes before it and what comes after it are measured apart.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from tests.bench.newsletter import EDITION, NAMES, Newsletter
from tests.bench.peers import Sample, measured
from tests.bench.sink import Sink
from tests.bench.watch import Watch, children_seconds, seconds_of_tree
from tests.contract.postgres import Postgres

_LAST = "run"
"""The copy on which the last run was."""

_QUESTION = "Type the number of recipients"


@dataclass(frozen=True, kw_only=True)
class Import:
    """What it took to take the readers in: seconds, and MB at the peak."""

    count: int
    seconds: float
    peak: float


class Database(Protocol):
    """Where ledgers are; ``imported`` says how the readers came into each."""

    imported: dict[int, Import]

    def fresh(self, name: str) -> str:
        """The address of an empty database."""

    def copy(self, name: str) -> str:
        """The address of a copy of the one called *name*; the last copy is gone."""

    def drop(self, name: str) -> None:
        """Give back the room of the one called *name*, and of the last copy."""

    def server_seconds(self) -> float:
        """CPU of its server so far; 0 if it has none."""


class SqliteFiles:
    """A file per database, in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.imported: dict[int, Import] = {}
        self._folder = folder

    def fresh(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.db"

    def copy(self, name: str) -> str:
        self._unlink(_LAST)
        place = self._folder / f"{_LAST}.db"
        shutil.copy(self._folder / f"{name}.db", place)
        os.sync()  # what is still to be written would be written during the run
        return f"sqlite:///{place}"

    def drop(self, name: str) -> None:
        self._unlink(_LAST)
        self._unlink(name)

    def server_seconds(self) -> float:
        return 0.0

    def _unlink(self, name: str) -> None:
        for file in self._folder.glob(f"{name}.db*"):
            file.unlink()


class PostgresDatabases:
    """Databases of one server, with every commit on the disk."""

    def __init__(self, server: Postgres) -> None:
        self.imported: dict[int, Import] = {}
        self._server = server
        self._urls: dict[str, str] = {}

    def fresh(self, name: str) -> str:
        self._urls[name] = self._server.new_database()
        return self._urls[name]

    def copy(self, name: str) -> str:
        self._forget(_LAST)
        template = make_url(self._urls[name]).database
        self._urls[_LAST] = self._server.new_database(template=str(template))
        self._server.run("CHECKPOINT", database=self._server.url("postgres"))
        return self._urls[_LAST]

    def drop(self, name: str) -> None:
        self._forget(_LAST)
        self._forget(name)

    def server_seconds(self) -> float:
        return seconds_of_tree(self._server.pid)

    def _forget(self, name: str) -> None:
        if url := self._urls.pop(name, ""):
            self._server.drop(url)


@dataclass(kw_only=True)
class Ours:
    """``mailer send`` of a newsletter, with a ledger; *tls* where the sink offers it.

    *helpers* is how many processes of ``mailer worker`` carry beside it, *rate* how fast
    the relay may be sent to: ``20/s``.
    """

    name: str
    count: int
    newsletter: Newsletter
    database: Database
    tls: bool = False
    helpers: int = 0
    rate: str = ""

    def send(self, sink: Sink, *, count: int, connections: int) -> Sample:
        self.take_in(count)
        url = self.database.copy(_readers(count))
        environ = self._environ(
            url,
            PORT=str(sink.port),
            CONNECTIONS=str(connections),
            **({"SECURITY": "starttls", "CA_FILE": sink.ca_file} if self.tls else {}),
            **({"RATE": self.rate} if self.rate else {}),
        )
        helpers = [_Helper(self._mailer(), environ) for _ in range(self.helpers)]
        sink.taken()
        before, server = children_seconds(), self.database.server_seconds()
        begun = time.monotonic()
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*self._mailer(), "send", EDITION],
            env=environ,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        watch = Watch(process.pid)
        watch.start()
        said = _until(process, _QUESTION)
        ready = time.monotonic()
        os.write(ours, f"{count}\n".encode())
        assert process.stderr is not None
        said += process.stderr.read().decode()
        process.wait()
        ended = time.monotonic()
        watch.stop()
        for end in (ours, theirs):
            os.close(end)
        assert process.returncode == 0, f"{self.name}: {said[-600:]}"
        for helper in helpers:
            helper.stop()
        cpu = children_seconds() - before
        server = self.database.server_seconds() - server
        sample = measured(sink, watch, count=count, seconds=ended - ready, cpu=cpu)
        first = None if sample.first is None else sample.first - ready
        return replace(
            sample,
            server_cpu=server,
            ready=ready - begun,
            first=first,
            peak=max(sample.peak, *(helper.watch.peak for helper in helpers), 0),
        )

    def take_in(self, count: int) -> Import:
        """Have *count* readers in a database of their own; only once."""
        if count in self.database.imported:
            return self.database.imported[count]
        roster = self.newsletter.folder / "data" / f"{_readers(count)}.csv"
        with roster.open("w", encoding="utf-8") as file:
            file.write("email;name\n")
            file.writelines(
                f"subscriber{n}@example{n % 500}.net;{NAMES[n % len(NAMES)]}\n"
                for n in range(count)
            )
        command = [*self._mailer(), "subscribers", "import", str(roster)]
        begun = time.monotonic()
        process = subprocess.Popen(
            [*command, "--consent", "bench", "--yes"],
            env=self._environ(self.database.fresh(_readers(count))),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        watch = Watch(process.pid)
        watch.start()
        _, said = process.communicate()
        watch.stop()
        assert process.returncode == 0, said.decode()
        roster.unlink()
        self.database.imported[count] = Import(
            count=count, seconds=time.monotonic() - begun, peak=watch.peak
        )
        return self.database.imported[count]

    def forget(self, count: int) -> None:
        """Give the room of *count* readers back."""
        self.database.drop(_readers(count))
        del self.database.imported[count]

    def _mailer(self) -> list[str]:
        return [sys.executable, "-m", "mailer", "-C", str(self.newsletter.folder)]

    def _environ(self, url: str, **relay: str) -> dict[str, str]:
        data = self.newsletter.folder / "data"
        return {
            **os.environ,
            "LC_ALL": "C",
            "MAILER_STORAGE__FOLDER": str(data),
            "MAILER_STORAGE__DATABASE": url,
            **{f"MAILER_RELAYS__BENCH__{key}": value for key, value in relay.items()},
        }


class _Helper:
    """A ``mailer worker`` that waits for the run and helps with it."""

    def __init__(self, mailer: Sequence[str], environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [*mailer, "worker"],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.watch = Watch(self._process.pid)
        self.watch.start()
        _until(self._process, "Waiting for runs")

    def stop(self) -> None:
        self._process.terminate()
        _, said = self._process.communicate()
        self.watch.stop()
        assert self._process.returncode == 0, said.decode()


def _readers(count: int) -> str:
    return f"readers-{count}"


def _until(process: subprocess.Popen[bytes], words: str) -> str:
    """What is said up to *words*; AssertionError if it never says them."""
    assert process.stderr is not None
    said = ""
    while words not in said:
        part = os.read(process.stderr.fileno(), 4096)
        assert part, f"it ended with: {said}"
        said += part.decode(errors="replace")
    return said
