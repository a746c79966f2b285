"""A weekday beside a date must be that date's weekday, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from mailer.edition.finding import error
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.passages import Passage

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


def check_days(passages: Iterable[Passage], *, published: date) -> Iterator[Finding]:
    """Findings about weekdays; a date without a year is the nearest to *published*."""
    for passage in passages:
        for match in _DATED.finditer(passage.text):
            yield from _judged(match, passage, published)


def _judged(
    match: re.Match[str], passage: Passage, published: date
) -> Iterator[Finding]:
    source, column = passage.at(match.start())
    day = int(match["day"] or match["us_day"])
    month = _MONTHS[(match["month"] or match["us_month"]).lower()]
    try:
        right = _nearest(match["year"], month, day, published)
    except ValueError:
        message = say("there is no {said}", said=match[0])
        yield error("date-weekday", source, message, column=column)
        return
    if right.weekday() != _DAYS[match["weekday"].lower()]:
        message = say(
            "weekday does not match: {said} is {right}",
            said=match[0].partition(" ")[2],
            right=right,
        )
        yield error("date-weekday", source, message, column=column)


def _nearest(year: str | None, month: int, day: int, published: date) -> date:
    """The date meant; ValueError if there is none. 29 February finds its leap year."""
    if year:
        return date(int(year), month, day)
    found = []
    for near in range(published.year - 1, published.year + 2):
        try:
            found.append(date(near, month, day))
        except ValueError:
            continue
    return min(found, key=lambda each: abs(each - published))
