"""Who takes the mail: our own fast sink in C, or Postfix's ``smtp-sink`` beside it.

The fast sink needs about 35 us of CPU per message, a tenth of ``smtp-sink``, and keeps
the clock: from the first MAIL to the last accepted message.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trustme

from tests.bench.watch import seconds_of

PEERS = Path(__file__).parent / "peers"


class MissingError(Exception):
    """A program that a measurement needs is not on this machine."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a sink took since it was last asked; ``first`` by the monotonic clock.

    ``messages`` and the times are None for a sink that does not count.
    """

    messages: int | None
    size: float | None
    first: float | None
    seconds: float | None
    cpu: float


class Sink(Protocol):
    """A server that takes everything; ``ca_file`` is empty without STARTTLS."""

    port: int
    ca_file: str

    def taken(self) -> Taken:
        """What came since the last question."""


class _FastSink:
    def __init__(self, process: subprocess.Popen[str], ca_file: str) -> None:
        self._process = process
        self._cpu = 0.0
        self.ca_file = ca_file
        word, port = self._line().split()
        assert word == "listening"
        self.port = int(port)

    def taken(self) -> Taken:
        self._process.send_signal(signal.SIGUSR1)
        said = json.loads(self._line())
        cpu, self._cpu = said["cpu"] - self._cpu, said["cpu"]
        messages = said["messages"]
        return Taken(
            messages=messages,
            size=said["bytes"] / messages if messages else None,
            first=said["first"],
            seconds=said["seconds"],
            cpu=cpu,
        )

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class _SmtpSink:
    ca_file = ""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._cpu = 0.0
        self.port = port

    def taken(self) -> Taken:
        now = seconds_of(self._process.pid)
        cpu, self._cpu = now - self._cpu, now
        return Taken(messages=None, size=None, first=None, seconds=None, cpu=cpu)


@contextmanager
def fast_sink(folder: Path, *, rtt_ms: float = 0, tls: bool = False) -> Iterator[Sink]:
    """The fast sink, compiled into *folder*; *rtt_ms* holds every reply back."""
    options: list[str] = ["-r", str(rtt_ms)] if rtt_ms else []
    ca_file = ""
    if tls:
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        cert, key, ca_file = (
            str(folder / name) for name in ("cert.pem", "key.pem", "ca.pem")
        )
        issued.cert_chain_pems[0].write_to_path(cert)
        issued.private_key_pem.write_to_path(key)
        authority.cert_pem.write_to_path(ca_file)
        options += ["-t", cert, key]
    process = subprocess.Popen(
        [_compiled(folder), "0", *options], stdout=subprocess.PIPE, text=True
    )
    try:
        yield _FastSink(process, ca_file)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def smtp_sink() -> Iterator[Sink]:
    """Postfix's sink: slower than many senders, but nobody's but theirs."""
    program = shutil.which("smtp-sink")
    if program is None:
        message = "no smtp-sink (Debian: postfix)"
        raise MissingError(message)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [program, "-4", *user, "-m", "1000", f"127.0.0.1:{port}", "1024"]
    )
    try:
        while _refuses(port):
            assert process.poll() is None
            time.sleep(0.02)
        yield _SmtpSink(process, port)
    finally:
        process.terminate()
        process.wait()


def _refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _compiled(folder: Path) -> Path:
    program = folder / "fastsink"
    if not program.exists():
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            message = "no C compiler for the sink (Debian: gcc, libssl-dev)"
            raise MissingError(message)
        command = [compiler, "-O2", "-o", program, PEERS / "fastsink.c"]
        done = subprocess.run(
            [*command, "-lssl", "-lcrypto"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            message = f"the sink does not compile: {done.stderr.splitlines()[0]}"
            raise MissingError(message)
    return program
