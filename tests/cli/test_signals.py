"""Ctrl-C, twice: what is on the wire is finished first, or left at once."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from mailer.cli.invocation import run_async
from mailer.cli.signals import drain_on_signals


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


async def hang(told: list[str], *, again: bool) -> None:
    """Wait for ever after one Ctrl-C; *again*: with another while it is told of."""
    stop = asyncio.Event()

    def tell() -> None:
        told.append("stopping")
        if again:
            press()

    with drain_on_signals(stop, tell) as interruption:
        press()
        async with asyncio.timeout(30):
            await stop.wait()
            assert interruption.by_hand
            if again:
                await asyncio.Event().wait()


@pytest.mark.parametrize("busy", [False, True], ids=["asyncio", "uvloop"])
def test_the_first_is_told_and_the_second_leaves(busy: bool) -> None:
    """Even if it comes before the first is told of."""
    told: list[str] = []
    run_async(hang(told, again=False), busy=busy)
    with pytest.raises(KeyboardInterrupt):
        run_async(hang(told, again=True), busy=busy)
    assert told == ["stopping", "stopping"]
