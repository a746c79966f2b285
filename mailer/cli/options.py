"""Options that mean the same wherever they stand, and how what is typed there is read."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.errors import InputError
from mailer.phrases import did_you_mean, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.cli.invocation import Invocation

PublicationOption = Annotated[
    str | None,
    typer.Option("--publication", "-p", help="Its id; needless if there is only one."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
OfPublicationOption = Annotated[
    str, typer.Option("--publication", "-p", help="Of this publication.")
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1)]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run or an edition.")]
_AGO = re.compile(r"\d+\s*[smhd]")


def read_word(typed: str, known: Sequence[str]) -> str:
    """The word of a closed set that somebody *typed*; InputError names the others."""
    name = typed.strip().lower()
    if name not in known:
        message = say("there is no {name}", name=repr(typed))
        there = say("there are: {names}", names=", ".join(known))
        raise InputError(message, hint=did_you_mean(name, known) or there)
    return name


def read_domain_option(text: str) -> str:
    """The domain as addresses have it: ``@Orange.fr`` is ``orange.fr``."""
    from mailer.audience.address import domain_of, read_address

    typed = text.strip().removeprefix("@")
    return domain_of(read_address(f"a@{typed}")) if typed else ""


def read_moment(call: Invocation, text: str) -> datetime | None:
    """So long ago, or a day or hour on the site's clock."""
    typed = text.strip()
    if not typed:
        return None
    if _AGO.fullmatch(typed):
        from mailer.config.values import read_duration

        return call.house.clock.now() - read_duration(typed)
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        message = say("{text} is no moment", text=repr(text))
        hint = say("write 2h, 3d, 2026-03-14 or 2026-03-14T07:00")
        raise InputError(message, hint=hint) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=call.house.zone)
