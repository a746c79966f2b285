"""``[signup]``: how many sign-ups are taken, so that nobody can flood a mailbox."""

from __future__ import annotations

from pydantic import Field

from mailer.config.table import Table


class Signup(Table):
    """Requests in a rolling hour, day or 30 days; 0 is no limit."""

    address_daily: int = Field(default=1, ge=0)
    address_monthly: int = Field(default=3, ge=0)
    ip_hourly: int = Field(default=10, ge=0)
    network_hourly: int = Field(default=30, ge=0)
    domain_hourly: int = Field(default=200, ge=0)
    hourly: int = Field(default=500, ge=0)
