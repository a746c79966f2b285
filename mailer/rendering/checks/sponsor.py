"""Checks of advertisements: whose they are is the parser's, when they end is ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mailer.edition.blocks import Sponsor
from mailer.edition.finding import error, warning
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.links import links_of

_SOON = timedelta(days=2)


def check_sponsors(inspection: Inspection) -> Iterator[Finding]:
    """Findings about every offer."""
    for block in inspection.edition.every_block():
        if isinstance(block, Sponsor):
            yield from _check_end(block, inspection)
            yield from _check_link(block)


def _check_end(block: Sponsor, inspection: Inspection) -> Iterator[Finding]:
    day, until = inspection.edition.date, block.until
    if until is None:
        return
    at, column = inspection.column(block.at, "until=")
    if until < day:
        message = say("the offer of {by} ended on {until}", by=block.by, until=until)
        yield error("sponsor-expired", at, message, column=column)
    elif until - day < _SOON:
        message = say("the offer of {by} ends on {until}", by=block.by, until=until)
        yield warning("sponsor-ends-soon", at, message, column=column)


def _check_link(block: Sponsor) -> Iterator[Finding]:
    if "sponsored" not in block.rel.split():
        message = say("the links of {by} are not marked as paid for", by=block.by)
        yield warning("sponsor-link", block.at, message, say("rel=sponsored"))
    leads = block.href or any(links_of(block.blocks)) or _has_button(block)
    if not leads:
        message = say("the offer of {by} leads nowhere", by=block.by)
        hint = say('href="https://…" button="…"')
        yield warning("sponsor-link", block.at, message, hint)


def _has_button(block: Sponsor) -> bool:
    return any(getattr(inner, "href", "") for inner in block.blocks)
