"""``[leaving]``: how an exit can be taken back."""

from __future__ import annotations

from datetime import timedelta

from mailer.config.table import Table
from mailer.config.values import Duration


class Leaving(Table):
    """For how long an exit is undone by one click, and whether a letter offers it."""

    undo: Duration = timedelta(days=30)
    letter: bool = True
