"""``mailer subscribers set``: what somebody may read, and until when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from mailer.audience.subscriber import Tier
from mailer.cli.invocation import invocation, run_async
from mailer.cli.options import JsonOption, PublicationOption
from mailer.cli.vocabulary import word
from mailer.errors import GuardError, NotFoundError
from mailer.phrases import say


def register(subscribers: typer.Typer) -> None:
    """Hang this command into *subscribers*."""
    subscribers.command("set")(set_)


def set_(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(help="The reader's address.")],
    tier: Annotated[Tier, typer.Option("--tier", help="free or member.")],
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="The last day of the membership; without it there is none.",
        ),
    ] = None,
    publication: PublicationOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a reader may read: free, or member until a day."""
    from mailer.audience.address import read_address
    from mailer.flows.readers.membership import Effect, Grant

    call = invocation(ctx)
    grant = Grant(
        email=read_address(address),
        publication=call.house.publication(publication).id,
        tier=tier,
        until=None if until is None else until.date(),
    )

    async def story() -> Effect:
        async with call.house.stores() as stores:
            return await stores.memberships.grant(grant, now=call.house.clock.now())

    effect = run_async(story())
    if effect is Effect.SUPPRESSED:
        message = say("{email} is suppressed", email=grant.email)
        raise GuardError(message, hint="mailer suppressions list")
    if effect is Effect.UNKNOWN:
        message = say(
            "{email} does not take {publication}",
            email=grant.email,
            publication=grant.publication,
        )
        raise NotFoundError(message, hint="mailer subscribers add")
    if json:
        last = None if grant.until is None else grant.until.isoformat()
        told = {"email": grant.email, "publication": grant.publication}
        what = {"tier": tier, "until": last, "effect": effect}
        call.print_json({"schema": 1, **told, **what})
        return
    said = (
        say("{address}: {tier}", address=grant.email, tier=word(tier))
        if grant.until is None
        else say(
            "{address}: {tier} until {day}",
            address=grant.email,
            tier=word(tier),
            day=f"{grant.until:%Y-%m-%d}",
        )
    )
    call.out.tell(said)
