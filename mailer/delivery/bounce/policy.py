"""When a reader who bounces is written to no more: a pure rule over what came back.

A complaint is a word, and is taken at once. A hard bounce says that the address is gone,
and counts by itself; a soft one says nothing alone: it takes a row of editions that all
came back, or one that lasts. What is our fault (a block, a policy, a message too big)
says nothing about the reader and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.delivery.bounce.model import Kind, Reason
from mailer.delivery.bounce.words import spoken
from mailer.phrases import Phrase, say, say_many


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The patience of a publication.

    ``hard`` editions in a row with a hard bounce, ``soft`` that came back at all, or a
    row of those that has lasted ``soft_for``. 0, or None, never tires.
    """

    hard: int = 1
    soft: int = 5
    soft_for: timedelta | None = timedelta(days=60)
    refusals: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that came back about one edition; ``said`` is one line of who reports."""

    edition: str
    kind: Kind
    reason: Reason
    at: datetime
    said: str = ""


class Action(StrEnum):
    """What is done about a reader."""

    KEEP = "keep"
    SUPPRESS = "suppress"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is done, why, and the incidents that it rests on."""

    action: Action
    words: Phrase
    rests_on: tuple[Incident, ...] = ()


def rule(incidents: Sequence[Incident], *, sent: Sequence[str], terms: Terms) -> Ruling:
    """What the *incidents* of one reader of one publication, oldest first, come to.

    *sent* are the editions that were handed over to them, oldest first: one that did not
    come back ends a row. Those after the newest incident may still come back, and do not.
    """
    complaints = [each for each in incidents if each.kind is Kind.COMPLAINT]
    if complaints:
        last = complaints[-1]
        words = say("complained of {edition}", edition=last.edition)
        return Ruling(action=Action.LEAVE, words=words, rests_on=(last,))
    counted = [each for each in incidents if _counts(each)]
    if not counted:
        words = say("it is not the reader's fault, and counts for nothing")
        if not incidents:
            words = say("nothing came back")
        return Ruling(action=Action.KEEP, words=words, rests_on=tuple(incidents[-1:]))
    row = _row(counted, sent)
    return _tired(row, terms)


def _tired(row: list[Incident], terms: Terms) -> Ruling:
    """What a row of incidents, of editions that all came back, comes to."""
    hard = [each for each in row if each.kind is Kind.HARD]
    failed, all_failed = _editions(hard), _editions(row)
    last = row[-1]
    if terms.hard and len(failed) >= terms.hard:
        words = say_many(
            "{count} edition says that the address is gone: {reason}",
            "{count} editions say that the address is gone: {reason}",
            len(failed),
            reason=spoken(hard[-1].reason),
        )
        return Ruling(action=Action.SUPPRESS, words=words, rests_on=tuple(hard))
    if terms.soft and len(all_failed) >= terms.soft:
        words = say_many(
            "{count} edition came back: {reason}",
            "{count} editions in a row came back, the last: {reason}",
            len(all_failed),
            reason=spoken(last.reason),
        )
        return Ruling(action=Action.SUPPRESS, words=words, rests_on=tuple(row))
    lasted = last.at - row[0].at
    if terms.soft_for is not None and len(all_failed) > 1 and lasted >= terms.soft_for:
        words = say_many(
            "everything has come back for {count} day: {reason}",
            "everything has come back for {count} days: {reason}",
            lasted.days,
            reason=spoken(last.reason),
        )
        return Ruling(action=Action.SUPPRESS, words=words, rests_on=tuple(row))
    most = terms.hard if last.kind is Kind.HARD else terms.soft
    count = len(failed if last.kind is Kind.HARD else all_failed)
    words = say("counted: {count} of {most}", count=count, most=most)
    if not most:
        words = say("counted, and nothing follows from it")
    return Ruling(action=Action.KEEP, words=words, rests_on=tuple(row))


def _counts(incident: Incident) -> bool:
    if incident.kind is Kind.HARD:
        return True
    return incident.kind is Kind.SOFT and not incident.reason.is_ours


def _row(counted: Sequence[Incident], sent: Sequence[str]) -> list[Incident]:
    """The newest incidents whose editions all came back, one after the other.

    What names no edition that we know of is in every row: it came back all the same.
    """
    came_back = {each.edition for each in counted}
    newest = max(
        (at for at, edition in enumerate(sent) if edition in came_back), default=-1
    )
    row: set[str] = set()
    for edition in reversed(sent[: newest + 1]):
        if edition not in came_back:
            break
        row.add(edition)
    known = set(sent)
    return [
        each for each in counted if each.edition in row or each.edition not in known
    ]


def _editions(incidents: Sequence[Incident]) -> dict[str, None]:
    """The editions of *incidents*; those without one count as one."""
    return dict.fromkeys(each.edition for each in incidents)
