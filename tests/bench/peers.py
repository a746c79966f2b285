"""Who else can send: other people's ways, each in a process of its own.

A peer that is missing here (no gcc, no Go, no node, no Postfix) costs its own rows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.bench.newsletter import Newsletter
from tests.bench.sink import PEERS, MissingError, Sink
from tests.bench.watch import Watch, children_seconds

_PATIENCE_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One sending, measured. Times in seconds, memory in MB, what is None is unknown.

    ``cpu`` is of the sender and its children, ``server_cpu`` of its database's server.
    ``ready`` is how long it took to ask for confirmation, ``first`` from there to the
    first message on the wire.
    """

    count: int
    seconds: float
    cpu: float
    sink_cpu: float
    peak: float
    size: float | None = None
    server_cpu: float = 0.0
    written: int = 0
    ready: float | None = None
    first: float | None = None

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.count / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of the sender's CPU per message."""
        return self.cpu / self.count * 1e6


class Sender(Protocol):
    """Somebody who sends the newsletter to a number of readers."""

    name: str
    count: int

    def send(self, sink: Sink, *, count: int, connections: int) -> Sample:
        """Send to *count* readers, measured; AssertionError unless all arrived."""


@dataclass(kw_only=True)
class Peer:
    """A command line that sends in clear text; ``count`` is for a second or two."""

    name: str
    count: int
    command: Sequence[str | Path]
    newsletter: Newsletter
    last: str = ""

    def send(self, sink: Sink, *, count: int, connections: int) -> Sample:
        words = [
            *self.command,
            *("127.0.0.1", str(sink.port), str(count), str(connections)),
            self.last or str(self.newsletter.content),
        ]
        sink.taken()
        before, begun = children_seconds(), time.monotonic()
        process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        watch = Watch(process.pid)
        watch.start()
        _, said = process.communicate(timeout=_PATIENCE_SECONDS)
        seconds = time.monotonic() - begun
        watch.stop()
        assert process.returncode == 0, f"{self.name}: {said[-400:]}"
        cpu = children_seconds() - before
        return measured(sink, watch, count=count, seconds=seconds, cpu=cpu)


def measured(
    sink: Sink, watch: Watch, *, count: int, seconds: float, cpu: float
) -> Sample:
    """A sample by the sink's clock, or by ours if it has none."""
    taken = sink.taken()
    assert taken.messages in (count, None), f"{taken.messages} of {count} arrived"
    return Sample(
        count=count,
        seconds=taken.seconds or seconds,
        cpu=cpu,
        sink_cpu=taken.cpu,
        peak=watch.peak,
        size=taken.size,
        written=watch.written,
        first=taken.first,
    )


def peers(newsletter: Newsletter, folder: Path) -> tuple[list[Peer], list[str]]:
    """Everybody who can be found or built here, and why the others cannot."""
    found, missing = [], []
    for build in (_smtp_source, _go, _nodemailer, _naive):
        try:
            found += build(newsletter, folder)
        except MissingError as error:
            missing.append(str(error))
    return found, missing


def _smtp_source(newsletter: Newsletter, _: Path) -> list[Peer]:
    if shutil.which("smtp-source") is None:
        message = "no smtp-source (Debian: postfix)"
        raise MissingError(message)
    program = PEERS / "smtp_source"
    size = str(newsletter.wire_bytes)
    return [
        Peer(
            name="smtp-source",
            count=20_000,
            command=[program],
            newsletter=newsletter,
            last=size,
        )
    ]


def _go(newsletter: Newsletter, folder: Path) -> list[Peer]:
    program = folder / "gosend"
    if not program.exists():
        _make(
            ["go", "build", "-o", program, "main.go"],
            cwd=PEERS / "go",
            environ={"GO111MODULE": "off"},
        )
    return [
        Peer(name=name, count=count, command=[program, mode], newsletter=newsletter)
        for name, count, mode in (
            ("Go", 4_000, "compose"),
            ("Go, prebuilt", 5_000, "raw"),
        )
    ]


def _nodemailer(newsletter: Newsletter, folder: Path) -> list[Peer]:
    home = folder / "nodemailer"
    if not (home / "node_modules").exists():
        shutil.copytree(PEERS / "nodemailer", home, dirs_exist_ok=True)
        _make(["npm", "install", "--no-package-lock", "--no-audit"], cwd=home)
    return [
        Peer(
            name=name,
            count=count,
            command=["node", home / "send.js", mode],
            newsletter=newsletter,
        )
        for name, count, mode in (
            ("nodemailer", 800, "compose"),
            ("nodemailer, prebuilt", 2_000, "raw"),
        )
    ]


def _naive(newsletter: Newsletter, _: Path) -> list[Peer]:
    program = PEERS / "naive.py"
    return [
        Peer(
            name="naive aiosmtplib",
            count=300,
            command=[sys.executable, program],
            newsletter=newsletter,
        )
    ]


def _make(
    command: Sequence[str | Path], *, cwd: Path, environ: dict[str, str] | None = None
) -> None:
    program = str(command[0])
    if shutil.which(program) is None:
        message = f"no {program}"
        raise MissingError(message)
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        message = f"{program} failed: {said[-1] if said else done.returncode}"
        raise MissingError(message)
