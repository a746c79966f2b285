"""``mailer worker``: another process, perhaps another machine, to help with sending."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.cli.invocation import invocation
from mailer.cli.process import become


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
    from mailer.cli.operating.helping import lend_hands

    become(invocation(ctx), lend_hands, {"once": once})
