"""``[members]``: which programs may say who is a member, and what is assumed of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from mailer.config.values import Duration, DurationIfAny, FilePath, at_least, between
from mailer.reading import Table


@dataclass(frozen=True, kw_only=True)
class Stripe(Table):
    """How Stripe's events are taken in; without a secret they are not."""

    secret_file: FilePath = ""
    publication: str = ""
    grace: Duration = timedelta(days=3)
    one_time: DurationIfAny = None


@dataclass(frozen=True, kw_only=True)
class Members(Table):
    """Who may say that somebody is a member."""

    adds: bool = True
    secret_file: FilePath = ""
    api_token_file: FilePath = ""
    api_rate: Annotated[int, at_least(1)] = 20
    remind: DurationIfAny = None
    gift_days: Annotated[int, between(0, 366)] = 0
    stripe: Stripe = Stripe()
