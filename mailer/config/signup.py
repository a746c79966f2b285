"""``[signup]``: how many sign-ups are taken, so that nobody can flood a mailbox."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from mailer.config.table import Table
from mailer.config.values import Duration


class Signup(Table):
    """Requests in a rolling hour, day or 30 days; 0 is no limit.

    ``fill_time`` is how long somebody who is no program needs for the form, at least;
    ``work`` how many zero bits a browser has to find, 0 being no work at all.
    """

    address_daily: int = Field(default=1, ge=0)
    address_monthly: int = Field(default=3, ge=0)
    ip_hourly: int = Field(default=10, ge=0)
    network_hourly: int = Field(default=30, ge=0)
    domain_hourly: int = Field(default=200, ge=0)
    hourly: int = Field(default=500, ge=0)
    fill_time: Duration = timedelta(seconds=3)
    work: int = Field(default=0, ge=0, le=24)
