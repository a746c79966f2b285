"""Checks of polls; how many choices there must be is the parser's to say."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.blocks import Poll
from mailer.edition.finding import warning
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection


def check_polls(inspection: Inspection) -> Iterator[Finding]:
    """Findings about how long answers are taken."""
    for block in inspection.edition.every_block():
        if isinstance(block, Poll) and block.until is None:
            message = say("the poll {id} never ends", id=block.id)
            hint = say("until=2026-03-18 is its last day")
            yield warning("poll-no-end", block.at, message, hint)
