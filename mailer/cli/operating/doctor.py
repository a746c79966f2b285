"""``mailer doctor``: everything that a send needs, looked at before it is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.operating.introductions import Meeting, meet, met_words
from mailer.cli.options import JsonOption
from mailer.cli.vocabulary import problems
from mailer.cli.words import Words
from mailer.errors import InputError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.doctor.line import Condition, Line

_MARKS = {
    "well": ("✓", "green"),
    "note": ("·", "dim"),
    "warning": ("!", "yellow"),
    "fault": ("✗", "red"),
}
_WISHED = ("PIPELINING", "8BITMIME", "SIZE")


def register(app: typer.Typer) -> None:
    """Hang this command into *app*."""
    app.command("doctor")(doctor)


def doctor(
    ctx: typer.Context,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Relays, DNS and the site too; else nothing is asked."
        ),
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Close files that others may read.")
    ] = False,
    nameserver: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Ask this one, else the machine's own."),
    ] = "",
    proof: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A proof as it was received (.eml): was it believed?"
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Look at everything that a send needs; each line says what to do. No mail is sent.

    Ends with 1 if something is wrong (✗), with 0 if all is well or at least works.
    """
    from mailer.doctor.line import Condition
    from mailer.doctor.machine import examine, mend_modes

    call = invocation(ctx)
    if fix:
        for path in mend_modes(call.house):
            call.err.tell(say("{file} is its owner's alone now", file=path))
    seen: list[Line] = []
    show = _Shown(call, silent=json)
    seen += show.each(examine(call.house))
    if any(each.topic == "database" and each.condition == "well" for each in seen):
        seen += show.each(run_async(_letters(call)))
    if online:
        seen += show.each(run_async(_relays(call)))
        seen += show.each(run_async(_online(call, nameserver)))
    if proof is not None:
        seen += show.each(_received(proof))
    counts = Counter(line.condition for line in seen)
    if json:
        rows = [line.as_json() for line in seen]
        call.print_json({"schema": 1, "online": online, "lines": rows})
    else:
        _conclude(call, counts, online=online)
    if counts[Condition.FAULT]:
        raise typer.Exit(1)


def _received(file: Path) -> list[Line]:
    from mailer.doctor.proof import examine

    try:
        return examine(file.read_bytes(), str(file))
    except OSError as error:
        message = say("{file}: {error}", file=file, error=error.strerror)
        raise InputError(message) from error


async def _letters(call: Invocation) -> list[Line]:
    """Letters to readers that somebody should look at."""
    from mailer.cli.readers.letters import backlog_words
    from mailer.doctor.line import Condition, Line
    from mailer.flows.readers.letterbook import backlog

    async with call.house.stores() as stores:
        found = await backlog(stores.letter_book, call.house.clock.now())
    do, copy = say("which, and why:"), "mailer letters list"
    return [
        Line(topic="letters", condition=Condition.WARNING, found=each, do=do, copy=copy)
        for each in backlog_words(found)
    ]


async def _relays(call: Invocation) -> list[Line]:
    import asyncio

    relays = call.house.settings.relays
    met = await asyncio.gather(*(meet(call, relay) for relay in relays))
    return [line for each in met for line in _met(each)]


def _met(meeting: Meeting) -> Iterable[Line]:
    from mailer.doctor.line import Condition, Line, well

    line = partial(Line, topic="relay", name=meeting.name)
    if meeting.error is not None:
        do = say("the same, alone:")
        copy = f"mailer relays test {meeting.name}"
        yield line(condition=Condition.FAULT, found=meeting.error, do=do, copy=copy)
        return
    if meeting.met is None:
        found = say("keeps mail in {folder}", folder=meeting.folder)
        yield line(condition=Condition.NOTE, found=found)
        return
    offered = [each for each in _WISHED if each in meeting.met.extensions]
    found = say(
        "{met}; {extensions}",
        met=met_words(meeting.met, meeting.seconds),
        extensions=", ".join(offered) or say("no extensions"),
    )
    yield well("relay", found, name=meeting.name)


async def _online(call: Invocation, nameserver: str) -> list[Line]:
    from mailer.doctor import mail, pages
    from mailer.online.names import Names
    from mailer.online.outside import Visitor

    lines = await mail.examine(call.house, Names(nameserver))
    return lines + await pages.examine(call.house.public_url, Visitor())


class _Shown:
    """Lines as they come; *silent* keeps them to itself."""

    def __init__(self, call: Invocation, *, silent: bool) -> None:
        self._call = call
        self._silent = silent
        self._topic = ""

    def each(self, lines: Iterable[Line]) -> list[Line]:
        """Show every one of *lines*, and return them."""
        seen = []
        for line in lines:
            if not self._silent:
                self._show(line)
            seen.append(line)
        return seen

    def _show(self, line: Line) -> None:
        """A mark, the topic, what was found; below it what to do, whole if typed."""
        mark, style = _MARKS[line.condition]
        topic = line.topic if line.topic != self._topic else ""
        self._topic = line.topic
        out = self._call.out
        found = self._call.said(line.found)
        if line.name and line.name not in found:
            found = f"{line.name}  {found}"
        first, *more = self._wrapped(found)
        out.print(Words(mark, style=style), Words(f"{topic:<{_TOPIC}}{first}"))
        for each in more:
            out.print(Words(" " * _INDENT + each))
        for each in self._wrapped(self._call.said(line.do)):
            out.print(Words(" " * _INDENT + each, style="bold"))
        for each in line.copy.splitlines():
            out.print(Words(" " * (_INDENT + 2) + each), soft_wrap=True)

    def _wrapped(self, text: str) -> list[str]:
        out = self._call.out
        if not out.is_terminal:
            return [text] if text else []
        width = max(30, out.width - _INDENT)
        return wrap(text, width, break_long_words=False, break_on_hyphens=False)


_TOPIC = 11
_INDENT = _TOPIC + 2


def _conclude(
    call: Invocation, counts: Mapping[Condition, int], *, online: bool
) -> None:
    from mailer.doctor.line import Condition

    faults, warnings = counts[Condition.FAULT], counts[Condition.WARNING]
    call.out.print()
    if faults or warnings:
        told = problems(faults, warnings)
        call.out.tell(say("{counts}.", counts=told))
    else:
        call.out.tell(say("All is well."), style="green")
    if not online:
        call.out.tell(say("--online asks relays, DNS and your site too."), style="dim")
