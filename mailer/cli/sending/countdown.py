"""The grace before a run, on the terminal: a countdown that Ctrl-C turns into a no."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.cli.signals import Interruption
    from mailer.flows.ports import Run
    from mailer.flows.sending.send import SendingDesk


async def count_down(
    call: Invocation, run: Run, desk: SendingDesk, interruption: Interruption
) -> Run:
    """Wait out the grace of *run*; Ctrl-C cancels it, and SIGTERM leaves it armed."""
    from mailer.flows.departing.depart import wait_out
    from mailer.flows.ports import RunState

    if run.state is not RunState.ARMED:
        return run
    call.err.tell(
        say(
            "Nothing leaves yet: Ctrl-C here, or mailer cancel {run} anywhere, and"
            " nobody is written to.",
            run=run.name,
        )
    )
    ticking = asyncio.create_task(_tick(call, run, desk))
    try:
        left = await wait_out(run, desk)
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
    if left.state is RunState.ARMED and interruption.by_hand:
        reason = say("stopped by the operator")
        left = await desk.ledger.cancel(left, now=desk.clock.now(), reason=reason)
    return left


async def _tick(call: Invocation, run: Run, desk: SendingDesk) -> None:
    """One line that counts the seconds, where somebody looks."""
    if not call.err.is_terminal or run.departs is None:
        return
    from rich.status import Status

    with Status(call.said(_leaves_in(run, desk)), console=call.err) as line:
        while True:
            line.update(call.said(_leaves_in(run, desk)))
            await asyncio.sleep(0.2)


def _leaves_in(run: Run, desk: SendingDesk) -> Phrase:
    left = run.departs - desk.clock.now() if run.departs else None
    seconds = max(0, round(left.total_seconds())) if left else 0
    return say_many(
        "{run} leaves in {count} s", "{run} leaves in {count} s", seconds, run=run.name
    )
