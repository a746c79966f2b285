"""Options that mean the same wherever they stand."""

from __future__ import annotations

from typing import Annotated

import typer

PublicationOption = Annotated[
    str | None,
    typer.Option("--publication", "-p", help="Its id; needless if there is only one."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
