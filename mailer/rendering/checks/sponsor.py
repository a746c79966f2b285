"""Checks of advertisements: whose they are is the parser's, when they end is ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mailer.edition.blocks import Sponsor
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.finding import error, warning
from mailer.rendering.checks.inspection import Inspection

_SOON = timedelta(days=2)


def check_sponsors(inspection: Inspection) -> Iterator[Finding]:
    """Findings about every offer."""
    edition = inspection.edition
    for block in edition.every_block():
        if not isinstance(block, Sponsor) or block.until is None:
            continue
        if block.until < edition.date:
            message = say(
                "the offer of {by} ended on {until}", by=block.by, until=block.until
            )
            yield error("sponsor-expired", block.at, message)
        elif block.until - edition.date < _SOON:
            message = say(
                "the offer of {by} ends on {until}", by=block.by, until=block.until
            )
            yield warning("sponsor-ends-soon", block.at, message)
