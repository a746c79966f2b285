"""One call of the command line: where it stands, what it was told, how it speaks."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.text import Text

from mailer.cli.signals import leave_on_interrupt
from mailer.cli.speech import Speech
from mailer.errors import GuardError
from mailer.phrases import Phrase, say

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    import typer

    from mailer.delivery.signer import Signer
    from mailer.flows.sending.desk import Stationery
    from mailer.wiring import House

T = TypeVar("T")


_YES = say("y yes")
"""The answers that mean yes, besides the English ones."""


_CROWD = 10_000
"""Objects more than there were before the garbage collector looks at them: some batches
of claims. It finds nothing in them, for no message leaves a cycle, and by its usual 700
it looked five times a batch, and at all of the program now and then."""

_WRAPPER = partial(TextWrapper, break_on_hyphens=False, break_long_words=False)


class Voice(Console):
    """A console that says phrases in the language of the terminal."""

    def __init__(
        self,
        speech: Speech,
        *,
        no_color: bool | None,
        stderr: bool = False,
        soft_wrap: bool = False,
    ) -> None:
        super().__init__(
            highlight=False,
            emoji=False,  # ":memo:" in a subject is what its readers will get
            no_color=no_color,
            stderr=stderr,
            soft_wrap=soft_wrap,
        )
        self._speech = speech

    def tell(self, text: str, *, style: str = "", end: str = "\n") -> None:
        """Print *text* as it is, translated if it is a phrase; no markup is read in it.

        Sentences are broken at words for people. Lines that are set in, which are
        commands and samples to be copied, stay whole; so does all that a pipe reads.
        """
        for line in self._speech.said(text).split("\n"):
            # Rich would break at a no-break space, and begin a line with a colon.
            is_whole = line.startswith("  ") or not self.is_terminal
            words = line if is_whole else _WRAPPER(self.width).fill(line)
            self.print(Text(words, style=style), end=end, soft_wrap=True)


@dataclass(kw_only=True)
class Invocation:
    """The global options, and two consoles: data on stdout, everything else on stderr.

    Rich highlights nothing by itself: a number is a number, whatever it looks like.
    """

    folder: Path
    config: Path | None = None
    color: bool = True
    verbose: bool = False
    speech: Speech
    out: Voice = field(init=False)
    err: Voice = field(init=False)

    def __post_init__(self) -> None:
        no_color = True if not self.color else None
        self.out = Voice(self.speech, no_color=no_color, soft_wrap=True)
        self.err = Voice(self.speech, no_color=no_color, stderr=True)

    def said(self, text: str) -> str:
        """*text* in the language of the terminal, if it is a phrase."""
        return self.speech.said(text)

    @cached_property
    def house(self) -> House:
        """Settings loaded and everything wired, on first use."""
        from mailer.wiring import House

        house = House.open(config=self.config, start=self.folder, environ=os.environ)
        self.speech.folders = (house.loaded.root / "templates",)
        return house

    def today(self) -> date:
        """The local date of the site."""
        return self.house.today()

    def signers(self) -> Sequence[Signer]:
        """The keys that sign mail; what is wrong with them is said on the way."""
        signers = self.house.signers
        for warning in self.house.key_warnings:
            self.err.tell(say("warning: {warning}", warning=warning), style="yellow")
        return signers

    def stationery(self) -> Stationery:
        """What messages are written with; what is wrong with its keys is said."""
        self.signers()
        return self.house.stationery

    def print_json(self, value: object) -> None:
        """*value* on stdout, one document, never wrapped or coloured."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def confirm_count(self, count: int) -> None:
        """Have the operator type *count*; GuardError if they do not, or cannot."""
        if not sys.stdin.isatty():
            message = say("nobody is there to confirm")
            raise GuardError(
                message,
                hint=say("scripts pass --yes --expect {count}", count=str(count)),
            )
        typed = self._ask(say("Type the number of recipients to confirm: "))
        if "".join(typed.split()) != str(count):
            message = say(
                "you typed {typed}, the plan says {count}",
                typed=repr(typed),
                count=str(count),
            )
            raise GuardError(message, hint=say("nothing was sent"))

    def confirm(self, question: Phrase) -> None:
        """Ask a yes-or-no question; GuardError unless the answer is yes."""
        if not sys.stdin.isatty():
            message = say("nobody is there to confirm")
            raise GuardError(message, hint=say("scripts pass --yes"))
        answer = self._ask(say("{question} [y/N] ", question=question))
        known = {"y", "yes", *self.said(_YES).split()}
        if answer.strip().lower() not in known:
            message = say("not confirmed")
            raise GuardError(message, hint=say("nothing was changed"))

    def _ask(self, question: Phrase) -> str:
        """What is typed on one line; nothing if the input ends."""
        with leave_on_interrupt(), suppress(EOFError):
            return self.err.input(self.said(question), markup=False, emoji=False)
        self.err.print()
        return ""


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation a command runs in."""
    found = ctx.find_object(Invocation)
    if found is None:  # the callback of `main` always sets it
        raise LookupError(ctx.command_path)
    return found


def run_async(story: Coroutine[Any, Any, T], *, busy: bool = False) -> T:
    """Run *story* to its end in a fresh event loop; *busy*: messages go through it.

    That is uvloop where there is one: it takes a quarter off the CPU of a message in clear
    text, and is needed nowhere; what asks and shows does without its megabyte. And the
    garbage collector looks less often, for the life of the process.
    KeyboardInterrupt if somebody left in the middle (``drain_on_signals``).
    """
    import asyncio

    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None
    if busy:
        often, *later = gc.get_threshold()
        gc.set_threshold(max(often, _CROWD), *later)
        with suppress(ImportError):
            from uvloop import new_event_loop as new_loop
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(story)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
