"""``mailer suppressions``: who must not be written to, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.audience.subscriber import Reason, Suppression
from mailer.cli.invocation import invocation, run_async
from mailer.cli.options import JsonOption
from mailer.cli.vocabulary import word
from mailer.phrases import say

suppressions = typer.Typer(no_args_is_help=True, help="Who must not be written to.")


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(suppressions, name="suppressions")


@suppressions.command("list")
def list_suppressions(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the addresses that must not be written to, with reason and date."""
    call = invocation(ctx)

    async def story() -> list[Suppression]:
        async with call.house.stores() as stores:
            return await stores.readers.suppressions()

    found = run_async(story())
    if json:
        rows = [
            {"email": s.email, "reason": s.reason, "at": s.at.isoformat()}
            for s in found
        ]
        call.print_json({"schema": 1, "suppressions": rows})
        return
    for entry in found:
        note = f"  {entry.note}" if entry.note else ""
        why = call.said(word(entry.reason))
        who = entry.email or "(hash)"
        line = f"{entry.at:%Y-%m-%d}  {why:<12}  {who}{note}"
        call.out.print(line, markup=False)


@suppressions.command("add")
def add_suppression(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument()],
    reason: Annotated[Reason, typer.Option("--reason")] = Reason.MANUAL,
    note: Annotated[str, typer.Option("--note", help="In your own words.")] = "",
) -> None:
    """Never write to this address again, whoever imports it."""
    from mailer.audience.address import read_address

    call = invocation(ctx)
    entry = Suppression(
        email=read_address(address),
        reason=reason,
        at=call.house.clock.now(),
        note=note,
    )

    async def story() -> bool:
        async with call.house.stores() as stores:
            return await stores.readers.suppress(entry)

    new = run_async(story())
    if new:
        call.out.tell(say("{email}: suppressed", email=entry.email))
    else:
        call.out.tell(say("{email}: was suppressed already", email=entry.email))
