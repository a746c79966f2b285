"""``mailer preview``: the edition on a local page, fresh at every save."""

from __future__ import annotations

import gc
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.errors import ConfigError, NotFoundError
from mailer.phrases import say

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Iterator, Sequence

    from mailer.cli.editing.records import Records
    from mailer.flows.editing.previewing import Studio
    from mailer.web.preview.actions import Actions
    from mailer.web.preview.app import App
    from mailer.web.preview.changes import Changes

_LOOPBACK = "127.0.0.1"
_START = 3.0  # seconds: by then all that stays is there
_WATCHED = ("editions", "snippets", "templates", "authors", "config", "authors.toml")


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("preview")(preview)


def preview(
    ctx: typer.Context,
    edition: Annotated[
        str,
        typer.Argument(
            metavar="[EDITION]",
            help="Number, publication/number, slug, path, latest or next.",
        ),
    ] = "next",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0: any free one.")
    ] = 8800,
    host: Annotated[
        str, typer.Option("--host", help="Another address than this machine's own.")
    ] = _LOOPBACK,
    open_: Annotated[
        bool, typer.Option("--open", help="Open it in the browser.")
    ] = False,
) -> None:
    """Show an edition on a local page as every reader will see it, fresh at every save.

    The bytes that are shown are those that `mailer send` hands over. A test can be sent
    from there, and the edition approved: on this machine alone.
    """
    call = invocation(ctx)
    with _uncollected():
        run_async(_preview(call, edition, host=host, port=port, open_=open_))


async def _preview(
    call: Invocation, name: str, *, host: str, port: int, open_: bool
) -> None:
    import asyncio
    import socket

    from mailer.cli.signals import drain_on_signals

    call.stationery()  # what is wrong with settings and keys is said before all else
    first = _first(call, name)
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        message = say(
            "port {port} is not free: {error}", port=str(port), error=error.strerror
        )
        raise ConfigError(message, hint=say("--port 0 takes any free one")) from error
    url = f"http://{host}:{listener.getsockname()[1]}/edition/{first}"
    if host != _LOOPBACK:
        call.err.tell(
            say("Whoever reaches {host} sees drafts and members' text.", host=host),
            style="yellow",
        )
    stop = asyncio.Event()
    with listener, drain_on_signals(stop, lambda: None):
        # Who comes at once waits at the door, and their browser starts meanwhile.
        call.err.tell(say("Preview on {url}   Ctrl-C ends it.", url=url))
        if open_:
            import webbrowser

            webbrowser.open(url)
        await _show(call, name, first, listener, is_ours=host == _LOOPBACK, stop=stop)


async def _show(
    call: Invocation,
    name: str,
    first: str,
    listener: socket.socket,
    *,
    is_ours: bool,
    stop: asyncio.Event,
) -> None:
    """Answer at *listener* until *stop*; what was saved is seen from the first answer on."""
    import asyncio

    from mailer.cli.editing.records import Records
    from mailer.cli.editing.studio import studio_of
    from mailer.cli.previewing.hands import Hands
    from mailer.web.preview.changes import Changes
    from mailer.web.serving import serving

    studio, changes = studio_of(call), Changes()
    records = Records(call, shows_readers=is_ours)
    app = app_of(
        call,
        name,
        studio,
        changes,
        records=records,
        hosts=[_LOOPBACK, "localhost"] if is_ours else ["*"],
        actions=Hands(call, studio, records) if is_ours else None,
    )
    watching = asyncio.create_task(_watch(call, studio, changes, stop))
    await asyncio.sleep(0)  # it watches before anything is read
    async with records, serving(app, listener):
        settling = asyncio.create_task(_settle(studio, first, stop))
        await stop.wait()
        await watching
        await settling


async def _settle(studio: Studio, name: str, stop: asyncio.Event) -> None:
    """Have *name* read for whoever opens it first, and let the start be over."""
    import asyncio

    await asyncio.to_thread(studio.outlined, name)
    with suppress(TimeoutError):
        async with asyncio.timeout(_START):
            await stop.wait()
    gc.freeze()
    gc.enable()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing is looked through for garbage until ``_settle`` is done, or this ends.

    What starts a preview is code and templates, which stay: to go through all of it
    again and again would take a tenth of the time until somebody sees the mail.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()


def app_of(
    call: Invocation,
    name: str,
    studio: Studio,
    changes: Changes,
    *,
    records: Records | None = None,
    hosts: Sequence[str] = (_LOOPBACK,),
    actions: Actions | None = None,
) -> App:
    """The pages of *studio*, which begin with the edition called *name*."""
    from mailer.cli.editing.checks import link_prober
    from mailer.cli.editing.studio import path_of
    from mailer.cli.editing.suspicions import spam_judge
    from mailer.web.preview.app import preview_app

    return preview_app(
        studio,
        changes,
        records=records,
        judge=spam_judge(call),
        catalogue=call.speech.catalogue,
        editor_url=call.house.settings.preview.editor_url,
        hosts=list(hosts),
        first=lambda: _first(call, name),
        path_of=lambda edition, finding: str(path_of(call, edition, finding)),
        actions=actions,
        answers=lambda: link_prober(call).known(),
        cache=call.house.newsroom.cache,
    )


def _first(call: Invocation, name: str) -> str:
    """The edition called *name*; without one called ``next``, the newest there is."""
    from mailer.cli.editing.studio import sheets_of

    workspace = call.house.newsroom.workspace
    try:
        found = workspace.find(
            name, list(call.house.settings.publications), today=call.today()
        )
    except NotFoundError:
        if name != "next":
            raise
        newest = [sheet for _, sheets in sheets_of(call) for sheet in sheets]
        if not newest:
            raise
        return newest[0].name
    return found.name


async def _watch(
    call: Invocation, studio: Studio, changes: Changes, stop: asyncio.Event
) -> None:
    """Have everything looked at again when something of the workspace was saved."""
    from watchfiles import awatch

    root = call.house.newsroom.workspace.root
    watched = [root / name for name in _WATCHED if (root / name).exists()]
    async for _ in awatch(*watched, stop_event=stop, debounce=60, step=20):
        studio.forget()
        await changes.tell()
