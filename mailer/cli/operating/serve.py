"""``mailer serve``: the readers' pages alone, without calendar and sending."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.logs import Form, log_to
from mailer.errors import ConfigError
from mailer.phrases import say


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("serve")(serve)


def serve(
    ctx: typer.Context,
    listener: Annotated[
        str,
        typer.Option(
            "--listen", metavar="HOST:PORT", help="Instead of \\[web] public."
        ),
    ] = "",
    form: Annotated[
        Form,
        typer.Option("--log-format", help="auto: text on a terminal, else JSON lines."),
    ] = Form.AUTO,
) -> None:
    """Serve readers their pages, without calendar and sending, until told to stop.

    `mailer run` serves them too. Letters to readers wait until a daemon sends them.
    """
    call = invocation(ctx)
    is_watched = sys.stderr.isatty() and not call.verbose
    level = logging.WARNING if is_watched else logging.INFO
    key = None
    if not call.house.settings.web.privacy.log_addresses:
        key = call.house.loaded.secret_keys()[0]
    log_to(sys.stderr, level, form=form, key=key)
    run_async(_serve(call, listener or call.house.settings.web.public), busy=True)


async def _serve(call: Invocation, address: str) -> None:
    import asyncio

    from mailer.cli.signals import drain_on_signals
    from mailer.public import PublicSite
    from mailer.web.serving import listen, serving

    house = call.house
    if not address:
        message = say("[web] public names no listener")
        raise ConfigError(message, hint="--listen 127.0.0.1:8000")
    if not house.settings.publications:
        raise ConfigError(say("there is no publication to show"))
    house.newsroom.check()
    try:
        listener = listen(address)
    except (OSError, ValueError) as error:
        message = say("{address} cannot be had: {error}", address=address, error=error)
        raise ConfigError(message, hint="--listen 127.0.0.1:0") from error
    stop = asyncio.Event()
    with listener, drain_on_signals(stop, lambda: None):
        async with house.stores() as stores:
            site = PublicSite(lambda: house, stores)
            async with serving(site, listener):
                host, port = listener.getsockname()[:2]
                call.err.tell(
                    say(
                        "Pages on http://{address}/   Ctrl-C ends it.",
                        address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                    )
                )
                await stop.wait()
