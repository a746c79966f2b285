"""``[retention]``: how long what we know of people is kept; ``""`` is for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from mailer.config.values import read_duration
from mailer.reading import Before, Table


def _kept(value: object) -> timedelta | None:
    return None if value is None or value == "" else read_duration(value)


Kept = Annotated[timedelta | None, Before(_kept)]


@dataclass(frozen=True, kw_only=True)
class Retention(Table):
    """What the daemon forgets by itself, once a day."""

    replies: Kept = timedelta(days=90)
    unconfirmed: Kept = timedelta(days=7)
    left: Kept = timedelta(days=3 * 365)
    measured: Kept = timedelta(days=395)
