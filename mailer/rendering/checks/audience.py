"""Checks of who reads what: no variant empty, nothing of members' for others."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.blocks import Box
from mailer.edition.finding import error, warning
from mailer.edition.model import Variant
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.leaks import check_leaks
from mailer.rendering.cut import cut
from mailer.rendering.words import words_of


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
    yield from _check_teasers(inspection)
    yield from check_leaks(inspection.frozen)


def _check_teasers(inspection: Inspection) -> Iterator[Finding]:
    """A promise to those who become members must be kept in the same edition."""
    edition = inspection.edition
    teasers = [
        block
        for block in edition.every_block()
        if isinstance(block, Box) and block.name == "teaser"
    ]
    if not teasers:
        return
    variants = {r.variant for r in inspection.frozen.renderings}
    theirs = set(words_of(cut(edition, Variant.MEMBER)))
    has_more = bool(theirs - set(words_of(cut(edition, Variant.FREE))))
    if Variant.MEMBER not in variants or not has_more:
        message = say("members are promised more, and get nothing more")
        hint = say("<!--members--> in a section, or ::: only member")
        yield warning("teaser-without-members", teasers[0].at, message, hint)
