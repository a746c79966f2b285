"""``[leaving]``: how an exit can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mailer.config.values import Duration
from mailer.reading import Table


@dataclass(frozen=True, kw_only=True)
class Leaving(Table):
    """For how long an exit is undone by one click, and whether a letter offers it."""

    undo: Duration = timedelta(days=30)
    letter: bool = True
