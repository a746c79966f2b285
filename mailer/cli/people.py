"""``mailer subscribers``: who reads what, since when and why we may write to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.audience.subscriber import (
    Standing,
    Subscriber,
    Subscription,
    Tier,
)
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.vocabulary import counted, listed, word
from mailer.errors import InputError, NotFoundError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.audience.roster import Roster
    from mailer.flows.readers import Intake

subscribers = typer.Typer(no_args_is_help=True, help="The readers of a publication.")

PublicationOption = Annotated[
    str | None,
    typer.Option("--publication", "-p", help="Its id; needless if there is only one."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(subscribers, name="subscribers")


@subscribers.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV, as spreadsheets write it.")],
    consent: Annotated[
        str,
        typer.Option("--consent", help="Where and how they agreed (GDPR art. 7)."),
    ] = "",
    publication: PublicationOption = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="Say a column: email=Courriel, tier=Formule."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the report, change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Import readers: who left stays away, who is suppressed stays out."""
    from mailer.audience.roster import read_roster

    call = invocation(ctx)
    paper = call.house.publication(publication).id
    try:
        content = file.read_bytes()
    except OSError as error:
        message = say("cannot be read: {strerror}", strerror=error.strerror)
        raise InputError(message, file=str(file)) from error
    roster = read_roster(content, columns=_columns(column or []))
    if not consent and not dry_run:
        message = say("an import needs the source of the consent")
        hint = say('--consent "Salon 2026", or --dry-run to look first')
        raise InputError(message, hint=hint)
    if not json:
        _show_columns(call, roster)
    if not dry_run and not yes:
        question = say_many(
            "Import {count} reader into {publication}?",
            "Import {count} readers into {publication}?",
            len(roster.rows),
            publication=paper,
        )
        call.confirm(question)
    intake = run_async(_import(call, roster, paper, consent, dry_run=dry_run))
    if json:
        call.print_json(_intake_json(intake, paper))
    else:
        _show_intake(call, intake)


async def _import(
    call: Invocation, roster: Roster, publication: str, source: str, *, dry_run: bool
) -> Intake:
    from mailer.flows.readers import take_in

    async with call.house.stores() as stores:
        return await take_in(
            roster,
            stores.readers,
            call.house.clock,
            publication=publication,
            source=source,
            dry_run=dry_run,
        )


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

    async def story() -> str:
        async with call.house.stores() as stores:
            (admission,) = await stores.readers.admit(
                [row], publication=paper, source=consent, now=call.house.clock.now()
            )
            return str(admission)

    answer = run_async(story())
    call.out.tell(say("{address}: {state}", address=row.email, state=word(answer)))


@subscribers.command("list")
def list_(
    ctx: typer.Context,
    publication: PublicationOption = None,
    standing: Annotated[
        Standing | None, typer.Option("--standing", help="pending, active or left.")
    ] = None,
    tier: Annotated[Tier | None, typer.Option("--tier")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1)] = None,
    json: JsonOption = False,
) -> None:
    """List readers by address."""
    call = invocation(ctx)

    async def story() -> list[Subscriber]:
        async with call.house.stores() as stores:
            return await stores.readers.list_subscribers(
                publication=publication, standing=standing, tier=tier, limit=limit
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
        table.add_row(person.email, person.name, call.said(takes))
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
    call.out.print(f"{person.email}  {person.name}", markup=False)
    for subscription in person.subscriptions:
        standing = say(
            "  {publication}: {tier}, {state} since {day}",
            publication=subscription.publication,
            tier=word(subscription.tier),
            state=word(subscription.standing),
            day=f"{subscription.since:%Y-%m-%d}",
        )
        call.out.tell(standing)
    for consent in person.consents:
        given = say(
            "  consent {day} to {publication}: {source}",
            day=f"{consent.at:%Y-%m-%d}",
            publication=consent.publication,
            source=consent.source,
        )
        call.out.tell(given)
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
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
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


def _taken(subscription: Subscription) -> Phrase:
    """``le-meridien (member, pending)``; that it is active goes without saying."""
    publication, tier = subscription.publication, word(subscription.tier)
    if subscription.standing is Standing.ACTIVE:
        return say("{publication} ({tier})", publication=publication, tier=tier)
    return say(
        "{publication} ({tier}, {state})",
        publication=publication,
        tier=tier,
        state=word(subscription.standing),
    )


def _columns(said: list[str]) -> dict[str, str]:
    """``email=Courriel`` as typed, to a mapping."""
    columns = {}
    for item in said:
        field, sign, header = item.partition("=")
        if not sign or not field or not header:
            message = say("--column {item}: not of the form field=Header", item=item)
            raise InputError(message, hint="--column email=Courriel")
        columns[field.strip()] = header.strip()
    return columns


def _show_columns(call: Invocation, roster: Roster) -> None:
    """The columns as they were understood, so that a wrong guess is seen."""
    guessed = ", ".join(f"{field} = “{name}”" for field, name in roster.columns.items())
    call.err.tell(say("Columns: {columns}", columns=guessed))
    sign = repr(roster.delimiter)
    call.err.tell(
        say("Read as {encoding}, {sign}", encoding=roster.encoding, sign=sign)
    )


def _show_intake(call: Invocation, intake: Intake) -> None:
    """The report: counts, then every line that did not come in, with its reason."""
    kinds = ("added", "present", "suppressed", "left", "invalid")
    call.out.tell(listed(counted(kind, intake.counts[kind]) for kind in kinds))
    refused = [(bad.line, bad.reason, bad.text) for bad in intake.roster.invalid]
    for row, admission in intake.admissions:
        if admission in {"suppressed", "left"}:
            refused.append((row.line, word(admission), row.email))
    for line, reason, text in refused:
        told = say(
            "  line {line}: {reason}: {text}", line=str(line), reason=reason, text=text
        )
        call.out.tell(told)
    if intake.dry_run:
        call.err.tell(say("Dry run: nothing was changed."), style="dim")


def _intake_json(intake: Intake, publication: str) -> dict[str, object]:
    return {
        "schema": 1,
        "publication": publication,
        "dry_run": intake.dry_run,
        **intake.counts,
        "columns": dict(intake.roster.columns),
        "problems": [
            *(
                {"line": bad.line, "reason": bad.reason, "text": bad.text}
                for bad in intake.roster.invalid
            ),
            *(
                {"line": row.line, "reason": str(admission), "text": row.email}
                for row, admission in intake.admissions
                if admission in {"suppressed", "left"}
            ),
        ],
    }


def _subscriber_json(person: Subscriber) -> dict[str, object]:
    suppression = person.suppression
    return {
        "email": person.email,
        "name": person.name,
        "created": person.created.isoformat(),
        "subscriptions": [
            {
                "publication": s.publication,
                "tier": s.tier,
                "state": s.standing,
                "since": s.since.isoformat(),
            }
            for s in person.subscriptions
        ],
        "consents": [
            {"publication": c.publication, "source": c.source, "at": c.at.isoformat()}
            for c in person.consents
        ],
        "suppressed": None
        if suppression is None
        else {"reason": suppression.reason, "at": suppression.at.isoformat()},
    }
