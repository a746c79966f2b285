"""What a service manager hears."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.daemon.manager import ServiceManager


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a manager, as systemd opens it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(5)
        yield ear


def test_ready_alive_and_stopping(ear: socket.socket) -> None:
    """One datagram each, KEY=value a line."""
    manager = ServiceManager({"NOTIFY_SOCKET": ear.getsockname()})
    manager.ready("Next: letter")
    manager.alive()
    manager.status("Sending letter/1: 2/3")
    manager.reloading()
    manager.stopping("finishing")
    heard = [ear.recv(4096).decode() for _ in range(5)]
    assert heard[:3] == [
        "READY=1\nSTATUS=Next: letter",
        "WATCHDOG=1",
        "STATUS=Sending letter/1: 2/3",
    ]
    assert heard[3].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert heard[4] == "STOPPING=1\nSTATUS=finishing"


def test_the_abstract_namespace_of_linux() -> None:
    """``@name`` is no file."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0mailer-test-manager")
        ear.settimeout(5)
        ServiceManager({"NOTIFY_SOCKET": "@mailer-test-manager"}).alive()
        assert ear.recv(99) == b"WATCHDOG=1"


def test_nobody_listens(tmp_path: Path) -> None:
    """Without a manager, or with one that is gone, nothing happens."""
    ServiceManager({}).ready("x")
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("x")


def test_a_manager_that_does_not_listen_stops_nothing(ear: socket.socket) -> None:
    """Its queue is full: what it does not hear is dropped, the loop goes on."""
    manager = ServiceManager({"NOTIFY_SOCKET": ear.getsockname()})
    for _ in range(5_000):
        manager.alive()
    assert ear.recv(99) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "every"),
    [
        ({"WATCHDOG_USEC": "60000000"}, timedelta(seconds=30)),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_a_watchdog_hears_us_twice_in_its_time(environ, every) -> None:
    """Only if it means us, and only if it is there."""
    assert ServiceManager({"NOTIFY_SOCKET": "/x", **environ}).heartbeat == every
