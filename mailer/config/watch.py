"""How the daemon keeps watch: how often it looks, and where commands find it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from mailer.config.values import Duration, FilePath
from mailer.phrases import say
from mailer.reading import After, Table

_SHORTEST = timedelta(milliseconds=100)
_LONGEST = timedelta(minutes=5)


def _felt(tick: timedelta) -> timedelta:
    if not _SHORTEST <= tick <= _LONGEST:
        message = say("write between 100ms and 5m")
        raise ValueError(message)
    return tick


@dataclass(frozen=True, kw_only=True)
class Daemon(Table):
    """How ``mailer run`` keeps watch."""

    tick: Annotated[Duration, After(_felt)] = timedelta(seconds=15)
    socket: FilePath = ""
