"""``[send]``: how a run behaves, how patient it is, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from mailer.config.values import NOT_EMPTY, Duration, DurationIfAny, at_least, between
from mailer.delivery.canary import NOBODY, Canary, read_canary
from mailer.errors import InputError
from mailer.phrases import say
from mailer.reading import Before, Table


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


CanarySize = Annotated[Canary, Before(_canary)]


@dataclass(frozen=True, kw_only=True)
class Send(Table):
    """How a run behaves."""

    approval: Literal["required", "auto"] = "required"
    grace: Duration = timedelta(seconds=30)
    alarm_before: Duration = timedelta(hours=12)
    catch_up: Duration = timedelta(hours=24)
    in_doubt: Literal["hold", "resend"] = "hold"
    give_up_after: DurationIfAny = None
    retry: Annotated[tuple[Duration, ...], NOT_EMPTY] = (
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
    )
    linger: Duration = timedelta(minutes=1)
    max_failure_ratio: Annotated[float, between(0, 1)] = 0.02
    max_refusals_in_row: Annotated[int, at_least(0)] = 20
    max_message_refusals: Annotated[int, at_least(0)] = 10
    max_domain_refusals: Annotated[int, at_least(0)] = 5
    domain_wait: Duration = timedelta(minutes=30)
    canary: CanarySize = NOBODY
    canary_wait: Duration = timedelta(minutes=10)
