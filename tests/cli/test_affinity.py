"""A process that sends keeps to one CPU, and is free again afterwards."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mailer.cli.sending.affinity import one_cpu

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="there is nothing to choose",
)


async def test_every_thread_keeps_to_one_cpu_between_choices() -> None:
    """The ledger's thread is where the loop's is; then the kernel may choose anew."""
    free = os.sched_getaffinity(0)
    seen: list[tuple[set[int], set[int]]] = []
    enough = asyncio.Event()

    async def look(_: float) -> None:
        theirs = other.submit(os.sched_getaffinity, 0).result()
        seen.append((os.sched_getaffinity(0), theirs))
        if len(seen) == 4:
            enough.set()
            await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as other:
        other.submit(int).result()  # it is there before
        async with one_cpu(look):
            await enough.wait()
        after = other.submit(os.sched_getaffinity, 0).result()
    for (ours, theirs), cpus in zip(seen, (1, len(free)) * 2, strict=True):
        assert ours == theirs <= free
        assert len(ours) == cpus
    assert os.sched_getaffinity(0) == after == free


async def test_an_error_inside_leaves_it_free_too() -> None:
    """Whatever ends the sending."""
    free = os.sched_getaffinity(0)
    begun = asyncio.Event()

    async def look(_: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def send() -> None:
        async with one_cpu(look):
            await begun.wait()
            assert len(os.sched_getaffinity(0)) == 1
            raise LookupError

    with pytest.raises(LookupError):
        await send()
    assert os.sched_getaffinity(0) == free


async def test_a_system_that_forbids_it_is_obeyed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a sandbox it goes on as if nothing had been asked."""
    asked = asyncio.Event()

    def forbid(*_: object) -> None:
        asked.set()
        raise PermissionError

    free = os.sched_getaffinity(0)
    monkeypatch.setattr(os, "sched_setaffinity", forbid)
    async with one_cpu():
        await asked.wait()
    assert os.sched_getaffinity(0) == free
