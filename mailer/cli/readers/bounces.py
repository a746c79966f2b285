"""``mailer bounces``: mail that came back, what it says, and what became of it."""

from __future__ import annotations

import json as json_format
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation
from mailer.cli.readers import arrivals
from mailer.cli.vocabulary import listed, word
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.delivery.bounce.model import Return

bounces = typer.Typer(no_args_is_help=True, help="Mail that came back.")

_STYLES = {"hard": "red", "complaint": "red", "soft": "yellow"}
_SHOWN = 2  # lines of evidence for people; JSON has all of them


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    arrivals.register(bounces)
    app.add_typer(bounces, name="bounces")


@bounces.command("parse")
def parse_mails(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Mails: files, mboxes, Maildirs, folders."
        ),
    ],
    json: Annotated[
        bool, typer.Option("--json", help="One line of JSON per mail, on stdout.")
    ] = False,
) -> None:
    """Say what mails that came back mean, and by which lines; change nothing.

    Needs no workspace. A file that cannot be read is told in its line, and stops nothing.
    """
    call = invocation(ctx)
    count: Counter[str] = Counter()
    for file, read, trouble in _read(paths):
        count[read.kind] += 1
        if json:
            sys.stdout.write(json_format.dumps(_row(file, read, trouble)) + "\n")
        else:
            _show(call, file, read, trouble)
    if not json:
        kinds = [
            say("{name}: {count}", name=_kind(kind), count=number)
            for kind, number in count.most_common()
        ]
        call.err.tell(listed(kinds) or say("no mail there"))


def _read(paths: Sequence[Path]) -> Iterator[tuple[Path, Return, str]]:
    """Every mail under *paths*, read; why not, where it could not be."""
    from mailer.delivery.bounce.model import Kind, Return
    from mailer.delivery.bounce.parse import parse
    from mailer.transport.mailfiles import read_mails

    for file, raw in read_mails(paths, past_errors=True):
        if isinstance(raw, OSError):
            reason = raw.strerror or str(raw)
            yield file, Return(kind=Kind.NONE), reason
        else:
            yield file, parse(raw), ""


def _row(file: Path, read: Return, trouble: str) -> dict[str, object]:
    return {
        "file": str(file),
        "kind": str(read.kind),
        "recipient": read.recipient,
        "reason": f"unreadable: {trouble}" if trouble else str(read.reason),
        "evidence": list(read.evidence),
    }


def _show(call: Invocation, file: Path, read: Return, trouble: str) -> None:
    from mailer.delivery.bounce.words import spoken

    kind = call.said(_kind(read.kind))
    if trouble:
        call.out.tell(f"{kind:<12} {file.name}  {trouble}")
        return
    told = [read.recipient] if read.recipient else []
    if str(read.reason) != str(read.kind):
        told.append(call.said(spoken(read.reason)))
    line = f"{kind:<12} {file.name}  {'  '.join(told)}".rstrip()
    call.out.tell(line, style=_STYLES.get(read.kind, ""))
    for evidence in read.evidence[:_SHOWN]:
        call.out.tell(f"             | {evidence}", style="dim")


def _kind(kind: str) -> str:
    """The word for *kind*; mail that is no news of ours has one of its own."""
    return say("other") if kind == "none" else word(kind)
