"""Signals: the first lets what is on the wire finish, the second leaves at once.

At a prompt nothing is under way, and the first leaves.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


@dataclass(slots=True)
class Interruption:
    """Which signal came, if one did."""

    signal: signal.Signals | None = None

    @property
    def by_hand(self) -> bool:
        """Whether somebody pressed Ctrl-C; a service manager sends SIGTERM."""
        return self.signal is signal.SIGINT


@contextmanager
def drain_on_signals(
    stop: asyncio.Event, tell: Callable[[], None]
) -> Iterator[Interruption]:
    """Set *stop* at the first signal and *tell* it; a second Ctrl-C leaves at once.

    To leave is to cancel the task that waits here (``heeding``), which ``run_async``
    makes a KeyboardInterrupt.
    """
    from mailer.daemon.heeding import STOPPING, heeding

    came = Interruption()

    def drain(which: signal.Signals) -> None:
        came.signal = which
        stop.set()
        tell()

    with heeding(drain):
        signal.pthread_sigmask(
            signal.SIG_UNBLOCK, STOPPING
        )  # what came before we heard
        yield came


def keep_signals() -> None:
    """Have SIGTERM and Ctrl-C wait until somebody drains, even across an ``exec``."""
    from mailer.daemon.heeding import STOPPING

    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)


@contextmanager
def leave_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt here, even inside a running loop.

    The loop's own handler would cancel a task that cannot hear of it while it waits
    for somebody to type.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
