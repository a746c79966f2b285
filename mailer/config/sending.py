"""``[send]``: how a run behaves, how patient it is, and what stops it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mailer.config.table import Table
from mailer.config.values import Duration, read_duration
from mailer.delivery.canary import NOBODY, Canary, read_canary
from mailer.errors import InputError
from mailer.phrases import say


def _canary(value: object) -> Canary:
    """``1%``, 50, or addresses, as a list or separated by commas."""
    if isinstance(value, Canary):
        return value
    words = value if isinstance(value, list | tuple) else str(value).split(",")
    try:
        return read_canary(map(str, words))
    except InputError as error:
        message = say("{reason}: {hint}", reason=error.message, hint=error.hint or "1%")
        raise ValueError(message) from error


def _patience(value: object) -> timedelta | None:
    return None if value is None or value == "" else read_duration(value)


CanarySize = Annotated[Canary, BeforeValidator(_canary)]
Patience = Annotated[timedelta | None, BeforeValidator(_patience)]


class Send(Table):
    """How a run behaves."""

    approval: Literal["required", "auto"] = "required"
    grace: Duration = timedelta(seconds=30)
    alarm_before: Duration = timedelta(hours=12)
    catch_up: Duration = timedelta(hours=24)
    in_doubt: Literal["hold", "resend"] = "hold"
    give_up_after: Patience = None
    retry: Annotated[tuple[Duration, ...], Field(min_length=1)] = (
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
    )
    linger: Duration = timedelta(minutes=1)
    max_failure_ratio: float = Field(default=0.02, ge=0, le=1)
    max_refusals_in_row: int = Field(default=20, ge=0)
    max_message_refusals: int = Field(default=10, ge=0)
    max_domain_refusals: int = Field(default=5, ge=0)
    domain_wait: Duration = timedelta(minutes=30)
    canary: CanarySize = NOBODY
    canary_wait: Duration = timedelta(minutes=10)
