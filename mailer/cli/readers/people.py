"""``mailer subscribers``: who reads what, since when and why we may write to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.audience.subscriber import (
    Action,
    Consent,
    Standing,
    Subscriber,
    Subscription,
    Tier,
)
from mailer.cli.invocation import invocation, run_async
from mailer.cli.options import JsonOption, PublicationOption, YesOption
from mailer.cli.readers import answers, dossiers, members, rosters, tags
from mailer.cli.readers.segments import segment_called
from mailer.cli.vocabulary import listed, word
from mailer.cli.words import Words
from mailer.errors import InputError, NotFoundError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.flows.ports import Admission

subscribers = typer.Typer(no_args_is_help=True, help="The readers of a publication.")


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    rosters.register(subscribers)
    members.register(subscribers)
    tags.register(subscribers)
    answers.register(subscribers)
    dossiers.register(subscribers)
    app.add_typer(subscribers, name="subscribers")


@subscribers.command("add")
def add(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(help="The reader's address.")],
    consent: Annotated[
        str, typer.Option("--consent", help="Where and how they agreed.")
    ],
    publication: PublicationOption = None,
    name: Annotated[str, typer.Option("--name", help="What to call them.")] = "",
    tier: Annotated[Tier, typer.Option("--tier", help="free or member.")] = Tier.FREE,
) -> None:
    """Add one reader, by the same rules as an import."""
    from mailer.audience.address import read_address
    from mailer.audience.roster import Row

    call = invocation(ctx)
    paper = call.house.publication(publication).id
    row = Row(line=1, email=read_address(address), name=name, tier=tier)

    heard: list[Admission] = []

    async def story() -> None:
        async with call.house.stores() as stores:
            await stores.readers.admit(
                [row],
                publication=paper,
                source=consent,
                now=call.house.clock.now(),
                told=lambda _, answer: heard.append(answer),
            )

    run_async(story())
    state = word(str(heard[-1]))
    call.out.tell(say("{address}: {state}", address=row.email, state=state))


@subscribers.command("list")
def list_(
    ctx: typer.Context,
    publication: PublicationOption = None,
    standing: Annotated[
        Standing | None, typer.Option("--standing", help="pending, active or left.")
    ] = None,
    tier: Annotated[Tier | None, typer.Option("--tier")] = None,
    segment: Annotated[
        str | None,
        typer.Option("--segment", metavar="SEGMENT", help="A name or an expression."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1)] = None,
    json: JsonOption = False,
) -> None:
    """List readers by address; with --segment, the active ones of a publication."""
    call = invocation(ctx)
    if segment is not None and (standing or tier):
        message = say("--segment says it all: put standing and tier into it")
        raise InputError(message, hint='--segment "tier = member"')
    rule = None if segment is None else segment_called(call, segment)

    async def story() -> list[Subscriber]:
        async with call.house.stores() as stores:
            if rule is not None:
                return await stores.segments.members(
                    rule,
                    publication=call.house.publication(publication),
                    now=call.house.clock.now(),
                    limit=limit,
                )
            return await stores.readers.list_subscribers(
                publication=publication,
                standing=standing,
                tier=tier,
                today=call.house.today(),
                limit=limit,
            )

    people = run_async(story())
    if json:
        rows = [_subscriber_json(person) for person in people]
        call.print_json({"schema": 1, "subscribers": rows})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(call.said(say("Address")), overflow="fold")
    table.add_column(call.said(say("Name")), overflow="ellipsis", no_wrap=True)
    table.add_column(call.said(say("Takes")), overflow="fold")
    for person in people:
        takes = listed(map(_taken, person.subscriptions))
        row = (person.email, person.name, call.said(takes))
        table.add_row(*map(Words, row))
    call.out.print(table)
    count = say_many("{count} reader", "{count} readers", len(people))
    call.err.tell(count, style="dim")


@subscribers.command("show")
def show(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument()],
    json: JsonOption = False,
) -> None:
    """Show everything held about one address."""
    from mailer.audience.address import read_address

    call = invocation(ctx)
    email = read_address(address)

    async def story() -> Subscriber | None:
        async with call.house.stores() as stores:
            return await stores.readers.find(email)

    person = run_async(story())
    if person is None:
        message = say("no subscriber {email}", email=email)
        raise NotFoundError(message, hint="mailer subscribers list")
    found = _subscriber_json(person)
    if json:
        call.print_json({"schema": 1, **found})
        return
    call.out.print(f"{person.email}  {person.name}".rstrip(), markup=False)
    for subscription in person.subscriptions:
        standing = say(
            "  {publication}: {tier}, {state} since {day}",
            publication=subscription.publication,
            tier=_tier(subscription),
            state=word(subscription.standing),
            day=f"{subscription.since:%Y-%m-%d}",
        )
        call.out.tell(standing)
    if person.tags:
        call.out.tell(say("  tags: {tags}", tags=", ".join(person.tags)))
    for consent in person.consents:
        call.out.tell(_logged(consent))
    if person.suppression:
        suppressed = say(
            "  suppressed {day}: {reason}",
            day=f"{person.suppression.at:%Y-%m-%d}",
            reason=word(person.suppression.reason),
        )
        call.out.tell(suppressed)


@subscribers.command("remove")
def remove(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument()],
    publication: PublicationOption = None,
    yes: YesOption = False,
) -> None:
    """End a reader's subscription; no import brings them back."""
    from mailer.audience.address import read_address

    call = invocation(ctx)
    email = read_address(address)
    if not yes:
        call.confirm(say("End the subscription of {email}?", email=email))

    async def story() -> tuple[Subscriber | None, int]:
        async with call.house.stores() as stores:
            person = await stores.readers.find(email)
            ended = await stores.readers.leave(
                email, publication=publication, now=call.house.clock.now()
            )
            return person, ended

    person, ended = run_async(story())
    if person is None:
        message = say("no subscriber {email}", email=email)
        raise NotFoundError(message, hint="mailer subscribers list")
    told = say_many(
        "{email}: {count} subscription ended",
        "{email}: {count} subscriptions ended",
        ended,
        email=email,
    )
    call.out.tell(told)


def _logged(consent: Consent) -> Phrase:
    """A line of the consent log."""
    values = {"day": f"{consent.at:%Y-%m-%d}", "source": consent.source}
    if consent.action is Action.JOINED:
        return say(
            "  consent {day} to {publication}: {source}",
            publication=consent.publication,
            **values,
        )
    return say(
        "  {action} {day}, {publication}: {source}",
        action=word(consent.action),
        publication=consent.publication,
        **values,
    )


def _taken(subscription: Subscription) -> Phrase:
    """``le-meridien (member, pending)``; that it is active goes without saying."""
    publication, tier = subscription.publication, _tier(subscription)
    if subscription.standing is Standing.ACTIVE:
        return say("{publication} ({tier})", publication=publication, tier=tier)
    return say(
        "{publication} ({tier}, {state})",
        publication=publication,
        tier=tier,
        state=word(subscription.standing),
    )


def _tier(subscription: Subscription) -> Phrase | str:
    """``member``, or ``member until`` its last day, which may be over."""
    if subscription.until is None:
        return word(subscription.tier)
    return say(
        "{tier} until {day}",
        tier=word(subscription.tier),
        day=f"{subscription.until:%Y-%m-%d}",
    )


def _subscriber_json(person: Subscriber) -> dict[str, object]:
    suppression = person.suppression
    return {
        "email": person.email,
        "name": person.name,
        "created": person.created.isoformat(),
        "tags": list(person.tags),
        "subscriptions": [
            {
                "publication": s.publication,
                "tier": s.tier,
                "state": s.standing,
                "since": s.since.isoformat(),
                "until": None if s.until is None else s.until.isoformat(),
            }
            for s in person.subscriptions
        ],
        "consents": [
            {
                "publication": c.publication,
                "action": c.action,
                "source": c.source,
                "at": c.at.isoformat(),
                "wording": c.wording,
                "version": c.version,
                "ip": c.ip,
                "agent": c.agent,
                "form": c.form,
            }
            for c in person.consents
        ],
        "suppressed": None
        if suppression is None
        else {"reason": suppression.reason, "at": suppression.at.isoformat()},
    }
