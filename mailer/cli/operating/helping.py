"""What a ``mailer worker`` does: carry messages of runs that another process sends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.cli.signals import drain_on_signals
from mailer.errors import ConfigError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.stores import Stores

_LOOK = timedelta(seconds=2)
"""Between two looks for runs that are being sent."""


async def lend_hands(call: Invocation, *, once: bool) -> int:
    """Help whatever run is being sent, until told to stop; *once*: until none is."""
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
                # Who begins to send takes whatever somebody carries for a dead one's.
                sending = [run for run in sending if await stores.has_sender(run)]
                for run in sending:
                    call.err.tell(say("Helping with {run}.", run=run.name))
                    await lend_a_hand(run, desk)
                if once and not sending:
                    break
                await desk.clock.wait(desk.stop, _LOOK)
    return 0


def _require_shared(call: Invocation, stores: Stores) -> None:
    if not stores.is_shared:
        message = say("on SQLite one process sends; a worker needs PostgreSQL")
        file = str(call.house.loaded.path or "")
        raise ConfigError(message, file=file, hint=say("set [storage] database"))
