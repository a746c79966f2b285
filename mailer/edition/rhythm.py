"""How often a publication appears, in the words of a page: *Every Saturday*."""

from __future__ import annotations

from mailer.edition.calendar import Rule, read_schedule
from mailer.phrases import NOTHING, Phrase, say

_DAYS = (
    say("Monday"),
    say("Tuesday"),
    say("Wednesday"),
    say("Thursday"),
    say("Friday"),
    say("Saturday"),
    say("Sunday"),
)
_WORKING = {0, 1, 2, 3, 4}


def rhythm(schedule: str) -> Phrase:
    """*schedule* without its hours; nothing where few words cannot say it."""
    rules = read_schedule(schedule)
    days = sorted({rule.weekday for rule in rules})
    if len(rules) == 1:
        return _one(rules[0])
    if not rules or any(rule.nth or rule.since for rule in rules):
        return NOTHING
    if len(days) == len(_DAYS):
        return say("Every day")
    if set(days) == _WORKING:
        return say("From Monday to Friday")
    listed = _DAYS[days[0]]
    for day in days[1:-1]:
        listed = say("{days}, {day}", days=listed, day=_DAYS[day])
    return say("Every {days} and {day}", days=listed, day=_DAYS[days[-1]])


def _one(rule: Rule) -> Phrase:
    day = _DAYS[rule.weekday]
    if rule.since is not None:
        return say("Every other {day}", day=day)
    match rule.nth:
        case 1:
            return say("The first {day} of the month", day=day)
        case 2:
            return say("The second {day} of the month", day=day)
        case 3:
            return say("The third {day} of the month", day=day)
        case 4:
            return say("The fourth {day} of the month", day=day)
        case -1:
            return say("The last {day} of the month", day=day)
    return say("Every {day}", day=day)
