"""What a service manager is told: ready, what we are at, still alive, stopping.

The protocol of sd_notify(3): lines of KEY=value in one datagram to ``$NOTIFY_SOCKET``.
Without a manager nothing is sent.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta


class ServiceManager:
    """Whoever started us and waits for word, systemd for one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # the abstract namespace of Linux
            self._address = "\0" + self._address[1:]
        meant = environ.get("WATCHDOG_PID", str(os.getpid()))
        limit = environ.get("WATCHDOG_USEC", "")
        self._limit = (
            int(limit) if limit.isdecimal() and meant == str(os.getpid()) else 0
        )

    @property
    def heartbeat(self) -> timedelta | None:
        """How often it wants to hear that we live: half its patience; None: never."""
        if not self._address or not self._limit:
            return None
        return timedelta(microseconds=self._limit / 2)

    def ready(self, status: str) -> None:
        """Everything is up: who waited for us may go on."""
        self._tell("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """One line on what we are at, for ``systemctl status``."""
        self._tell(f"STATUS={status}")

    def alive(self) -> None:
        """The loop turns."""
        self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """The configuration is being read again; ``ready`` says when it is in force."""
        moment = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={moment}")

    def stopping(self, status: str) -> None:
        """No new work is begun."""
        self._tell("STOPPING=1", f"STATUS={status}")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # Nobody's mail depends on it: a manager that is gone is not our trouble.
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line,
        ):
            line.setblocking(False)  # one that does not listen must not stop the loop
            line.sendto("\n".join(lines).encode(), self._address)
