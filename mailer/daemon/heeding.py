"""The signals that a daemon and its commands heed: the first drains, the second leaves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def heeding(
    drain: Callable[[signal.Signals], None], reload: Callable[[], None] | None = None
) -> Iterator[None]:
    """Call *drain* at SIGTERM or SIGINT, once, and *reload* at every SIGHUP.

    A second SIGTERM ends the process. A second SIGINT cancels the task that waits here;
    it is not left to Python, whose handler raises wherever the loop happens to be:
    raised between two callbacks of uvloop it is lost, and all would go on waiting.
    """
    loop = asyncio.get_running_loop()
    waiting = asyncio.current_task()

    def stop(which: signal.Signals) -> None:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGINT, leave)
        drain(which)

    def leave() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        if waiting is not None:
            waiting.cancel()

    for each in STOPPING:
        loop.add_signal_handler(each, stop, each)
    if reload is not None:
        loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for each in (*STOPPING, signal.SIGHUP):
            loop.remove_signal_handler(each)
