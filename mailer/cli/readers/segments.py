"""``mailer segments``: rules over readers, and how many of them each one means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, PublicationOption
from mailer.cli.words import Words
from mailer.phrases import say, say_many

if TYPE_CHECKING:
    from mailer.audience.segment import Rule
    from mailer.flows.editing.assembled import AssembledT
    from mailer.flows.readers.segments import Census

segments = typer.Typer(no_args_is_help=True, help="Parts of the readers, by a rule.")

SegmentArgument = Annotated[
    str,
    typer.Argument(metavar="SEGMENT", help="A name of \\[segments], or an expression."),
]
ToSegmentOption = Annotated[
    str | None,
    typer.Option(
        "--to-segment",
        metavar="SEGMENT",
        help='These readers alone: a name of \\[segments], or "tag:presse and member".',
    ),
]


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(segments, name="segments")


@segments.command("list")
def list_(
    ctx: typer.Context,
    publication: PublicationOption = None,
    json: JsonOption = False,
) -> None:
    r"""List the segments of \[segments], with the readers each one has now."""
    call = invocation(ctx)
    named = call.house.settings.segments
    rules = {name: segment_called(call, name) for name in named}
    paper = call.house.publication(publication)

    async def story() -> dict[str, Census]:
        now = call.house.clock.now()
        async with call.house.stores() as stores:
            return {
                name: await stores.segments.count(rule, publication=paper, now=now)
                for name, rule in rules.items()
            }

    counts = run_async(story())
    if json:
        rows = [
            {"name": name, "rule": str(rules[name]), "readers": census.inside}
            for name, census in counts.items()
        ]
        call.print_json({"schema": 1, "publication": paper.id, "segments": rows})
        return
    if not named:
        call.err.tell(say("No segment has a name: [segments] in mailer.toml."))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(call.said(say("Segment")), no_wrap=True)
    table.add_column(call.said(say("Readers")), justify="right", no_wrap=True)
    table.add_column(call.said(say("Rule")), overflow="fold")
    for name, census in counts.items():
        number = call.speech.number(census.inside)
        table.add_row(name, number, Words(named[name]))
    call.out.print(table)


@segments.command("count")
def count(
    ctx: typer.Context,
    segment: SegmentArgument,
    publication: PublicationOption = None,
    json: JsonOption = False,
) -> None:
    """Say how many readers are in a segment now, and how it was understood."""
    call = invocation(ctx)
    rule = segment_called(call, segment)
    paper = call.house.publication(publication)

    async def story() -> Census:
        async with call.house.stores() as stores:
            return await stores.segments.count(
                rule, publication=paper, now=call.house.clock.now()
            )

    census = run_async(story())
    if json:
        call.print_json(
            {
                "schema": 1,
                "publication": paper.id,
                "rule": str(rule),
                "readers": census.inside,
                "of": census.active,
            }
        )
        return
    told = say_many(
        "{count} reader of {all}: {rule}",
        "{count} readers of {all}: {rule}",
        census.inside,
        all=census.active,
        rule=str(rule),
    )
    call.out.tell(told)


def segment_called(call: Invocation, text: str) -> Rule:
    """The rule that *text* says or names; InputError with the place."""
    from mailer.audience.expression import read_segment

    settings = call.house.settings
    return read_segment(
        text, named=settings.segments, publications=settings.publications
    )


def aimed(call: Invocation, assembled: AssembledT, segment: str | None) -> AssembledT:
    """*assembled* for *segment*; as its files say where none is named."""
    from mailer.flows.editing.assembled import aimed_at

    if segment is None:
        return assembled
    return aimed_at(assembled, str(segment_called(call, segment)))
