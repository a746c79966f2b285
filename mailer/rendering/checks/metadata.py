"""Checks of the front matter and the calendar: subject, preheader, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from mailer.edition.blocks import Source, plain
from mailer.edition.model import Edition
from mailer.edition.walk import Container
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.finding import error, warning
from mailer.rendering.checks.inspection import Inspection
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
_LONG_SUBJECT = 60  # more is cut on most screens


def check_metadata(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the front matter, and about dates wherever they stand."""
    edition = inspection.edition
    if edition.date < inspection.today:
        message = say(
            "the edition is dated {date}, which has passed", date=edition.date
        )
        yield error("date-past", edition.at, message)
    if not (edition.preheader or edition.subtitle or edition.summary):
        message = say("nothing stands beside the subject in the inbox")
        yield warning(
            "preheader-missing", edition.at, message, say("give a preheader:")
        )
    subject = edition.subject or edition.title
    if len(subject) > _LONG_SUBJECT:
        message = say("the subject has {count} characters", count=len(subject))
        yield warning("subject-long", edition.at, message, say("phones show about 40"))
    for words, at in _lines(edition):
        yield from _check_dates(words, at, edition.date)


def _lines(edition: Edition) -> Iterator[tuple[str, Source]]:
    """Every line of words with its place."""
    for words in (edition.title, edition.subject, edition.subtitle, edition.preheader):
        yield words, edition.at
    for words in edition.summary:
        yield words, edition.at
    for section in edition.sections:
        for line in (section.title, section.strap, section.standfirst):
            yield plain(line), section.at
    for block in edition.every_block():
        alone = block
        if isinstance(block, Container):
            alone = replace(block, blocks=())  # they come by themselves
        for words in lines_of(alone):
            yield words, block.at


def _check_dates(words: str, at: Source, published: date) -> Iterator[Finding]:
    """A weekday beside a date must be that date's weekday."""
    for match in _DATED.finditer(words):
        day = int(match["day"] or match["us_day"])
        month = _MONTHS[(match["month"] or match["us_month"]).lower()]
        years = [int(match["year"])] if match["year"] else _near(published, month)
        try:
            dates = [date(year, month, day) for year in years]
        except ValueError:
            yield error("date-weekday", at, say("there is no {said}", said=match[0]))
            continue
        if all(d.weekday() != _DAYS[match["weekday"].lower()] for d in dates):
            right = min(dates, key=lambda d: abs(d - published))
            message = say(
                "weekday does not match: {said} is {right}", said=match[0], right=right
            )
            yield error("date-weekday", at, message)


def _near(published: date, month: int) -> list[int]:
    """The year of a date without one: the one that brings it nearest."""
    years = (published.year - 1, published.year, published.year + 1)
    return [min(years, key=lambda year: abs(date(year, month, 15) - published))]
