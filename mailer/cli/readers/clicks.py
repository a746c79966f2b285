"""``mailer clicks``: what consenting readers did with an edition, for editors and sponsors."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.editing.editions import EditionArgument
from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption
from mailer.cli.words import Words
from mailer.errors import InputError, NotFoundError
from mailer.files import write_private
from mailer.phrases import Phrase, did_you_mean, say, say_many

if TYPE_CHECKING:
    from mailer.edition.model import Edition
    from mailer.flows.readers.clicks import Clicks, LinkCount


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("clicks")(clicks)


def clicks(
    ctx: typer.Context,
    edition: EditionArgument,
    sponsor: Annotated[
        str | None, typer.Option("--sponsor", help="What is theirs, and nothing else.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="For a sponsor: a .csv, or an .html to print."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Count clicks of readers who agreed to it: impressions, links, sponsors apart."""
    from mailer.flows.readers.clicks import clicks_of
    from mailer.rendering.offers import offers_of

    call = invocation(ctx)
    if output is not None and output.suffix not in {".csv", ".html"}:
        message = say("{file}: a .csv or an .html is written", file=output)
        raise InputError(message)
    found = call.house.newsroom.edition(edition, today=call.today())
    publication = call.house.publication(found.publication)
    audiences = found.audiences or publication.audiences
    offers = offers_of(found, audiences)
    if sponsor is not None:
        offers = [each for each in offers if each.by.casefold() == sponsor.casefold()]
        if not offers:
            known = sorted({each.by for each in offers_of(found, audiences)})
            message = say(
                "{edition} has no sponsor {name}", edition=found.name, name=sponsor
            )
            raise NotFoundError(message, hint=did_you_mean(sponsor, known))

    async def story() -> Clicks:
        async with call.house.stores() as stores:
            return await clicks_of(
                found.name,
                stores.measures,
                offers,
                smallest=call.house.settings.web.privacy.smallest_count,
            )

    told = run_async(story())
    if output is not None:
        _write(call, output, found, told)
    elif json:
        row = asdict(told)
        if sponsor is not None:
            del row["links"], row["opened"]
        call.print_json({"schema": 1, **row})
    else:
        _show(call, told, of_all=sponsor is None)


def _show(call: Invocation, told: Clicks, *, of_all: bool) -> None:
    """Figures for the terminal: the edition, its sponsors, its links."""
    reach = say_many(
        "{count} message accepted, {consenting} of readers who agreed to be measured",
        "{count} messages accepted, {consenting} of readers who agreed to be measured",
        told.impressions,
        consenting=told.consenting,
    )
    call.out.tell(say("{edition}: {reach}", edition=told.edition, reach=reach))
    if of_all and told.opened is not None:
        call.out.tell(
            say_many(
                "opened by {count} of them", "opened by {count} of them", told.opened
            )
        )
    for placement in told.placements:
        shown = say_many(
            "{count} impression", "{count} impressions", placement.impressions
        )
        call.out.tell(say("{sponsor}: {shown}", sponsor=placement.by, shown=shown))
        _table(call, placement.links, told.smallest)
    if of_all and told.links:
        call.out.tell(say("All links:"))
        _table(call, told.links, told.smallest)
    if not (told.links or told.placements):
        call.err.tell(say("Nothing was clicked that is counted."), style="dim")


def _table(call: Invocation, links: tuple[LinkCount, ...], smallest: int) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in (say("People"), say("Clicks"), say("Machines")):
        table.add_column(call.said(title), justify="right", no_wrap=True)
    table.add_column(call.said(say("Link")), overflow="fold")
    for link in links:
        people = _people(link, smallest)
        table.add_row(
            call.said(people)
            if isinstance(people, Phrase)
            else call.speech.number(people),
            "" if link.clicks is None else call.speech.number(link.clicks),
            call.speech.number(link.automatic),
            Words(link.target),
        )
    call.out.print(table)


def _people(link: LinkCount, smallest: int) -> Phrase | int:
    if link.people is None:
        return say("fewer than {count}", count=smallest)
    return link.people


def _write(call: Invocation, path: Path, edition: Edition, told: Clicks) -> None:
    """A sponsor's report in *path*, there whole or not at all."""
    from mailer.web.sponsoring import report_csv, report_page

    name = call.house.publication(edition.publication).name
    if path.suffix == ".csv":
        content = report_csv(told, edition, name).encode("utf-8-sig")
    else:
        content = report_page(
            told, edition, name, catalogue=call.speech.catalogue
        ).encode()
    write_private(path, content)
    sys.stderr.flush()
    call.err.tell(say("Written: {file}", file=path))
