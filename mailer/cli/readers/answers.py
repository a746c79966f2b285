"""``mailer subscribers replies``: who wrote back, for segments that ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.invocation import invocation, run_async
from mailer.cli.options import JsonOption
from mailer.phrases import say, say_many


def register(subscribers: typer.Typer) -> None:
    """Hang this command into *subscribers*."""
    subscribers.command("replies")(replies)


def replies(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Mails, an mbox, a Maildir, folders."),
    ],
    json: JsonOption = False,
) -> None:
    """Note who answered an edition: headers are read, nothing is kept of the text."""
    from mailer.flows.answers import note_answers
    from mailer.intake import answers_desk
    from mailer.transport.mailfiles import read_mails

    call = invocation(ctx)

    async def story() -> Mapping[str, int]:
        async with call.house.stores() as stores:
            desk = answers_desk(call.house, stores)
            return await note_answers((raw for _, raw in read_mails(paths)), desk)

    counts = run_async(story())
    if json:
        call.print_json({"schema": 1, **counts})
        return
    noted = say_many("{count} answer noted", "{count} answers noted", counts["noted"])
    call.out.tell(
        say(
            "{noted}, {known} known before, {other} no answer of a reader",
            noted=noted,
            known=counts["known"],
            other=counts["other"],
        )
    )
