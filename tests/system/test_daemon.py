"""`mailer run` in a process of its own, on a wall clock that the tests move.

Whatever happens to it or to the clock, the edition of a date leaves once.
"""

from __future__ import annotations

import asyncio
import email
import email.utils
import os
import pty
import re
import signal
import socket
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mailer.audience.roster import Row
from mailer.daemon.client import ask
from mailer.errors import GuardError
from mailer.flows.ports import Run
from mailer.store.engine import Store
from mailer.store.ledger.deliveries import SqlLedger
from mailer.store.people.readers import SqlReaders

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
SETTINGS = """
[site]
public_url = "https://lettre.example"
lang       = "en"

[storage]
folder = "{data}"

[[relays]]
name        = "folder"
kind        = "maildir"
path        = "{mail}"
connections = 2
rate        = "{rate}"

[send]
approval = "auto"

[daemon]
tick = "100ms"

[web]
admin = "127.0.0.1:0"

[publications.letter]
name     = "The Letter"
from     = "The Letter <letter@letter.example>"
theme    = "texte"
lang     = "en"
schedule = "{schedule}"
"""
EDITION = """\
---
title: Letter of {day}
date: {day}
number: {number}
preheader: What happened
---

# News {{.editorial}}

Ships came in, and ships went out.
"""


@dataclass(kw_only=True)
class Port:
    """A workspace, the daemons that serve it, and the mail that left."""

    folder: Path
    schedule: str = "sat 07:00"
    rate: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.data}/mailer.db"

    def build(self, *days: str, readers: int = 3, **more: str) -> None:
        """Write everything down, the clock at noon of Friday 13 March 2026."""
        for key, value in more.items():
            setattr(self, key, value)
        self.set("2026-03-13T12:00:00+01:00")
        self.data.mkdir(mode=0o700)
        (self.data / "secret_key").write_text("k" * 32, encoding="ascii")
        self.configure()
        for number, day in enumerate(days, 1):
            folder = self.folder / "editions" / "letter" / day
            folder.mkdir(parents=True)
            text = EDITION.format(day=day, number=number)
            (folder / "index.md").write_text(text, encoding="utf-8")
        rows = [Row(line=n, email=f"r{n}@readers.example") for n in range(readers)]
        now = datetime.fromisoformat("2026-03-13T11:00:00+00:00")

        async def subscribe() -> None:
            store = await Store.open(self.url)
            await SqlReaders(store).admit(
                rows, publication="letter", source="test", now=now
            )
            await store.close()

        asyncio.run(subscribe())

    def configure(self, *, schedule: str = "", more: str = "") -> None:
        text = SETTINGS.format(
            data=self.data,
            mail=self.folder / "mail",
            rate=self.rate,
            schedule=schedule or self.schedule,
        )
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config" / "mailer.toml").write_text(text + more, "utf-8")

    def set(self, moment: str) -> None:
        """Set the clock on the wall."""
        fresh = self.folder / "clock.new"
        fresh.write_text(moment, encoding="ascii")
        fresh.replace(self.folder / "clock")

    def start(self, **more: Any) -> subprocess.Popen[bytes]:
        """A daemon, ready."""
        log = self.folder / f"log-{len(self.processes)}"
        words = ["-m", "tests.system.moved", self.folder / "clock", "-C", self.folder]
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, *map(str, words), "run"],
                cwd=ROOT,
                env={**os.environ, "NO_COLOR": "1", "LANG": "C.UTF-8", **self.environ},
                **{
                    "stdin": subprocess.DEVNULL,
                    "stdout": stream,
                    "stderr": stream,
                    **more,
                },
            )
        self.processes.append(process)
        self.until(lambda: self.status(process) or "commands speak" in self.log())
        return process

    def status(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether *process* answers."""
        assert process.poll() is None, self.log()
        answer = self.ask("status")
        return answer is not None and answer["pid"] == process.pid

    def ask(self, do: str, **more: str) -> Any:
        return ask(self.data / "mailer.sock", do, **more)

    def mailer(self, *words: str) -> subprocess.Popen[str]:
        """Another command, by the same clock."""
        moved = ["-m", "tests.system.moved", self.folder / "clock", "-C", self.folder]
        return subprocess.Popen(
            [sys.executable, *map(str, moved), *words],
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def log(self) -> str:
        """What the youngest daemon said."""
        return (self.folder / f"log-{len(self.processes) - 1}").read_text("utf-8")

    def says(self, words: str) -> None:
        """Wait until the youngest daemon says *words*."""
        self.until(lambda: words in self.log(), f"{words}\n")

    def until(self, happens: Callable[[], Any], what: str = "") -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happens():
            assert time.monotonic() < deadline, f"{what}{self.log()}"
            time.sleep(0.02)

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask it to leave, as a service manager does; it leaves well."""
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0, self.log()

    def listen_as_manager(self) -> list[str]:
        """What a service manager hears that wants to hear of us ten times a second."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(str(self.folder / "notify"))
        self.environ = {
            "NOTIFY_SOCKET": str(self.folder / "notify"),
            "WATCHDOG_USEC": "200000",
        }
        heard: list[str] = []

        def listen() -> None:
            while word := manager.recv(4096):
                heard.append(word.decode())

        threading.Thread(target=listen, daemon=True).start()
        return heard

    def still(self) -> None:
        """Wait until the calendar was surely looked at again."""
        time.sleep(0.5)

    def copies(self) -> Counter[str]:
        """How many mails each reader got."""
        found: Counter[str] = Counter()
        for path in (self.folder / "mail").glob("new/*"):  # in tmp they are not yet
            message = email.message_from_bytes(path.read_bytes())
            found[email.utils.parseaddr(message["To"])[1]] += 1
        return found

    def runs(self) -> list[tuple[Run, Any]]:
        """Every run with its tally."""

        async def read() -> list[tuple[Run, Any]]:
            store = await Store.open(self.url)
            ledger = SqlLedger(store)
            found = [(run, await ledger.tally(run)) for run in await ledger.runs()]
            await store.close()
            return found

        return asyncio.run(read())


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    """A workspace; whatever daemon is left is ended."""
    found = Port(folder=tmp_path)
    yield found
    for process in found.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


SATURDAY = "2026-03-14"
ONCE = {f"r{n}@readers.example": 1 for n in range(3)}


def test_seven_o_clock_passes_and_the_edition_leaves(port: Port) -> None:
    """Not before; then by itself, to everybody, once. And it stops when it is told."""
    port.build(SATURDAY)
    heard = port.listen_as_manager()
    daemon = port.start()
    assert port.ask("status")["next"] == {
        "publication": "letter",
        "date": SATURDAY,
        "leaves": "2026-03-14T07:00:00+01:00",
        "edition": "letter/1",
    }
    port.set("2026-03-14T06:59:50+01:00")
    port.still()
    assert port.copies() == {}
    port.set("2026-03-14T07:00:00+01:00")
    port.says("letter-1-1 is sent: 3 = 3 accepted")
    assert port.copies() == ONCE
    port.stop(daemon)
    assert not (port.data / "mailer.sock").exists()
    ready = "READY=1\nSTATUS=Next: letter, Sat 14 Mar 07:00 CET"
    assert {ready, "WATCHDOG=1"} <= set(heard)
    port.until(lambda: any(word.startswith("STOPPING=1") for word in heard))


@pytest.mark.parametrize(
    ("up", "said", "copies"),
    [
        ("2026-03-14T07:40:00+01:00", "letter-2-1 leaves, 40 min", ONCE),
        ("2026-03-15T07:05:00+01:00", "letter of 2026-03-14 is held: 24 h", {}),
    ],
)
def test_a_machine_that_was_down(
    port: Port, up: str, said: str, copies: object
) -> None:
    """Up at 07:40 it catches up; a day later it holds, and says so."""
    port.build("2026-03-07", SATURDAY)
    port.set("2026-03-07T07:00:00+01:00")
    daemon = port.start()
    port.says("letter-1-1 is sent")
    port.stop(daemon)
    for path in (port.folder / "mail").glob("*/*"):
        path.unlink()
    port.set(up)
    port.start()
    port.says(said)
    if copies:
        port.says("is sent")
    port.still()
    assert port.copies() == copies


def test_nights_in_which_clocks_change(port: Port) -> None:
    """In Paris 02:30 does not exist once and comes twice once; each date leaves once."""
    port.build("2026-03-29", "2026-10-25", schedule="sun 02:30")
    port.set("2026-03-29T01:29:50+00:00")
    port.start()
    port.still()
    assert port.copies() == {}
    port.set("2026-03-29T01:30:00+00:00")  # 03:30 by local clocks
    port.says("letter-1-1 is sent")
    port.set("2026-10-25T00:29:50+00:00")
    port.still()
    assert sum(port.copies().values()) == 3
    port.set("2026-10-25T00:30:00+00:00")  # 02:30, the first time
    port.says("letter-2-1 is sent")
    port.set("2026-10-25T01:30:00+00:00")  # 02:30, the second time
    port.still()
    assert set(port.copies().values()) == {2}  # one of each edition


def test_a_clock_that_is_put_forward_and_back(port: Port) -> None:
    """At six it says seven: it leaves. Put right again, nothing leaves a second time."""
    port.build(SATURDAY)
    port.start()
    port.set("2026-03-14T06:10:00+01:00")
    port.still()
    port.set("2026-03-14T07:10:00+01:00")
    port.says("letter-1-1 is sent")
    port.set("2026-03-14T06:10:30+01:00")
    port.still()
    port.set("2026-03-14T07:00:00+01:00")
    port.still()
    assert port.copies() == ONCE
    assert len(port.runs()) == 1


def test_two_daemons_on_one_store(port: Port) -> None:
    """Both see seven o'clock; the edition leaves once."""
    port.build(SATURDAY, readers=20)
    first, second = port.start(), port.start()
    assert "another daemon listens" in port.log()
    port.set("2026-03-14T07:00:00+01:00")
    port.until(lambda: sum(port.copies().values()) >= 20)
    port.still()
    assert set(port.copies().values()) == {1}
    ((run, tally),) = port.runs()
    assert (str(run.state), tally.accepted) == ("sent", 20)
    port.stop(first)
    port.stop(second)


def test_killed_in_the_middle_and_started_again(port: Port) -> None:
    """Nobody is lost, nobody is written to twice; one a connection may be in doubt."""
    port.build(SATURDAY, readers=60, rate="40/s")
    daemon = port.start()
    port.set("2026-03-14T07:00:00+01:00")
    port.until(lambda: sum(port.copies().values()) >= 15)
    daemon.kill()
    daemon.wait()
    port.start()
    port.says("found letter-1-1 unfinished: it goes on")
    port.until(lambda: str(port.runs()[0][0].state) == "sent")
    ((_, tally),) = port.runs()
    assert tally.in_doubt <= 2
    assert tally.accepted + tally.in_doubt == tally.audience == 60
    copies = port.copies()
    assert set(copies.values()) == {1}
    assert len(copies) >= 60 - tally.in_doubt


def test_told_to_stop_in_the_middle(port: Port) -> None:
    """What is on the wire is finished, the rest is left; the next start goes on."""
    port.build(SATURDAY, readers=60, rate="40/s")
    daemon = port.start()
    port.set("2026-03-14T07:00:00+01:00")
    port.until(lambda: sum(port.copies().values()) >= 10)
    port.stop(daemon)
    port.says("letter-1-1 waits for the next start")
    ((run, tally),) = port.runs()
    assert (str(run.state), tally.in_doubt) == ("sending", 0)
    assert 10 <= tally.accepted < 60
    port.start()
    port.says("found letter-1-1 unfinished: it goes on")
    port.says("letter-1-1 is sent: 60 = 60 accepted")
    assert set(port.copies().values()) == {1}


def test_a_closed_terminal_stops_nothing(port: Port) -> None:
    """The daemon was started by hand, and its window is closed while it sends."""
    port.build(SATURDAY, readers=40, rate="40/s")
    master, slave = pty.openpty()
    daemon = port.start(stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    port.set("2026-03-14T07:00:00+01:00")
    port.until(lambda: sum(port.copies().values()) >= 5)
    os.close(master)  # the kernel hangs up; writing fails from here on
    daemon.send_signal(signal.SIGHUP)
    port.until(lambda: sum(port.copies().values()) == 40)
    port.until(lambda: str(port.runs()[0][0].state) == "sent")
    assert daemon.poll() is None
    port.stop(daemon)
    with suppress(OSError):
        os.close(master)


def test_a_broken_configuration_is_refused(port: Port) -> None:
    """The old one stays in force, and the mended one comes into force."""
    port.build(SATURDAY)
    daemon = port.start()
    port.configure(schedule="sat 25:00")
    daemon.send_signal(signal.SIGHUP)
    port.says("the new configuration is refused, the old one stays in force")
    assert "publications.letter.schedule" in port.log()
    assert port.ask("status")["next"]["leaves"] == "2026-03-14T07:00:00+01:00"
    port.configure(more='\nkicker = "x"\n')
    port.configure(schedule="sat 09:00")
    daemon.send_signal(signal.SIGHUP)
    port.says("configuration and themes were read again")
    assert port.ask("status")["next"]["leaves"] == "2026-03-14T09:00:00+01:00"
    port.set("2026-03-14T09:00:00+01:00")
    port.says("letter-1-1 is sent")


def test_a_command_hands_its_run_to_the_daemon(port: Port) -> None:
    """Its terminal dies, and the edition goes out; held and resumed through the socket."""
    port.build(SATURDAY, readers=60, rate="30/s")
    alone = port.mailer("send", "letter/1", "--yes", "--expect", "60", "--detach")
    said, _ = alone.communicate(timeout=PATIENCE_SECONDS)
    assert (alone.returncode, "no daemon runs here" in said) == (4, True)
    daemon = port.start()
    command = port.mailer("send", "letter/1", "--yes", "--expect", "60")
    port.until(lambda: sum(port.copies().values()) >= 5)
    command.kill()
    command.communicate()
    assert port.ask("status")["sending"] == ["letter-1-1"]
    assert port.ask("pause", run="letter-1-1", reason="lunch")["state"] == "paused"
    held = sum(port.copies().values())
    assert held < 60
    port.still()
    assert sum(port.copies().values()) == held
    ((run, _),) = port.runs()
    assert (str(run.state), "lunch" in run.reason) == ("paused", True)
    goes_on = port.mailer("resume", "letter-1-1", "--yes")
    said, _ = goes_on.communicate(timeout=PATIENCE_SECONDS)
    assert goes_on.returncode == 0, said
    assert "60 = 60 accepted" in said
    assert set(port.copies().values()) == {1}
    port.says("letter-1-1 is sent: 60 = 60 accepted")
    with pytest.raises(GuardError, match="letter-1-1 is finished"):
        port.ask("pause", run="letter-1-1")
    shown, _ = port.mailer("status").communicate(timeout=PATIENCE_SECONDS)
    assert "● the daemon runs" in shown.splitlines()[0]
    port.stop(daemon)


def test_a_run_left_to_the_daemon(port: Port) -> None:
    """The command returns at once, and whoever looks sees how far it is."""
    port.build(SATURDAY)
    port.start()
    command = port.mailer("send", "letter/1", "--yes", "--expect", "3", "--detach")
    said, _ = command.communicate(timeout=PATIENCE_SECONDS)
    assert command.returncode == 0, said
    assert "The daemon sends it: mailer status letter-1-1" in said
    port.says("letter-1-1 is sent: 3 = 3 accepted")
    assert port.copies() == ONCE


def test_a_cancelled_run_stays_so(port: Port) -> None:
    """What is on the wire is finished, the rest withdrawn, and no tick revives it."""
    port.build(SATURDAY, readers=60, rate="30/s")
    daemon = port.start()
    port.set("2026-03-14T07:00:00+01:00")
    port.until(lambda: sum(port.copies().values()) >= 5)
    assert port.ask("cancel", run="letter-1-1")["state"] == "cancelled"
    held = sum(port.copies().values())
    port.still()
    ((run, tally),) = port.runs()
    assert (str(run.state), tally.waiting, tally.balanced) == ("cancelled", 0, True)
    assert tally.accepted == held == sum(port.copies().values()) < 60
    port.stop(daemon)


def test_armed_until_its_hour(port: Port) -> None:
    """Half a minute before, all is frozen; cancelled then, nobody is written to."""
    port.build(SATURDAY)
    port.set("2026-03-14T06:59:45+01:00")
    port.start()
    port.says("letter-1-1 leaves")
    ((run, _),) = port.runs()
    assert str(run.state) == "armed"
    assert port.ask("cancel", run="letter-1-1")["state"] == "cancelled"
    port.set("2026-03-14T07:00:10+01:00")
    port.still()
    assert port.copies() == {}
    ((run, tally),) = port.runs()
    assert (str(run.state), tally.accepted, tally.waiting) == ("cancelled", 0, 0)


def test_armed_and_down_for_days(port: Port) -> None:
    """A run that was armed when the machine went down does not leave on Monday."""
    port.build(SATURDAY)
    port.set("2026-03-14T06:59:45+01:00")
    daemon = port.start()
    port.says("letter-1-1 leaves")
    daemon.kill()
    daemon.wait()
    port.set("2026-03-16T07:00:00+01:00")
    port.start()
    port.until(lambda: str(port.runs()[0][0].state) == "cancelled")
    port.still()
    assert port.copies() == {}


def test_the_second_signal_leaves_at_once(port: Port) -> None:
    """A relay says nothing after the message: the first signal waits for it."""
    port.build(SATURDAY)
    with silent_relay() as number:
        relay = f'host = "127.0.0.1"\nport = {number}\nsecurity = "none"'
        file = port.folder / "config" / "mailer.toml"
        text = file.read_text("utf-8").replace('kind        = "maildir"', relay)
        file.write_text(re.sub(r"path +=.*", "", text), encoding="utf-8")
        daemon = port.start()
        port.set("2026-03-14T07:00:00+01:00")
        port.until(lambda: handing_over(port))
        daemon.terminate()
        port.says("stopping: what is on the wire is finished first")
        port.still()
        assert daemon.poll() is None
        daemon.terminate()
        assert daemon.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    port.start()
    port.says("found letter-1-1 unfinished")
    port.until(lambda: port.runs()[0][1].in_doubt >= 1)


def handing_over(port: Port) -> bool:
    """Whether a message is on the wire, as the ledger sees it."""
    database = sqlite3.connect(f"file:{port.data}/mailer.db?mode=ro", uri=True)
    found = database.execute("SELECT 1 FROM delivery WHERE state = 'handing over'")
    there = found.fetchone() is not None
    database.close()
    return there


@contextmanager
def silent_relay() -> Iterator[int]:
    """An SMTP server that takes a message and never answers it; its port."""

    class Silent(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 relay.example\r\n")
            for line in self.rfile:
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go\r\n")
                    self.rfile.read()
                self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Silent) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
