"""``mailer run``: the service."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from typing import Annotated, TextIO, cast

import typer

from mailer.cli.invocation import invocation, run_async
from mailer.cli.logs import Form, log_to, written_as
from mailer.phrases import Phrase, say


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("run")(run)


def run(
    ctx: typer.Context,
    form: Annotated[
        Form,
        typer.Option("--log-format", help="auto: text on a terminal, else JSON lines."),
    ] = Form.AUTO,
) -> None:
    """Watch the calendar and send what is due, until told to stop.

    SIGTERM finishes what is on the wire and leaves the rest for the next start; SIGHUP
    reads the configuration anew.
    """
    import structlog

    from mailer.daemon.life import Daemon
    from mailer.wiring import House

    call = invocation(ctx)
    # A terminal that is closed must not end a send: what cannot be written is dropped.
    sys.stdout = cast("TextIO", Unbroken(sys.stdout))
    sys.stderr = cast("TextIO", Unbroken(sys.stderr))
    # Who sits there reads sentences; a journal keeps every event beside them.
    is_watched = sys.stderr.isatty() and not call.verbose
    level = logging.WARNING if is_watched else logging.INFO
    _ = call.house  # its language
    key = None
    if not call.house.settings.web.privacy.log_addresses:
        key = call.house.loaded.secret_keys()[0]
    log_to(sys.stderr, level, form=form, key=key)
    is_json = written_as(form, sys.stderr) is Form.JSON

    def tell(words: Phrase) -> None:
        if is_json:
            structlog.get_logger().info("told", message=call.said(words))
        else:
            call.err.tell(say("mailer: {words}", words=words))

    def open_house() -> House:
        return House.open(config=call.config, start=call.folder, environ=os.environ)

    async def live() -> None:
        await Daemon(open_house, tell, os.environ).live()

    run_async(live(), busy=True)
    tell(say("stopped"))


class Unbroken(io.TextIOBase):
    """A stream that goes on when nobody is at the other end any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As much as somebody reads."""
        with suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, if anybody is there."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether somebody sits there."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's own."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has an attribute
        """The stream's own."""
        return self._stream.encoding
