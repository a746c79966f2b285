"""The signals that a daemon heeds: the first to stop drains, the second leaves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def heeding(drain: Callable[[], None], reload: Callable[[], None]) -> Iterator[None]:
    """Call *drain* at SIGTERM or SIGINT, once, and *reload* at every SIGHUP.

    A second SIGTERM ends the process; a second SIGINT cancels the task that waits here:
    Python's own handler would raise wherever the loop happens to be, where uvloop may
    lose it.
    """
    loop = asyncio.get_running_loop()
    waiting = asyncio.current_task()

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGINT, leave)
        drain()

    def leave() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        if waiting is not None:
            waiting.cancel()

    for each in _STOPPING:
        loop.add_signal_handler(each, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for each in (*_STOPPING, signal.SIGHUP):
            loop.remove_signal_handler(each)
