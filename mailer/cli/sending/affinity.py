"""One CPU for a process that sends, as long as that one serves it.

Its threads, that of the loop and that of the ledger, take turns: one interpreter runs one
of them at a time. The kernel does not know, and puts whichever wakes on the CPU that is
idle at that moment, far from the caches where the other has left what both work on. Where
that happens a message takes a fifth more CPU, and no more of them leave in a second.

Not for PostgreSQL: its server wakes and is woken as a thread of ours would be, comes to
sit on the same CPU, and half as many messages leave.

Which CPU is the kernel's choice, and now and then it chooses anew: somebody else may be
at work on ours.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_STAY = 2.0
_CHOOSE = 0.02
"""Seconds on one CPU, and seconds in which the kernel may move us: some hundred wakings,
at each of which it takes an idle CPU instead of one that is taken."""

_CPU = 36
"""Where the CPU that a thread was last on stands in its ``stat``, behind its name: proc(5)."""


@asynccontextmanager
async def one_cpu(
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[None]:
    """Keep every thread of this process on one CPU; where the system forbids it, nothing."""
    keeping = asyncio.create_task(_keep(pause)) if sys.platform == "linux" else None
    try:
        yield
    finally:
        if keeping is not None:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping


async def _keep(pause: Callable[[float], Awaitable[object]]) -> None:
    allowed = os.sched_getaffinity(0)
    try:
        with suppress(OSError):
            while len(allowed) > 1:
                _run_on([_cpu()])
                await pause(_STAY)
                _run_on(allowed)
                await pause(_CHOOSE)
    finally:
        with suppress(OSError):
            _run_on(allowed)


def _cpu() -> int:
    stat = Path("/proc/thread-self/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[_CPU])


def _run_on(cpus: Collection[int]) -> None:
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(thread.name), cpus)
