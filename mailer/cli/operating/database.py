"""``mailer db``: the database copied, examined, migrated, packed, put back, purged."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.operating import partings
from mailer.cli.options import JsonOption, YesOption
from mailer.errors import GuardError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.edition.agenda import Departure
    from mailer.flows.readers.retention import Purged
    from mailer.flows.restoring import Parted, Withheld

database = typer.Typer(
    no_args_is_help=True,
    help="The database: backup, restore, check, migrate, vacuum, purge.",
)
readers = typer.Typer(
    no_args_is_help=True, help="What is kept of readers, and for how long."
)
_STAMP = "%Y-%m-%dT%H%M%SZ"


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(database, name="db")
    app.add_typer(readers, name="readers")


@database.command("backup")
def backup(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file, or a folder for it.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE if it is there.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, help="In a folder: delete all but so many."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Copy the whole database while everybody works; only you can read the copy."""
    call = invocation(ctx)
    upkeep = call.house.upkeep
    into = file
    if file.is_dir():
        moment = call.house.clock.now().astimezone(UTC)
        into = file / f"mailer-{moment.strftime(_STAMP)}{upkeep.suffix}"
    elif keep is not None:
        message = say("--keep is for a folder, and {file} is none", file=file)
        raise GuardError(message)
    if into.exists() and not force:
        message = say("{file} is there already", file=into)
        raise GuardError(message, hint=say("--force replaces it"))
    schema = upkeep.schema()
    upkeep.backup(into)
    gone = _thin_out(file, upkeep.suffix, keep) if keep is not None else []
    size = into.stat().st_size
    if json:
        facts = {"file": str(into), "bytes": size, "version": schema}
        call.print_json({"schema": 1, **facts, "deleted": [str(old) for old in gone]})
        return
    told = say(
        "{file}: {size}, schema {schema}, examined",
        file=into,
        size=_size(size),
        schema=schema or "–",
    )
    call.out.tell(told)
    if gone:
        count = len(gone)
        call.err.tell(
            say_many("{count} older one deleted", "{count} older ones deleted", count)
        )
    key = call.house.loaded.data_folder() / "secret_key"
    if sys.stderr.isatty() and key.exists():
        call.err.tell(say("Not in it: {key}; keep a copy of that too.", key=key))


@database.command("restore")
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    yes: YesOption = False,
) -> None:
    """Put a backup in the database's place; hold what may have left since it was made."""
    from mailer.daemon.occupancy import occupying

    call = invocation(ctx)
    with occupying(call.house.loaded.socket(), alone=True):
        pass  # told before anything is asked
    agenda = _agenda(call)  # before anything is changed: the workspace can be read
    if not yes:
        question = say("Put {file} in the place of the database?", file=file)
        call.confirm(question)
    with occupying(call.house.loaded.socket(), alone=True):
        now = call.house.clock.now()
        gone = run_async(partings.gone(call))
        kept = call.house.upkeep.restore(file, f"replaced-{now.strftime(_STAMP)}")

        async def story() -> tuple[Withheld, Parted | None]:
            from mailer.flows.restoring import withhold

            async with call.house.stores() as stores:
                parted = None
                if gone is not None:
                    parted = await stores.partings.carry_over(gone, now=now)
                withheld = await withhold(
                    stores.ledger,
                    stores.control,
                    stores.slots,
                    agenda=agenda,
                    now=now,
                    catch_up=call.house.settings.send.catch_up,
                )
                return withheld, parted

        withheld, moved = run_async(story())
    call.out.tell(say("{file} is the database now", file=file))
    if kept:
        call.out.tell(say("the old one is kept: {kept}", kept=kept))
    for told in partings.parted(moved, had_one=bool(kept)):
        call.out.tell(told)
    for told in _withheld(withheld):
        call.out.tell(told)


@database.command("check")
def check(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A backup; else the database.")
    ] = None,
) -> None:
    """Read every page and every reference; exit 1 if something is wrong."""
    call = invocation(ctx)
    upkeep = call.house.upkeep
    faults = upkeep.examine(file)
    for fault in faults:
        call.out.tell(say("✗ {fault}", fault=fault))
    if faults:
        raise typer.Exit(1)
    if file is not None:
        size = _size(file.stat().st_size)
        call.out.tell(say("✓ {file}: {size}, no fault found", file=file, size=size))
        return
    schema = upkeep.schema()
    told = say(
        "✓ {size}, schema {schema}, no fault found",
        size=_size(upkeep.size()),
        schema=schema or "–",
    )
    call.out.tell(told)
    if schema is not None and schema > _head():
        newer = say(
            "! a newer mailer made it: this one, of {head}, does not open it",
            head=_head(),
        )
        call.out.tell(newer)
    elif schema != _head():
        behind = say(
            "! this mailer has schema {head}: mailer db migrate, after a backup",
            head=_head(),
        )
        call.out.tell(behind)


@database.command("migrate")
def migrate(ctx: typer.Context) -> None:
    """Bring the database to this mailer's schema, as any other command would."""
    call = invocation(ctx)
    before = _schema_if_any(call)

    async def story() -> None:
        async with call.house.stores():
            pass

    run_async(story())
    if before == _head():
        call.out.tell(say("schema {schema}: nothing to do", schema=before))
    else:
        told = say(
            "schema {before} → {after}", before=before or "–", after=str(_head())
        )
        call.out.tell(told)


@database.command("vacuum")
def vacuum(ctx: typer.Context) -> None:
    """Give back the room of what was deleted; refused while a run is being sent."""
    call = invocation(ctx)
    upkeep = call.house.upkeep
    before = upkeep.size()

    async def story() -> list[str]:
        from mailer.flows.ports import RunState

        async with call.house.stores() as stores:
            busy = (RunState.ARMED, RunState.SENDING)
            return [r.name for r in await stores.ledger.runs() if r.state in busy]

    if sending := run_async(story()):
        message = say("{run} is being sent", run=sending[0])
        hint = say("wait for its end, or mailer pause {run}", run=sending[0])
        raise GuardError(message, hint=hint)
    upkeep.vacuum()
    told = say("{before} → {after}", before=_size(before), after=_size(upkeep.size()))
    call.out.tell(told)


@readers.command("purge")
@database.command("purge")
def purge(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count, and change nothing.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Take away what retention keeps no longer, as the daemon does once a day."""
    call = invocation(ctx)
    terms, now = call.house.retention, call.house.clock.now()

    async def count() -> Purged:
        async with call.house.stores() as stores:
            return await stores.retention.due(terms, now)

    async def take_away() -> Purged:
        async with call.house.stores() as stores:
            return await stores.retention.purge(terms, now)

    found = run_async(count())
    if not dry_run and found:
        if not yes:
            for told in _purged(found):
                call.err.tell(told)
            call.confirm(say("Take that away for good?"))
        found = run_async(take_away())
    if json:
        facts = {
            "replies": found.replies,
            "unconfirmed": found.unconfirmed,
            "left": found.left,
            "polls": found.polls,
            "measured": found.measured,
        }
        call.print_json({"schema": 1, "dry_run": dry_run, **facts})
        return
    for told in _purged(found):
        call.out.tell(told)
    if not found:
        call.out.tell(say("nothing is kept longer than it should be"))
    elif dry_run:
        call.err.tell(say("Nothing was changed."))


def _purged(purged: Purged) -> list[Phrase]:
    told = [
        (
            purged.replies,
            say_many(
                "{count} reply of a relay in ended runs",
                "{count} replies of relays in ended runs",
                purged.replies,
            ),
        ),
        (
            purged.unconfirmed,
            say_many(
                "{count} subscription that was never confirmed",
                "{count} subscriptions that were never confirmed",
                purged.unconfirmed,
            ),
        ),
        (
            purged.left,
            say_many(
                "{count} reader who left long ago",
                "{count} readers who left long ago",
                purged.left,
            ),
        ),
        (
            purged.measured,
            say_many(
                "{count} click or opened mail",
                "{count} clicks and opened mails",
                purged.measured,
            ),
        ),
        (
            purged.polls,
            say_many(
                "{count} anonymous poll that is over: its answers, but for their counts",
                "{count} anonymous polls that are over: their answers, but for their"
                " counts",
                purged.polls,
            ),
        ),
    ]
    return [words for count, words in told if count]


def _thin_out(folder: Path, suffix: str, keep: int) -> list[Path]:
    """Delete all but the newest *keep* backups that we named ourselves."""
    ours = sorted(
        path for path in folder.glob(f"mailer-*{suffix}") if _is_ours(path, suffix)
    )
    for old in ours[:-keep]:
        old.unlink()
    return ours[:-keep]


def _is_ours(path: Path, suffix: str) -> bool:
    stamp = path.name.removeprefix("mailer-").removesuffix(suffix)
    try:
        datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _agenda(call: Invocation) -> Callable[[datetime, datetime], Sequence[Departure]]:
    from mailer.edition.agenda import agenda

    house = call.house
    papers = map(house.settings.publication, house.settings.publications)
    return partial(agenda, [(paper, house.newsroom.dated(paper)) for paper in papers])


def _withheld(withheld: Withheld) -> list[Phrase]:
    told = [
        say(
            "! {run} is held: mailer resume {run} goes on, mailer cancel {run} ends it",
            run=run.name,
        )
        for run in withheld.runs
    ]
    told += [
        say(
            "! {publication} of {date} is held: {name} may have left already",
            publication=departure.publication,
            date=departure.day.isoformat(),
            name=departure.edition or say("an edition"),
        )
        for departure in withheld.departures
    ]
    if told:
        told.append(say("  Compare with the relay's log before you go on."))
    return told


def _head() -> str:
    from mailer.store.engine import HEAD

    return HEAD


def _schema_if_any(call: Invocation) -> str | None:
    from mailer.errors import StoreError

    try:
        return call.house.upkeep.schema()
    except StoreError:
        return None  # there is none yet, or opening it will say what is wrong


def _size(size: int) -> Phrase:
    if size < 1_000_000:
        return say("{count} KB", count=round(size / 1e3))
    return say("{count} MB", count=round(size / 1e6, 1))
