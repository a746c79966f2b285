"""``mailer subscribers import, export``: readers as spreadsheets hold them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, PublicationOption, YesOption
from mailer.cli.vocabulary import counted, listed, word
from mailer.errors import InputError
from mailer.files import write_private
from mailer.phrases import say, say_many

if TYPE_CHECKING:
    from mailer.audience.roster import RosterFile
    from mailer.audience.subscriber import Reason, Subscriber
    from mailer.flows.readers.roster import Intake

_ANSWERS = (
    *("added", "updated", "present", "suppressed", "left"),
    *("gone", "barred", "invalid"),
)
_TIERS = frozenset({"tier", "tiers", "comped", "paid"})  # fields that say one
_SHOWN = 5  # addresses named in a remark


class Format(StrEnum):
    """Who can read an export."""

    CSV = "csv"
    JSON = "json"
    LISTMONK = "listmonk"
    GHOST = "ghost"
    SUBSTACK = "substack"
    BEEHIIV = "beehiiv"
    MAILCHIMP = "mailchimp"


def register(subscribers: typer.Typer) -> None:
    """Hang these commands into *subscribers*."""
    subscribers.command("import")(import_)
    subscribers.command("export")(export)


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
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOOL",
            help="listmonk, ghost, substack, beehiiv or mailchimp; else by its columns.",
        ),
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Who is there already takes tier and last day."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the report, change nothing.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Import readers: who left stays away, who is suppressed stays out."""
    from mailer.flows.readers.roster import count_readers

    call = invocation(ctx)
    paper = call.house.publication(publication).id
    with _opened(file, column or [], from_, paper) as roster:
        if not consent and not dry_run:
            message = say("an import needs the source of the consent")
            hint = say('--consent "Salon 2026", or --dry-run to look first')
            raise InputError(message, hint=hint)
        if update and not _TIERS & roster.columns.keys():
            message = say("--update needs a column that says the tier")
            raise InputError(message, hint="--column tier=Formule")
        if not json:
            _show_columns(call, roster)
        if not dry_run and not yes:
            question = say_many(
                "Import {count} reader into {publication}?",
                "Import {count} readers into {publication}?",
                count_readers(roster),
                publication=paper,
            )
            call.confirm(question)
        intake = run_async(
            _import(call, roster, paper, consent, dry_run=dry_run, update=update)
        )
    if json:
        call.print_json(_intake_json(intake, paper, roster))
    else:
        _show_intake(call, intake)


def export(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Only you may read it; else on stdout.")
    ] = None,
    publication: PublicationOption = None,
    to: Annotated[
        Format, typer.Option("--to", help="Who is to read it; csv is ours.")
    ] = Format.CSV,
) -> None:
    """Write readers as a CSV that spreadsheets open, and `import` or another tool reads."""
    from mailer.audience.address import address_key
    from mailer.audience.exports import OURS, write_csv, write_json

    call = invocation(ctx)
    needs_one = to not in OURS or publication is not None
    paper = call.house.publication(publication) if needs_one else None
    name = paper.id if paper else None

    async def story() -> tuple[list[Subscriber], dict[str, Reason]]:
        async with call.house.stores() as stores:
            barred = {
                address_key(entry.email): entry.reason
                for entry in await stores.readers.suppressions()
            }
            return await stores.readers.list_subscribers(publication=name), barred

    people, barred = run_async(story())
    zone = ZoneInfo(paper.timezone) if paper else call.house.zone
    day = call.house.clock.now().astimezone(zone).date()
    text = (
        write_json(people, barred=barred, publication=name, day=day)
        if to is Format.JSON
        else write_csv(people, barred=barred, publication=name, day=day, to=to)
    )
    if file is None:
        sys.stdout.write(text)
        return
    # Excel wants to be told that it is UTF-8; another tool would read it as a letter.
    write_private(file, text.encode("utf-8-sig" if to is Format.CSV else "utf-8"))
    told = say_many(
        "{count} reader in {file}",
        "{count} readers in {file}",
        len(people),
        file=file,
    )
    call.err.tell(told)


@contextmanager
def _opened(
    file: Path, said: Sequence[str], tool: str | None, publication: str
) -> Iterator[RosterFile]:
    """The roster in *file*, which is read as it is needed; its errors name the file."""
    from mailer.audience.roster import open_roster

    columns = _columns(said)
    try:
        with file.open("rb") as source:
            # What comes through a pipe is read once; a roster is looked at first.
            again = source if source.seekable() else BytesIO(source.read())
            yield open_roster(
                again, columns=columns, tool=tool, publication=publication
            )
    except OSError as error:
        message = say("cannot be read: {strerror}", strerror=error.strerror)
        raise InputError(message, file=str(file)) from error
    except InputError as error:
        if error.file:
            raise
        raise InputError(
            error.message, file=str(file), line=error.line, hint=error.hint
        ) from error


async def _import(
    call: Invocation,
    roster: RosterFile,
    publication: str,
    source: str,
    *,
    dry_run: bool,
    update: bool,
) -> Intake:
    from mailer.flows.readers.roster import take_in

    async with call.house.stores() as stores:
        return await take_in(
            roster,
            stores.readers,
            call.house.clock,
            publication=publication,
            source=source,
            dry_run=dry_run,
            update=update,
        )


def _columns(said: Sequence[str]) -> dict[str, str]:
    """``email=Courriel`` as typed, to a mapping."""
    columns = {}
    for item in said:
        field, sign, header = item.partition("=")
        if not sign or not field or not header:
            message = say("--column {item}: not of the form field=Header", item=item)
            raise InputError(message, hint="--column email=Courriel")
        columns[field.strip()] = header.strip()
    return columns


def _show_columns(call: Invocation, roster: RosterFile) -> None:
    """The columns as they were understood, so that a wrong guess is seen."""
    guessed = listed(
        say("{field} = “{column}”", field=field, column=name)
        for field, name in roster.columns.items()
    )
    call.err.tell(say("Columns: {columns}", columns=guessed))
    if roster.tool is not None:
        call.err.tell(say("An export of {tool}", tool=roster.tool.title))
    sign = repr(roster.sheet.delimiter)
    call.err.tell(
        say("Read as {encoding}, {sign}", encoding=roster.sheet.encoding, sign=sign)
    )


def _show_intake(call: Invocation, intake: Intake) -> None:
    """The report: counts, then every line that did not come in, with its reason."""
    counts = intake.counts
    rare = {"updated", "gone", "barred", "duplicates"}
    kinds = [k for k in (*_ANSWERS, "duplicates") if counts[k] or k not in rare]
    call.out.tell(listed(counted(kind, counts[kind]) for kind in kinds))
    for problem in intake.problems:
        admission = problem.reason in {"suppressed", "left"}
        told = say(
            "  line {line}: {reason}: {text}",
            line=str(problem.line),
            reason=word(problem.reason) if admission else problem.reason,
            text=problem.text,
        )
        call.out.tell(told)
    for kind, addresses in (("role", intake.roles), ("smtputf8", intake.smtputf8)):
        if addresses:
            more = "…" if len(addresses) > _SHOWN else ""
            named = ", ".join(addresses[:_SHOWN]) + more
            remark = counted(kind, len(addresses))
            call.out.tell(say("  {remark}: {text}", remark=remark, text=named))
    if intake.dry_run:
        call.err.tell(say("Dry run: nothing was changed."), style="dim")


def _intake_json(
    intake: Intake, publication: str, roster: RosterFile
) -> dict[str, object]:
    return {
        "schema": 1,
        "publication": publication,
        "dry_run": intake.dry_run,
        **intake.counts,
        "from": roster.tool.name if roster.tool else None,
        "columns": dict(roster.columns),
        "problems": [
            {"line": each.line, "reason": each.reason, "text": each.text}
            for each in intake.problems
        ],
        "role_addresses": list(intake.roles),
        "need_smtputf8": list(intake.smtputf8),
    }
