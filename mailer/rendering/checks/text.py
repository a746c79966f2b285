"""Checks of the text: titles that repeat, sections without words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mailer.edition.blocks import plain
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.finding import error, warning
from mailer.rendering.checks.inspection import Inspection


def check_text(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the words of an edition."""
    edition = inspection.edition
    if not edition.sections and not edition.preface:
        yield error("edition-empty", edition.at, say("the edition has no text"))
    titles = Counter(plain(section.title).casefold() for section in edition.sections)
    for section in edition.sections:
        title = plain(section.title)
        if titles[title.casefold()] > 1:
            message = say("two sections are called {title}", title=title)
            yield warning("heading-repeat", section.at, message)
        if not section.blocks and not section.standfirst:
            yield warning(
                "section-empty", section.at, say("{title} is empty", title=title)
            )
