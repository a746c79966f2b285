"""Runs that the daemon sends: handed over, watched from here, left to it by Ctrl-C."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailer.errors import StoreError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.flows.ports import Run
    from mailer.flows.sending.send import SendingDesk

_LOOK = timedelta(seconds=0.5)
_ASK_EVERY = 10  # looks


def daemon_says(call: Invocation, do: str, **more: str) -> Mapping[str, Any] | None:
    """What the daemon of this workspace answers; None if none runs here."""
    from mailer.daemon.client import ask

    return ask(call.house.loaded.socket(), do, **more)


def is_there(call: Invocation) -> bool:
    """Whether a daemon runs here."""
    return daemon_says(call, "status") is not None


def is_served(call: Invocation) -> bool:
    """Whether a daemon is here that takes up runs."""
    answer = daemon_says(call, "status")
    return answer is not None and not answer["stopping"]


async def tell_daemon(call: Invocation, do: str, **more: str) -> bool:
    """Say something to the daemon without blocking the loop; whether there is one."""
    from asyncio import to_thread

    return await to_thread(daemon_says, call, do, **more) is not None


async def hand_over(call: Invocation, run: Run) -> None:
    """Have the daemon send *run*; StoreError if it is gone."""
    if not await tell_daemon(call, "resume", run=run.name):
        raise _gone(run)


async def follow(call: Invocation, run: Run, desk: SendingDesk) -> Run:
    """Hand *run* over, then wait until it stands still or the desk is told to stop."""
    from asyncio import to_thread

    from mailer.flows.ports import RunState

    await hand_over(call, run)
    looks = 0
    while not await desk.clock.wait(desk.stop, _LOOK):
        found = await desk.ledger.find_run(run.name)
        if found is not None and found.state not in {RunState.ARMED, RunState.SENDING}:
            return found
        looks += 1
        if looks % _ASK_EVERY == 0 and not await to_thread(is_there, call):
            raise _gone(run)
    return await desk.ledger.find_run(run.name) or run


def _gone(run: Run) -> StoreError:
    return StoreError(
        say(
            "the daemon is gone; it goes on when it is started again, or:"
            " mailer resume {run}",
            run=run.name,
        )
    )
