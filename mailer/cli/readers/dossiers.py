"""``mailer subscribers choose, data, forget``: what one reader may ask of us."""

from __future__ import annotations

import json as json_
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.audience.subscriber import How, Rhythm
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, PublicationOption, YesOption
from mailer.errors import InputError, NotFoundError
from mailer.files import write_private
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.flows.readers.dossier import Dossier, Erased

AddressArgument = Annotated[str, typer.Argument(help="The reader's address.")]


def register(subscribers: typer.Typer) -> None:
    """Hang these commands into *subscribers*."""
    subscribers.command("choose")(choose)
    subscribers.command("data")(data)
    subscribers.command("forget")(forget)


def choose(
    ctx: typer.Context,
    address: AddressArgument,
    publication: PublicationOption = None,
    rhythm: Annotated[
        Rhythm | None, typer.Option("--rhythm", help="every or monthly.")
    ] = None,
    pause_until: Annotated[
        datetime | None,
        typer.Option(
            "--pause-until",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Editions before that day are not sent.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="End a pause.")] = False,
    text_only: Annotated[
        bool | None,
        typer.Option("--text-only/--html", help="Plain text alone, or both."),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option("--lang", help="fr, en, or '' for each publication's own."),
    ] = None,
) -> None:
    """Choose for a reader what they choose on their preferences page."""
    from mailer.audience.address import read_address
    from mailer.flows.readers.choosing import Choices, Chosen, Taking, takes

    call = invocation(ctx)
    email = read_address(address)
    if lang not in {None, "", "fr", "en"}:
        message = say("no language {lang}", lang=repr(lang))
        raise InputError(message, hint="--lang fr, --lang en")
    is_about_one = rhythm is not None or pause_until is not None or resume
    paper = call.house.publication(publication).id if is_about_one else ""

    async def story() -> Chosen | None:
        async with call.house.stores() as stores:
            person = await stores.readers.find(email)
            if person is None:
                return None
            taken = {s.publication: s for s in person.subscriptions}
            wanted: dict[str, Taking | None] = {}
            if is_about_one:
                if not takes(person, paper):
                    return None
                before = taken[paper]
                until = None if resume else before.paused_until
                wanted[paper] = Taking(
                    rhythm=rhythm or before.rhythm,
                    paused_until=pause_until.date() if pause_until else until,
                )
            choices = Choices(
                takes=wanted, lang=lang, text_only=text_only, how=How.OPERATOR
            )
            return await stores.preferences.choose(
                person.id, choices, publication=paper, now=call.house.clock.now()
            )

    chosen = run_async(story())
    if chosen is None:
        raise _unknown(email)
    told = say("{email}: noted", email=email)
    call.out.tell(told if chosen.changed else say("{email}: as it was", email=email))


def data(
    ctx: typer.Context,
    address: AddressArgument,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Only you may read it; else on stdout."),
    ] = None,
) -> None:
    """Write everything held about one reader as JSON, as they get it themselves."""
    call = invocation(ctx)
    dossier = run_async(_read(call, address))
    text = json_.dumps({"schema": 1, **dossier.facts}, ensure_ascii=False, indent=2)
    if output is None:
        sys.stdout.write(text + "\n")
        return
    write_private(output, text.encode() + b"\n")
    call.err.tell(say("{file} is written", file=output))


def forget(
    ctx: typer.Context,
    address: AddressArgument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count, and change nothing.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Erase a reader for good; a keyed hash keeps imports from bringing them back."""
    call = invocation(ctx)
    dossier = run_async(_read(call, address))
    email = dossier.person.email

    async def story() -> Erased | None:
        async with call.house.stores() as stores:
            return await stores.dossiers.erase(
                dossier.person.id, now=call.house.clock.now()
            )

    if dry_run:
        counts = {kind: n for kind, n in dossier.counts().items() if n}
        if json:
            call.print_json({"schema": 1, "dry_run": True, "held": counts})
            return
        call.out.tell(_held(sum(counts.values())))
        call.err.tell(say("Nothing was changed."))
        return
    if not yes:
        call.err.tell(_held(sum(dossier.counts().values())))
        call.confirm(say("Erase everything about {email} for good?", email=email))
    erased = run_async(story())
    if erased is None:
        raise _unknown(email)
    if json:
        gone = {table: n for table, n in erased.rows.items() if n}
        facts = {"dry_run": False, "deleted": gone, "blanked": erased.deliveries}
        call.print_json({"schema": 1, **facts})
        return
    call.out.tell(say("{email} is erased:", email=email))
    for phrase in _erased(erased):
        call.out.tell(phrase)


async def _read(call: Invocation, address: str) -> Dossier:
    from mailer.audience.address import read_address

    email = read_address(address)
    async with call.house.stores() as stores:
        person = await stores.readers.find(email)
        dossier = person and await stores.dossiers.read(person.id)
    if not dossier:
        raise _unknown(email)
    return dossier


def _unknown(email: str) -> NotFoundError:
    message = say("no subscriber {email}", email=email)
    return NotFoundError(message, hint="mailer subscribers list")


def _held(count: int) -> Phrase:
    return say_many("{count} line held", "{count} lines held", count)


def _erased(erased: Erased) -> list[Phrase]:
    deleted = sum(erased.rows.values())
    return [
        say_many("  {count} line deleted", "  {count} lines deleted", deleted),
        say_many(
            "  {count} delivery that names nobody any more",
            "  {count} deliveries that name nobody any more",
            erased.deliveries,
        ),
        say("  a keyed hash of the address stays on the suppression list"),
    ]
