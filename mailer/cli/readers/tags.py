"""``mailer subscribers tag, tags``: an operator's own words for readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from mailer.cli.invocation import invocation, run_async
from mailer.cli.options import JsonOption, PublicationOption
from mailer.cli.readers.segments import segment_called
from mailer.errors import InputError, NotFoundError
from mailer.phrases import say, say_many


def register(subscribers: typer.Typer) -> None:
    """Hang these commands into *subscribers*."""
    subscribers.command("tag")(tag)
    subscribers.command("tags")(tags)


def tag(
    ctx: typer.Context,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="[ADDRESS]...")
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option("--segment", metavar="SEGMENT", help="Everybody in it now."),
    ] = None,
    publication: PublicationOption = None,
    add: Annotated[
        list[str] | None, typer.Option("--add", metavar="TAG", help="Give this tag.")
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="TAG", help="Take this tag away."),
    ] = None,
) -> None:
    """Give tags to readers, or take them away; segments may ask for them."""
    from mailer.audience.address import read_address
    from mailer.audience.tag import read_tag

    call = invocation(ctx)
    given, taken = (tuple(map(read_tag, said or ())) for said in (add, remove))
    if not (given or taken):
        message = say("say which tag")
        raise InputError(message, hint="--add TAG, --remove TAG")
    if not addresses and segment is None:
        message = say("say whom: addresses, or a segment")
        raise InputError(message, hint="--segment SEGMENT")
    people = list(dict.fromkeys(map(read_address, addresses or ())))
    rule = None if segment is None else segment_called(call, segment)

    async def story() -> tuple[int, list[str]]:
        async with call.house.stores() as stores:
            if rule is not None:
                found = await stores.segments.members(
                    rule,
                    publication=call.house.publication(publication),
                    now=call.house.clock.now(),
                )
                people.extend(person.email for person in found)
            unknown = await stores.segments.tag(people, add=given, remove=taken)
            return len(set(people)), unknown

    tagged, unknown = run_async(story())
    if unknown:
        message = say("no subscriber {email}", email=", ".join(unknown))
        raise NotFoundError(message, hint="mailer subscribers list")
    call.out.tell(say_many("{count} reader", "{count} readers", tagged))


def tags(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the tags there are, and how many readers have each."""
    call = invocation(ctx)

    async def story() -> Mapping[str, int]:
        async with call.house.stores() as stores:
            return await stores.segments.tags()

    found = run_async(story())
    if json:
        call.print_json({"schema": 1, "tags": dict(found)})
        return
    for name, number in found.items():
        call.out.tell(
            say_many(
                "{name}  {count} reader", "{name}  {count} readers", number, name=name
            )
        )
