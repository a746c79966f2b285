"""Checks of what the editor wrote: dates, headings, advertisers, links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from mailer.edition.blocks import Block, Box, Link, Only, Source, Sponsor, plain
from mailer.edition.model import Edition
from mailer.errors import Finding, Severity
from mailer.rendering.words import lines_of

_FRENCH = (
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
_ENGLISH = (
    "monday tuesday wednesday thursday friday saturday sunday",
    "january february march april may june july august september october november "
    "december",
)
_DAYS = {
    word: at for days, _ in (_FRENCH, _ENGLISH) for at, word in enumerate(days.split())
}
_MONTHS = {
    word: at
    for _, months in (_FRENCH, _ENGLISH)
    for at, word in enumerate(months.split(), 1)
}
_DAY = r"(?P<{}>\d{{1,2}})(?:er|st|nd|rd|th)?\b"
_MONTH = rf"(?P<{{}}>{'|'.join(_MONTHS)})"
_DATED = re.compile(
    rf"\b(?P<weekday>{'|'.join(_DAYS)}),?\s+"
    rf"(?:{_DAY.format('day')}\s+{_MONTH.format('month')}"
    rf"|{_MONTH.format('us_month')}\s+{_DAY.format('us_day')})"
    r"(?:,?\s+(?P<year>\d{4}))?\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"\b(TODO|XXX|FIXME|(?i:lorem ipsum))\b")
_GENERIC = frozenset(
    ["ici", "cliquez ici", "cliquer ici", "lire la suite", "here", "click here", "link"]
)
_SOON = timedelta(days=2)


def check_content(edition: Edition, *, today: date) -> Iterator[Finding]:
    """Findings about *edition* as written."""
    if edition.date < today:
        message = f"the edition is dated {edition.date}, which has passed"
        yield _warning("date-past", edition.at, message)
    if not (edition.preheader or edition.subtitle or edition.summary):
        message = "nothing stands beside the subject in the inbox"
        yield _warning("preheader-missing", edition.at, message, "give a preheader:")
    if not edition.sections and not edition.preface:
        yield _error("edition-empty", edition.at, "the edition has no text")
    titles = Counter(plain(section.title).casefold() for section in edition.sections)
    for section in edition.sections:
        title = plain(section.title)
        if titles[title.casefold()] > 1:
            message = f"two sections are called {title}"
            yield _warning("heading-repeat", section.at, message)
        if not section.blocks and not section.standfirst:
            yield _warning("section-empty", section.at, f"{title} is empty")
    for words in (edition.title, edition.subject, edition.subtitle, edition.preheader):
        yield from _check_words(words, edition.at, edition.date)
    for words in edition.summary:
        yield from _check_words(words, edition.at, edition.date)
    for section in edition.sections:
        for line in (section.title, section.strap, section.standfirst):
            yield from _check_words(plain(line), section.at, edition.date)
            yield from _check_links(line)
    for block in blocks_of(edition):
        yield from _check_block(block, edition)


def blocks_of(edition: Edition) -> Iterator[Block]:
    """Every block of *edition* that holds words of its own."""
    yield from _flat(edition.preface)
    for section in edition.sections:
        yield from _flat(section.blocks)


def _flat(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, (Box, Only, Sponsor)):
            yield from _flat(block.blocks)


def _check_block(block: Block, edition: Edition) -> Iterator[Finding]:
    if isinstance(block, Sponsor) and block.until:
        if block.until < edition.date:
            message = f"the offer of {block.by} ended on {block.until}"
            yield _error("sponsor-expired", block.at, message)
        elif block.until - edition.date < _SOON:
            message = f"the offer of {block.by} ends on {block.until}"
            yield _warning("sponsor-ends-soon", block.at, message)
    if isinstance(block, (Box, Only, Sponsor)):
        block = replace(block, blocks=())  # they are looked at by themselves
    for words in lines_of(block):
        yield from _check_words(words, block.at, edition.date)
    yield from _check_links(block)


def _check_words(words: str, at: Source, published: date) -> Iterator[Finding]:
    yield from _check_dates(words, at, published)
    if found := _UNFINISHED.search(words):
        yield _error("placeholder-left", at, f"unfinished: {found[0]}")


def _check_links(value: object) -> Iterator[Finding]:
    for link in _links(value):
        if plain(link.children).strip().casefold() in _GENERIC:
            message = f"“{plain(link.children)}” says nothing read alone"
            yield _warning("link-generic", link.at, message, "say what is there")


def _check_dates(words: str, at: Source, published: date) -> Iterator[Finding]:
    """A weekday beside a date must be that date's weekday."""
    for match in _DATED.finditer(words):
        day = int(match["day"] or match["us_day"])
        month = _MONTHS[(match["month"] or match["us_month"]).lower()]
        years = [int(match["year"])] if match["year"] else _near(published, month)
        try:
            dates = [date(year, month, day) for year in years]
        except ValueError:
            yield _error("date-weekday", at, f"there is no {match[0]}")
            continue
        if all(d.weekday() != _DAYS[match["weekday"].lower()] for d in dates):
            right = min(dates, key=lambda d: abs(d - published))
            message = f"weekday does not match: {match[0]} ({right:%A} {right})"
            yield _error("date-weekday", at, message)


def _near(published: date, month: int) -> list[int]:
    """The year of a date without one: the one that brings it nearest."""
    years = (published.year - 1, published.year, published.year + 1)
    return [min(years, key=lambda year: abs(date(year, month, 15) - published))]


def _links(value: object) -> Iterator[Link]:
    """Every link below *value*."""
    if isinstance(value, Link):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _links(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _links(getattr(value, name))


def _error(rule: str, at: Source, message: str, hint: str = "") -> Finding:
    return _finding(Severity.ERROR, rule, at, message, hint)


def _warning(rule: str, at: Source, message: str, hint: str = "") -> Finding:
    return _finding(Severity.WARNING, rule, at, message, hint)


def _finding(
    severity: Severity, rule: str, at: Source, message: str, hint: str
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        file=at.file,
        line=at.line,
        hint=hint,
    )
