"""``[bounces]``: where mail that comes back goes to, and how long we go on trying."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Annotated

from mailer.config.values import DomainIfAny, DurationIfAny, between, read_duration
from mailer.delivery.bounce.policy import Terms
from mailer.delivery.domain import read_domain
from mailer.delivery.return_path import BounceAddress
from mailer.reading import Before, Table

_Count = Annotated[int, between(0, 1000)]


class Never(Enum):
    """A row that may last for ever, which is written ``""``; None is what is not said."""

    NEVER = ""

    def __str__(self) -> str:
        return self.value


def _lasting(value: object) -> object:
    return Never.NEVER if value == "" else read_duration(value)


@dataclass(frozen=True, kw_only=True)
class Patience(Table):
    """``[publications.ID.bounces]``: what is otherwise for one publication."""

    hard: _Count | None = None
    soft: _Count | None = None
    soft_for: Annotated[timedelta | Never | None, Before(_lasting)] = None
    refusals: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Bounces(Table):
    """Where bounces come back to, and the patience of every publication."""

    domain: DomainIfAny = ""
    plus: bool = False
    hard: _Count = 1
    soft: _Count = 5
    soft_for: DurationIfAny = timedelta(days=60)
    refusals: bool = True

    @property
    def address(self) -> BounceAddress:
        """Where a return path may say whose message it was."""
        domain = read_domain(self.domain) if self.domain else ""
        return BounceAddress(domain=domain, plus=self.plus)

    def terms(self, own: Patience | None = None) -> Terms:
        """The patience of a publication that says *own*."""
        own = own or Patience()
        soft_for = self.soft_for if own.soft_for is None else own.soft_for
        return Terms(
            hard=self.hard if own.hard is None else own.hard,
            soft=self.soft if own.soft is None else own.soft,
            soft_for=None if isinstance(soft_for, Never) else soft_for,
            refusals=self.refusals if own.refusals is None else own.refusals,
        )
