"""``mailer worker``: another process, perhaps another machine, to help with sending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.errors import ConfigError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.stores import Stores

_LOOK = 2.0  # seconds between two looks for runs that are being sent


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("worker")(worker)


def worker(
    ctx: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Leave when nothing is being sent.")
    ] = False,
) -> None:
    """Help with sending: carry messages of runs that another process sends.

    Needs PostgreSQL, for on SQLite one process writes. Each worker holds its own
    connections; rates and quotas are shared. SIGTERM finishes what is on the wire.
    """
    raise typer.Exit(run_async(_work(invocation(ctx), once=once)))


async def _work(call: Invocation, *, once: bool) -> int:
    import asyncio

    from mailer.cli.signals import drain_on_signals
    from mailer.flows.ports import RunState
    from mailer.flows.sending.send import lend_a_hand

    async with call.house.stores() as stores:
        _require_shared(call, stores)
        desk = call.house.desk(stores)
        with drain_on_signals(desk.stop, lambda: None):
            call.err.tell(say("Waiting for runs to help with; Ctrl-C ends it."))
            while not desk.stop.is_set():
                runs = await stores.ledger.runs(limit=200)
                sending = [run for run in runs if run.state is RunState.SENDING]
                for run in sending:
                    call.err.tell(say("Helping with {run}.", run=run.name))
                    await lend_a_hand(run, desk)
                if once and not sending:
                    break
                try:
                    async with asyncio.timeout(_LOOK):
                        await desk.stop.wait()
                except TimeoutError:
                    continue
    return 0


def _require_shared(call: Invocation, stores: Stores) -> None:
    if not stores.is_shared:
        message = say("on SQLite one process sends; a worker needs PostgreSQL")
        file = str(call.house.loaded.path or "")
        raise ConfigError(message, file=file, hint=say("set [storage] database"))
