"""How the daemon keeps watch: how often it looks, and where commands find it."""

from __future__ import annotations

from datetime import timedelta

from pydantic import field_validator

from mailer.config.table import Table
from mailer.config.values import Duration, FilePath
from mailer.phrases import say

_SHORTEST = timedelta(milliseconds=100)
_LONGEST = timedelta(minutes=5)


class Daemon(Table):
    """How ``mailer run`` keeps watch."""

    tick: Duration = timedelta(seconds=15)
    socket: FilePath = ""

    @field_validator("tick")
    @classmethod
    def _a_tick_is_felt(cls, tick: timedelta) -> timedelta:
        if not _SHORTEST <= tick <= _LONGEST:
            message = say("write between 100ms and 5m")
            raise ValueError(message)
        return tick
