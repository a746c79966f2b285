"""``[signup]``: how many sign-ups are taken, so that nobody can flood a mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from mailer.config.values import Duration, at_least, between
from mailer.reading import Table


@dataclass(frozen=True, kw_only=True)
class Signup(Table):
    """Requests in a rolling hour, day or 30 days; 0 is no limit.

    ``fill_time`` is how long somebody who is no program needs for the form, at least;
    ``work`` how many zero bits a browser has to find, 0 being no work at all.
    """

    address_daily: Annotated[int, at_least(0)] = 1
    address_monthly: Annotated[int, at_least(0)] = 3
    ip_hourly: Annotated[int, at_least(0)] = 10
    network_hourly: Annotated[int, at_least(0)] = 30
    domain_hourly: Annotated[int, at_least(0)] = 200
    hourly: Annotated[int, at_least(0)] = 500
    fill_time: Duration = timedelta(seconds=3)
    work: Annotated[int, between(0, 24)] = 0
