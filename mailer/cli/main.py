"""``mailer``: the command, its global options, and how errors leave it.

The module of a command is imported when that command is asked for, and heavy parts
(settings, database, templates, SMTP) by the commands that need them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mailer import __version__
from mailer.cli.invocation import Invocation
from mailer.cli.process import as_process, begin_log
from mailer.cli.rooms import Rooms
from mailer.cli.speech import Speech, language_of

app = typer.Typer(
    name="mailer",
    cls=Rooms,
    help="Write an edition in Markdown, see it, send it: nobody lost, nobody twice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if not value:
        return
    from importlib.metadata import version

    from mailer.workspace.support import support_data

    python = ".".join(map(str, sys.version_info[:3]))
    mjml = version("mjml-python")
    typer.echo(f"mailer {__version__} (Python {python}, mjml-python {mjml})")
    typer.echo(f"caniemail data of {support_data().dated}")
    raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    folder: Annotated[
        Path,
        typer.Option(
            "-C", metavar="DIR", help="The workspace; other paths stay yours."
        ),
    ] = Path(),
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Use this configuration file."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what happens, on stderr.")
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Plain output (also: NO_COLOR).")
    ] = False,
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Say the version."
        ),
    ] = False,
) -> None:
    """Write an edition in Markdown, see it, send it: nobody lost, nobody twice."""
    begin_log(verbose=verbose)
    speech = ctx.find_object(Speech) or Speech(lang=language_of(os.environ))
    ctx.obj = Invocation(
        folder=folder,
        config=config,
        color=not no_color,
        verbose=verbose,
        speech=speech,
    )


def main() -> None:
    """The console script: run, and turn whatever goes wrong into a message and a code."""
    speech = Speech(lang=language_of(os.environ))
    with as_process(speech):
        app(obj=speech, standalone_mode=True)
