"""A run's progress on the terminal, counted from the ledger's rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from rich.text import Text

from mailer.cli.vocabulary import counted
from mailer.delivery.report import Tally
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.flows.ports import Ledger, Run

_REFRESH_SECONDS = 0.5
_SHARE = 9
"""To count a million rows takes a while: a tenth of the time at most is for that."""


@asynccontextmanager
async def show_progress(
    call: Invocation, run: Run, ledger: Ledger
) -> AsyncIterator[None]:
    """A bar on stderr, counted from the ledger's rows; nothing where nobody looks."""
    if not call.err.is_terminal:
        yield
        return
    from rich.console import Group
    from rich.live import Live
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.percentage:>3.0f} %"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[rate]}/s"),
        TextColumn(call.said(say("left:"))),
        TimeRemainingColumn(compact=True),
        console=call.err,
    )
    task = bar.add_task(run.name, rate=call.speech.number(0))
    with Live(bar, console=call.err, refresh_per_second=4) as live:

        async def show() -> None:
            tally = await ledger.tally(run)
            speed = round(bar.tasks[0].speed or 0.0, 1)
            done = tally.audience - tally.waiting
            bar.update(
                task,
                total=tally.audience,
                completed=done,
                rate=call.speech.number(speed),
            )
            live.update(Group(bar, _counts(call, tally)))

        loop = asyncio.get_running_loop()

        async def watch() -> None:
            while True:
                begun = loop.time()
                await show()
                took = loop.time() - begun
                await asyncio.sleep(max(_REFRESH_SECONDS, _SHARE * took))

        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await show()


def _counts(call: Invocation, tally: Tally) -> Text:
    words = Text()
    for style, count, word in (
        ("green", tally.accepted, "accepted"),
        ("yellow", tally.deferred, "deferred"),
        ("red", tally.refused, "refused"),
        ("yellow", tally.in_doubt, "in doubt"),
        ("dim", tally.waiting, "waiting"),
    ):
        words.append(f"  {call.said(counted(word, count))}", style=style)
    return words
