"""One call of the command line: where it stands, what it was told, how it speaks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

from mailer.cli.signals import leave_on_interrupt
from mailer.errors import EditionError, GuardError
from mailer.phrases import say

if TYPE_CHECKING:
    import typer

    from mailer.delivery.signer import Signer
    from mailer.wiring import House

T = TypeVar("T")


@dataclass(kw_only=True)
class Invocation:
    """The global options, and two consoles: data on stdout, everything else on stderr.

    Rich highlights nothing by itself: a number is a number, whatever it looks like.
    """

    folder: Path
    config: Path | None = None
    color: bool = True
    out: Console = field(init=False)
    err: Console = field(init=False)

    def __post_init__(self) -> None:
        no_color = True if not self.color else None
        self.out = Console(highlight=False, no_color=no_color, soft_wrap=True)
        self.err = Console(highlight=False, no_color=no_color, stderr=True)

    @cached_property
    def house(self) -> House:
        """Settings loaded and everything wired, on first use."""
        from mailer.wiring import House

        return House.open(config=self.config, start=self.folder, environ=os.environ)

    def today(self) -> date:
        """The local date of the site."""
        return self.house.today()

    def signers(self) -> Sequence[Signer]:
        """The keys that sign mail; what is wrong with them is said on the way."""
        signers = self.house.signers
        for warning in self.house.key_warnings:
            words = f"warning: {warning}"
            self.err.print(words, style="yellow", markup=False, soft_wrap=True)
        return signers

    def print_json(self, value: object) -> None:
        """*value* on stdout, one document, never wrapped or coloured."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def print_faults(self, error: EditionError) -> None:
        """Every fault of an edition on a line of its own, as editors' tools read them."""
        for finding in error.findings:
            self.err.print(str(finding), markup=False, soft_wrap=True)
        count = len(error.findings)
        self.err.print(f"{count} error{'s' * (count > 1)}, nothing was changed.")

    def confirm_count(self, count: int) -> None:
        """Have the operator type *count*; GuardError if they do not, or cannot."""
        if not sys.stdin.isatty():
            message = say("nobody is there to confirm")
            raise GuardError(
                message,
                hint=say("scripts pass --yes --expect {count}", count=str(count)),
            )
        typed = self._ask("Type the number of recipients to confirm: ")
        if "".join(typed.split()) != str(count):
            message = say(
                "you typed {typed}, the plan says {count}",
                typed=repr(typed),
                count=str(count),
            )
            raise GuardError(message, hint=say("nothing was sent"))

    def confirm(self, question: str) -> None:
        """Ask a yes-or-no question; GuardError unless the answer is yes."""
        if not sys.stdin.isatty():
            message = say("nobody is there to confirm")
            raise GuardError(message, hint=say("scripts pass --yes"))
        if self._ask(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
            message = say("not confirmed")
            raise GuardError(message, hint=say("nothing was changed"))

    def _ask(self, question: str) -> str:
        """What is typed on one line; nothing if the input ends."""
        with leave_on_interrupt(), suppress(EOFError):
            return self.err.input(question, markup=False)
        self.err.print()
        return ""


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation a command runs in."""
    found = ctx.find_object(Invocation)
    if found is None:  # the callback of `main` always sets it
        raise LookupError(ctx.command_path)
    return found


def run_async(story: Coroutine[Any, Any, T]) -> T:
    """Run *story* to its end in a fresh event loop."""
    import asyncio

    return asyncio.run(story)
