"""Checks of polls; how many choices there must be is the parser's to say."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.blocks import Poll
from mailer.edition.finding import error, warning
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection


def check_polls(inspection: Inspection) -> Iterator[Finding]:
    """Findings about how long answers are taken."""
    day = inspection.edition.date
    for block in inspection.edition.every_block():
        if not isinstance(block, Poll):
            continue
        if block.until is None:
            message = say("the poll {id} never ends", id=block.id)
            hint = say("until=2026-03-18 is its last day")
            yield warning("poll-no-end", block.at, message, hint)
        elif block.until < day:
            at, column = inspection.column(block.at, "until=")
            message = say(
                "the poll {id} ended on {until}", id=block.id, until=block.until
            )
            yield error("poll-over", at, message, column=column)
