"""Runs on the wire: sent from here or followed at the daemon's, and what they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mailer.cli.invocation import run_async
from mailer.cli.process import become
from mailer.cli.sending.following import follow, is_served
from mailer.cli.sending.outcome import print_end, run_called, run_json
from mailer.cli.signals import drain_on_signals
from mailer.delivery.report import assert_balanced, exit_code
from mailer.errors import GuardError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation

_LONG = 500
"""Deliveries from which on a process without a command line pays: to start it takes a
third of a second, and five megabytes are not held for as long as the run takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Runs by name that somebody said yes to, and how it is told what became of them.

    ``waiting`` deliveries are due, about; ``sound_until`` is how long who asked vouches
    for the database; ``many``: the JSON is a list, even of one run.
    """

    runs: Sequence[str]
    waiting: int
    sound_until: float = 0.0
    json: bool = False
    many: bool = False


def finish(call: Invocation, asked: int | Errand) -> int:
    """The exit code of a command that has *asked*: its own, or that of its errand.

    Does not return where the errand is long: this process becomes its sender.
    """
    if isinstance(asked, int):
        return asked
    if asked.waiting >= _LONG and not is_served(call):
        become(call, _carry, asdict(asked))
    return run_async(carry(call, asked))


async def _carry(call: Invocation, **errand: object) -> int:
    return await carry(call, Errand(**errand))  # type: ignore[arg-type]  # as ``asdict`` wrote it


async def carry(call: Invocation, errand: Errand) -> int:
    """Send runs one after another with progress, then print what they amount to."""
    from mailer.cli.sending.countdown import count_down
    from mailer.cli.sending.progress import show_progress
    from mailer.flows.departing.depart import stays
    from mailer.flows.ports import RunState
    from mailer.flows.sending.send import send

    codes, rows, on_the_wire = [], [], False
    served = is_served(call)

    def tell() -> None:
        if not on_the_wire:
            return
        if served:
            told = say("The daemon goes on sending; mailer pause RUN holds it.")
        else:
            told = say(
                "Stopping: what is on the wire is finished first. "
                "A second Ctrl-C leaves at once."
            )
        call.err.tell(told)

    async with call.house.stores() as stores:
        stores.sound_until = errand.sound_until
        desk = call.house.desk(stores)
        with drain_on_signals(desk.stop, tell) as interruption:
            for name in errand.runs:
                run = await run_called(name, stores)
                left = await count_down(call, run, desk, interruption)
                if not stays(run, left):
                    on_the_wire = True
                    async with show_progress(call, left, stores.ledger):
                        left = await (
                            follow(call, left, desk) if served else send(left, desk)
                        )
                tally = await stores.ledger.tally(left)
                rows.append(run_json(call, left, tally))
                if left.state is not RunState.SENDING:
                    print_end(call, left, tally)
                assert_balanced(tally, left.name)
                cancelled = left.state is RunState.CANCELLED
                by_hand = interruption.by_hand and (cancelled or left.finished is None)
                code = GuardError.exit_code if cancelled else exit_code(tally)
                codes.append(130 if by_hand else code)
                if desk.stop.is_set():
                    break
    if errand.json:
        call.print_json({"schema": 1, "runs": rows} if errand.many else rows[0])
    return max(codes)
