"""Checks of who reads what: no variant empty, nothing of members' for others."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.model import Variant
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.finding import error
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.leaks import check_leaks
from mailer.rendering.cut import cut


def check_audience(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the variants of an edition beside one another."""
    for rendering in inspection.frozen.renderings:
        if rendering.variant is Variant.FEED:
            continue
        shown = cut(inspection.edition, rendering.variant)
        if not shown.preface and not shown.sections:
            message = say(
                "{variant}: nothing is left to read", variant=rendering.variant
            )
            hint = say("give these readers something, or leave their variant out")
            yield error("variant-empty", inspection.at, message, hint)
    yield from check_leaks(inspection.frozen)
