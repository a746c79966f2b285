"""``[retention]``: how long what we know of people is kept; ``""`` is for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mailer.config.values import DurationIfAny
from mailer.reading import Table


@dataclass(frozen=True, kw_only=True)
class Retention(Table):
    """What the daemon forgets by itself, once a day."""

    replies: DurationIfAny = timedelta(days=90)
    unconfirmed: DurationIfAny = timedelta(days=7)
    left: DurationIfAny = timedelta(days=3 * 365)
    measured: DurationIfAny = timedelta(days=395)
