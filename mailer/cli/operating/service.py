"""``mailer config, inbox, demo``: settings, a trial relay, and a whole Saturday on it."""

from __future__ import annotations

import signal
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from typer.core import TyperCommand

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.vocabulary import counted, listed
from mailer.cli.words import Words
from mailer.errors import BalanceError, ConfigError
from mailer.phrases import Phrase, say

if TYPE_CHECKING:
    from mailer.transport.chaos import Chaos
    from mailer.trial import TrialInbox

config = typer.Typer(no_args_is_help=True, help="What is configured, and where.")


class InboxCommand(TyperCommand):
    """A command whose help ends with the language of chaos, read when help is asked for."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """What ``--help`` says."""
        self.epilog = _language_of_chaos()
        return super().get_help(ctx)


def _language_of_chaos() -> str:
    from mailer.transport.chaos import EXAMPLES
    from mailer.transport.whims import Act, Moment

    parts = (
        "A whim is written \\[WHO/]MOMENT:BEHAVIOUR\\[@WHEN,...]; WHO is a domain or an"
        " address, * in it stands for anything.",
        "Moments: " + ", ".join(Moment) + ".",
        "Behaviours: a reply (550 5.1.1 no such user), "
        + ", ".join(act for act in Act if act is not Act.REPLY)
        + "; at the dot accept-drop, -stall, -partial, -garbage, -endless.",
        "When: 20%, once, first=3, every=50, after=10, after=10/min,"
        " per=connection, per=domain, per=recipient.",
        "\b\n" + "\n".join(f"{whim}  {meaning}" for whim, meaning in EXAMPLES),
    )
    return "\n\n".join(parts)


_DEMO_RATE = "50/s"
_DEMO_PUBLICATION = "le-meridien"


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(config, name="config")
    app.command("inbox", cls=InboxCommand)(inbox)
    app.command("demo")(demo)


@config.command("show")
def show(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Print every value in force and where it comes from, secrets masked."""
    from mailer.config.load import show as values

    call = invocation(ctx)
    rows = values(call.house.loaded)
    if json:
        call.print_json(
            {
                "schema": 1,
                "file": str(call.house.loaded.path or ""),
                "settings": {
                    key: {"value": value, "origin": origin}
                    for key, value, origin in rows
                },
            }
        )
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in (say("Key"), say("Value"), say("Origin")):
        table.add_column(call.said(title), overflow="fold")
    for key, value, origin in rows:
        style = "dim" if origin == "default" else ""
        table.add_row(Words(key), Words(str(value)), Words(origin), style=style)
    call.out.print(table)


@config.command("path")
def path(ctx: typer.Context) -> None:
    """Print the configuration file in force."""
    call = invocation(ctx)
    found = call.house.loaded.path
    call.out.tell(str(found) if found else say("no file: defaults"))


def inbox(
    ctx: typer.Context,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="SMTP; 0: any free one.")
    ] = 2525,
    http_port: Annotated[
        int, typer.Option("--http-port", min=0, max=65535, help="The page.")
    ] = 8025,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="The Maildir that keeps the mail.")
    ] = None,
    chaos: Annotated[
        list[str] | None,
        typer.Option(
            "--chaos",
            metavar="WHIM",
            help="Misbehave on purpose, see below; also a .toml file. Repeatable.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Another seed, another chaos; else 0.")
    ] = None,
) -> None:
    """Run a trial relay on this machine: it keeps every mail and shows it on a page."""
    from mailer.trial import read_chaos

    call = invocation(ctx)
    mischief = read_chaos(chaos or [], start=call.folder, seed=seed)
    run_async(_inbox(call, port, http_port, folder, mischief), busy=True)


def demo(
    ctx: typer.Context,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the inbox page open until Ctrl-C.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where; a fresh folder otherwise.")
    ] = None,
) -> None:
    """Play a whole Saturday: readers, checks, sending, balance, on a trial inbox."""
    call = invocation(ctx)
    place = folder or Path(tempfile.mkdtemp(prefix="mailer-demo-"))
    run_async(_demo(call, place, keep=keep), busy=True)


async def _inbox(
    call: Invocation,
    port: int,
    http_port: int,
    folder: Path | None,
    chaos: Chaos | None,
) -> None:
    from mailer.trial import trial_inbox

    media, public_url = None, None
    try:
        media, public_url = call.house.loaded.media_folder(), call.house.public_url
        place = folder or call.house.loaded.data_folder() / "inbox"
    except ConfigError:  # outside a workspace an inbox is still of use
        place = folder or call.folder / "inbox"
    async with trial_inbox(
        place,
        smtp_port=port,
        http_port=http_port,
        media=media,
        public_url=public_url,
        catalogue=call.speech.catalogue,
        chaos=chaos,
    ) as trial:
        kind = say("no TLS, no login")
        if chaos and chaos.offers("STARTTLS"):
            kind = say("TLS with ca_file = {file}", file=place / "ca.pem")
        told = say(
            "Trial relay on 127.0.0.1:{port} ({kind})\n"
            "Mail in {folder}\n"
            "Page on {url}   Ctrl-C stops it.",
            port=str(trial.smtp_port),
            kind=kind,
            folder=place,
            url=trial.url,
        )
        call.err.tell(told)
        if chaos:
            whims = "\n".join(f"  {text}" for text, _ in chaos.told())
            said = say(
                "It misbehaves, seed {seed}:\n{whims}",
                seed=str(chaos.seed),
                whims=whims,
            )
            call.err.tell(said, style="yellow")
        await _until_signal()


async def _demo(call: Invocation, folder: Path, *, keep: bool) -> None:
    from mailer.trial import trial_inbox
    from mailer.wiring import House, new_workspace

    new_workspace(folder, theme="presse", data=folder / "data")
    mail = folder / "data" / "inbox"
    _say(call, say("1. A workspace in {folder}", folder=folder))
    loaded = House.open(config=None, start=folder, environ={}).loaded
    async with trial_inbox(
        mail,
        media=loaded.media_folder(),
        public_url=loaded.settings.site.public_url,
        catalogue=call.speech.catalogue,
    ) as trial:
        relay = loaded.settings.relays[0].name.upper()
        environ = {
            f"MAILER_RELAYS__{relay}__PORT": str(trial.smtp_port),
            f"MAILER_RELAYS__{relay}__RATE": _DEMO_RATE,
        }
        call.house = House.open(config=None, start=folder, environ=environ)
        readers = await _demo_readers(call, folder)
        await _demo_send(call, readers)
        _verify(call, trial, readers)
        _say(call, say("7. Where to look"))
        where = say(
            "   the edition   {editions}\n"
            "   the mail      {mail} (a Maildir)\n"
            "   again         mailer -C {folder} status",
            editions=folder / "editions",
            mail=mail,
            folder=folder,
        )
        call.out.tell(where)
        if keep:
            page = say("   the inbox     {url}   Ctrl-C ends the demo", url=trial.url)
            call.out.tell(page)
            await _until_signal()
        else:
            call.out.tell(say("   the page      mailer demo --keep leaves it open"))


async def _demo_readers(call: Invocation, folder: Path) -> int:
    from mailer.audience.roster import open_roster
    from mailer.flows.readers.roster import take_in

    _say(call, say("2. Readers from readers.csv"))
    async with call.house.stores() as stores:
        intake = await take_in(
            open_roster(BytesIO((folder / "readers.csv").read_bytes())),
            stores.readers,
            call.house.clock,
            publication=_DEMO_PUBLICATION,
            source="demo",
        )
    added = intake.counts["added"]
    told = listed(
        (counted("added", added), counted("invalid", intake.counts["invalid"]))
    )
    call.out.tell(say("   {counts}", counts=told))
    return added


async def _demo_send(call: Invocation, readers: int) -> None:
    from mailer.cli.editing.checks import show_check
    from mailer.cli.editing.editions import assembled_edition
    from mailer.cli.sending.approvals import approve_edition
    from mailer.cli.sending.carrying import Errand, carry
    from mailer.cli.sending.runs import ask_to_send

    coming = f"{_DEMO_PUBLICATION}/next"
    _say(call, say("3. Check the coming edition"))
    show_check(call, coming)
    _say(call, say("4. Approve it: this, and nothing else, may leave"))
    await approve_edition(call, assembled_edition(call, coming), by="demo")
    _say(call, say("5. Send it, {rate}", rate=_DEMO_RATE))
    asked = await ask_to_send(call, coming, yes=True, expect=readers)
    if isinstance(asked, Errand):  # always: it was no dry run
        await carry(call, asked)


def _verify(call: Invocation, trial: TrialInbox, readers: int) -> None:
    """One message per reader in the inbox: nobody missing, nobody twice."""
    _say(call, say("6. Compare the inbox with the readers"))
    recipients = trial.mailbox.recipients()
    if len(recipients) != readers or len(set(recipients)) != readers:
        message = say(
            "{readers} readers, {messages} messages to {addresses} addresses",
            readers=readers,
            messages=len(recipients),
            addresses=len(set(recipients)),
        )
        raise BalanceError(message)
    told = say(
        "   {readers} readers, {messages} messages, each to another reader",
        readers=readers,
        messages=len(recipients),
    )
    call.out.tell(told)


async def _until_signal() -> None:
    import asyncio

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    await stop.wait()


def _say(call: Invocation, words: Phrase) -> None:
    call.out.print()
    call.out.tell(words, style="bold")
