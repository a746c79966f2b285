"""``mailer run``: the service."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from typing import TextIO, cast

import typer

from mailer.cli.invocation import invocation, run_async
from mailer.phrases import Phrase, say


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("run")(run)


def run(ctx: typer.Context) -> None:
    """Watch the calendar and send what is due, until told to stop.

    SIGTERM finishes what is on the wire and leaves the rest for the next start; SIGHUP
    reads the configuration anew.
    """
    from mailer.cli.logs import log_to
    from mailer.daemon.life import Daemon
    from mailer.wiring import House

    call = invocation(ctx)
    # A terminal that is closed must not end a send: what cannot be written is dropped.
    sys.stdout = cast("TextIO", Unbroken(sys.stdout))
    sys.stderr = cast("TextIO", Unbroken(sys.stderr))
    # Who sits there reads sentences; a journal keeps every event beside them.
    is_watched = sys.stderr.isatty() and not call.verbose
    log_to(sys.stderr, logging.WARNING if is_watched else logging.INFO)

    def tell(words: Phrase) -> None:
        call.err.tell(say("mailer: {words}", words=words))

    def open_house() -> House:
        return House.open(config=call.config, start=call.folder, environ=os.environ)

    async def live() -> None:
        await Daemon(open_house, tell, os.environ).live()

    _ = call.house  # its language
    run_async(live())
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
