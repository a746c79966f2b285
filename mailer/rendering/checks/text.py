"""Checks of the text: titles, empty sections, slips of the hand, names, spelling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from mailer.edition.blocks import (
    Block,
    Box,
    Only,
    Source,
    Sponsor,
    Story,
    Subhead,
    plain,
)
from mailer.edition.finding import error, warning
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.spelling import check_spelling
from mailer.rendering.checks.terms import check_terms
from mailer.rendering.checks.typos import check_typos

_GAP = re.compile(r"\bTODO\b")  # told by `placeholder-left`, each by itself


def check_text(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the words of an edition."""
    edition = inspection.edition
    if not edition.sections and not edition.preface:
        yield error("edition-empty", edition.at, say("the edition has no text"))
    titles = Counter(plain(section.title).casefold() for section in edition.sections)
    for section in edition.sections:
        title = plain(section.title)
        if titles[title.casefold()] > 1 and not _GAP.search(title):
            message = say("two sections are called {title}", title=title)
            yield warning("heading-repeat", section.at, message)
        if not section.blocks and not section.standfirst:
            message = say("{title} is empty", title=title)
            yield warning("section-empty", section.at, message)
    for at in _skips(edition.preface, level=1):
        message = say("a heading skips a level: nothing of level # is above it")
        yield warning("heading-skip", at, message, say("begin a section with #"))
    yield from check_typos(inspection.passages, lang=inspection.lang)
    yield from check_terms(inspection.passages, lang=inspection.lang)
    if spelling := inspection.surroundings.spelling:
        yield from check_spelling(
            inspection.passages, spelling, lang=inspection.lang, at=inspection.at
        )


def _skips(blocks: Sequence[Block], *, level: int) -> Iterator[Source]:
    """Stories and sub-heads right under the title of the edition.

    Inside a section there is nothing to skip: both are one level below it.
    """
    for block in blocks:
        match block:
            case Story() | Subhead() if level < 2:
                yield block.at
            case Box() | Sponsor():
                yield from _skips(block.blocks, level=2 if block.title else level)
            case Only():
                yield from _skips(block.blocks, level=level)
