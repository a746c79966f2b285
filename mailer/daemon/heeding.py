"""The signals that a daemon heeds: the first to stop drains, the second leaves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def heeding(drain: Callable[[], None], reload: Callable[[], None]) -> Iterator[None]:
    """Call *drain* at SIGTERM or SIGINT, once, and *reload* at every SIGHUP."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for each in _STOPPING:
            loop.remove_signal_handler(each)  # the second one leaves
        drain()

    for each in _STOPPING:
        loop.add_signal_handler(each, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for each in (*_STOPPING, signal.SIGHUP):
            loop.remove_signal_handler(each)
