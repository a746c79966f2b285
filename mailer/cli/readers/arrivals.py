"""``mailer bounces list|show|poll``: what came back, and what was done about it."""

from __future__ import annotations

import json as jsons
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import (
    JsonOption,
    LimitOption,
    OfPublicationOption,
    read_domain_option,
    read_moment,
    read_word,
)
from mailer.cli.vocabulary import word
from mailer.cli.words import Words, facts
from mailer.errors import MailerError, NotFoundError
from mailer.phrases import say, say_many

if TYPE_CHECKING:
    from mailer.flows.returning.arrivals import Arrival
    from mailer.flows.returning.intake import IntakeDesk
    from mailer.stores import Stores

_STYLES = {"hard": "red", "complaint": "red", "soft": "yellow", "leave": "cyan"}
_ROOMY = 110
"""Columns from which what became of it has room beside the reader."""


def register(bounces: typer.Typer) -> None:
    """Hang these commands into *bounces*."""
    bounces.command("list")(list_arrivals)
    bounces.command("show")(show_arrival)
    bounces.command("poll")(poll)


def list_arrivals(
    ctx: typer.Context,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="hard, soft, complaint, leave, answer, delayed, …",
        ),
    ] = None,
    upshot: Annotated[
        list[str] | None,
        typer.Option(
            "--upshot",
            metavar="UPSHOT",
            help="suppressed, left, counted, ignored, unproved, open.",
        ),
    ] = None,
    publication: OfPublicationOption = "",
    address: Annotated[str, typer.Option("--address", help="One reader.")] = "",
    domain: Annotated[
        str, typer.Option("--domain", help="Readers there: orange.fr.")
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="WHEN", help="2h, 3d, 2026-03-14, 2026-03-14T07:00."
        ),
    ] = "",
    ours: Annotated[
        bool, typer.Option("--ours", help="Only what is the sender's fault.")
    ] = False,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """List what came back: bounces, complaints, mails that unsubscribe.

    The newest below. --json prints one object a line.
    """
    from mailer.audience.address import read_address
    from mailer.delivery.bounce.model import Kind, Reason
    from mailer.flows.returning.arrivals import ANSWER, LEAVE, Upshot, Wanted

    call = invocation(ctx)
    kinds, upshots = [*Kind, LEAVE, ANSWER], list(Upshot)
    wanted = Wanted(
        kinds=frozenset(read_word(each, kinds) for each in kind or ()),
        upshots=frozenset(Upshot(read_word(each, upshots)) for each in upshot or ()),
        publication=publication,
        address=read_address(address) if address else "",
        domain=read_domain_option(domain),
        since=read_moment(call, since),
        reasons=frozenset(r for r in Reason if r.is_ours) if ours else frozenset(),
    )

    async def story() -> list[Arrival]:
        async with call.house.stores() as stores:
            return await stores.arrivals.latest(wanted, limit=limit)

    found = run_async(story())[::-1]
    if json:
        for each in found:
            sys.stdout.write(jsons.dumps(_json(each), ensure_ascii=False) + "\n")
    elif not found:
        call.out.tell(say("Nothing has come back like that."))
    else:
        _show_all(call, found)


def show_arrival(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER")],
    raw: Annotated[
        bool, typer.Option("--raw", help="The mail itself, as it came.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show one of them: the lines it rests on, whose it is proved to be, what was done."""
    call = invocation(ctx)

    async def story() -> Arrival | None:
        async with call.house.stores() as stores:
            return await stores.arrivals.find(number)

    found = run_async(story())
    if found is None:
        message = say("nothing has come back under number {number}", number=str(number))
        raise NotFoundError(message, hint="mailer bounces list")
    if raw:
        if found.raw is None:
            message = say("this mail is not kept any more, or never was one")
            hint = say("[intake] keep_mails says how long")
            raise NotFoundError(message, hint=hint)
        sys.stdout.buffer.write(found.raw)
    elif json:
        call.print_json(_json(found))
    else:
        _show_one(call, found)


def poll(ctx: typer.Context) -> None:
    r"""Empty the Maildirs and mailboxes of \[intake] once, and settle what is open."""
    call = invocation(ctx)

    async def story() -> list[MailerError]:
        from mailer.flows.returning.aftermath import settle_open
        from mailer.flows.returning.intake import collect
        from mailer.intake import intake_desk, maildrops

        faults: list[MailerError] = []
        async with call.house.stores() as stores:
            desk = intake_desk(call.house, stores)
            drops = maildrops(call.house)
            if not drops:
                call.out.tell(say("[intake] names no Maildir and no mailbox."))
            for drop in drops:
                try:
                    count = await collect(drop, desk)
                except MailerError as error:
                    faults.append(error)
                else:
                    told = say_many(
                        "{name}: {count} mail",
                        "{name}: {count} mails",
                        count,
                        name=drop.name,
                    )
                    call.out.tell(told)
            settled = await _refused(call, stores, desk)
            while more := await settle_open(desk):
                settled += more
            call.out.tell(say_many("{count} settled", "{count} settled", settled))
        return faults

    faults = run_async(story())
    for fault in faults:
        call.err.tell(say("! {error}", error=fault), style="red")
    if faults:
        raise typer.Exit(faults[0].exit_code)


async def _refused(call: Invocation, stores: Stores, desk: IntakeDesk) -> int:
    """Count what relays refused at once in the runs of late; how many."""
    from mailer.flows.returning.arrivals import RECENT
    from mailer.flows.returning.refusals import sweep

    since = call.house.clock.now() - RECENT
    runs = await stores.ledger.runs(limit=50)
    ended = [run for run in runs if run.finished is not None and run.finished > since]
    return sum([await sweep(run, desk) for run in ended])


# -- how it is shown ----------------------------------------------------------


def _show_all(call: Invocation, found: Sequence[Arrival]) -> None:
    if not call.out.is_terminal:
        for each in found:
            when = each.at.astimezone(call.house.zone)
            words = (
                str(each.id),
                f"{when:%Y-%m-%d %H:%M}",
                call.said(word(each.kind)),
                each.recipient or "-",
                each.edition or "-",
                call.said(_reason(each)) or "-",
                call.said(word(each.upshot)),
            )
            call.out.tell("  ".join(words))
        return
    from mailer.flows.returning.arrivals import Upshot
    from mailer.language import moment

    roomy = call.out.width >= _ROOMY
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", min_width=30)
    if roomy:
        table.add_column(overflow="fold", style="dim")
    for each in found:
        shown = moment(each.at.astimezone(call.house.zone), call.speech.lang)
        done = word(each.upshot) if each.upshot is Upshot.SUPPRESSED else each.words
        about = (each.edition, call.said(_reason(each)), call.said(done))
        more = Words(" · ".join(filter(None, about)), style="dim")
        who = Words(each.recipient or "–")
        if not roomy and more.plain:
            who.append("\n").append_text(more)
        kind = Words(call.said(word(each.kind)), style=_STYLES.get(each.kind, ""))
        table.add_row(str(each.id), shown, kind, who, *([more] if roomy else []))
    call.out.print(table)


def _show_one(call: Invocation, found: Arrival) -> None:
    when = found.at.astimezone(call.house.zone)
    rows = (
        (say("came"), f"{when:%Y-%m-%d %H:%M:%S}, {found.way}"),
        (say("kind"), word(found.kind)),
        (say("reader"), found.recipient),
        (say("edition"), found.edition),
        (
            say("reason"),
            " ".join(filter(None, (call.said(_reason(found)), found.status))),
        ),
        (say("proved by"), word(found.proof) if found.proof else say("nothing")),
        (say("upshot"), word(found.upshot)),
        (say("because"), found.words),
    )
    call.out.print(facts((call.said(name), call.said(value)) for name, value in rows))
    for line in found.evidence:
        call.out.tell(f"  {line}")
    if found.raw is not None:
        hint = say("The mail: mailer bounces show {number} --raw", number=str(found.id))
        call.err.tell(hint, style="dim")


def _reason(arrival: Arrival) -> str:
    from mailer.delivery.bounce.model import Reason
    from mailer.delivery.bounce.words import spoken

    known = arrival.reason in set(Reason)  # else a later mailer wrote it
    return spoken(Reason(arrival.reason)) if known else arrival.reason


def _json(arrival: Arrival) -> dict[str, object]:
    return {
        "schema": 1,
        "id": arrival.id,
        "at": arrival.at.isoformat(),
        "way": arrival.way,
        "kind": str(arrival.kind),
        "recipient": arrival.recipient,
        "publication": arrival.publication or None,
        "edition": arrival.edition or None,
        "reason": arrival.reason,
        "status": arrival.status,
        "said": arrival.said,
        "proof": str(arrival.proof),
        "upshot": str(arrival.upshot),
        "because": str(arrival.words),
        "evidence": list(arrival.evidence),
    }
