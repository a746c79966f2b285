"""``[bounces]``: where mail that comes back goes to, and how it tells whose it was."""

from __future__ import annotations

from mailer.config.table import Table
from mailer.config.values import DomainIfAny
from mailer.delivery.domain import read_domain
from mailer.delivery.return_path import BounceAddress


class Bounces(Table):
    """Where bounces come back to."""

    domain: DomainIfAny = ""
    plus: bool = False

    @property
    def address(self) -> BounceAddress:
        """Where a return path may say whose message it was."""
        domain = read_domain(self.domain) if self.domain else ""
        return BounceAddress(domain=domain, plus=self.plus)
