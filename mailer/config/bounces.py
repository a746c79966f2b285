"""``[bounces]``: where mail that comes back goes to, and how long we go on trying."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from mailer.config.retention import Kept
from mailer.config.table import Table
from mailer.config.values import DomainIfAny
from mailer.delivery.bounce.policy import Terms
from mailer.delivery.domain import read_domain
from mailer.delivery.return_path import BounceAddress

_Count = Annotated[int, Field(ge=0, le=1000)]


class Patience(Table):
    """``[publications.ID.bounces]``: what is otherwise for one publication."""

    hard: _Count | None = None
    soft: _Count | None = None
    soft_for: Kept = None
    refusals: bool | None = None


class Bounces(Table):
    """Where bounces come back to, and the patience of every publication."""

    domain: DomainIfAny = ""
    plus: bool = False
    hard: _Count = 1
    soft: _Count = 5
    soft_for: Kept = timedelta(days=60)
    refusals: bool = True

    @property
    def address(self) -> BounceAddress:
        """Where a return path may say whose message it was."""
        domain = read_domain(self.domain) if self.domain else ""
        return BounceAddress(domain=domain, plus=self.plus)

    def terms(self, own: Patience | None = None) -> Terms:
        """The patience of a publication that says *own*."""
        said = {} if own is None else own.model_dump(include=own.model_fields_set)
        ours = self.model_dump(include={"hard", "soft", "soft_for", "refusals"})
        return Terms(**(ours | said))
