"""A segment: a rule over subscribers, as a tree that can be read, written and obeyed.

The tree is what ``expression`` reads and what ``store.ledger.segments`` says in SQL. What it
means stands here, in ``matches``: the database must agree.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from mailer.audience.address import domain_of
from mailer.audience.subscriber import Tier

EVERYBODY = "everybody"
"""The rule that leaves nobody out, in words."""


WORD = re.compile(r"""[^\s()<>=!:,"']+""")
"""What needs no quotation marks."""

KEYWORDS = frozenset({"and", "or", "not", "in", "within", EVERYBODY})
"""Words of the language itself."""


class Trait(StrEnum):
    """What a subscriber has one or several of, by name."""

    TIER = "tier"
    LANGUAGE = "language"
    DOMAIN = "domain"
    PUBLICATION = "publication"
    TAG = "tag"


class Moment(StrEnum):
    """What happened on a day: the last time, where it may happen again."""

    JOINED = "joined"
    VOTED = "voted"
    REPLIED = "replied"
    CLICKED = "clicked"


class Count(StrEnum):
    """How often a subscriber did something in this publication."""

    VOTES = "votes"
    REPLIES = "replies"
    CLICKS = "clicks"


class Sign(StrEnum):
    """How two values of an order are compared."""

    LESS = "<"
    AT_MOST = "<="
    EQUAL = "="
    AT_LEAST = ">="
    MORE = ">"


DEEDS = {
    Moment.VOTED: Count.VOTES,
    Moment.REPLIED: Count.REPLIES,
    Moment.CLICKED: Count.CLICKS,
}
"""What is counted, and when it happened last."""


@dataclass(frozen=True, slots=True)
class Everybody:
    """Leaves nobody out."""

    def __str__(self) -> str:
        return EVERYBODY


@dataclass(frozen=True, slots=True)
class Has:
    """True for who has one of *values*; a domain may be ``*.gouv.fr``."""

    trait: Trait
    values: tuple[str, ...]

    def __str__(self) -> str:
        said = [_quoted(value) for value in self.values]
        if len(said) == 1:
            return f"{self.trait} = {said[0]}"
        return f"{self.trait} in ({', '.join(said)})"


@dataclass(frozen=True, slots=True)
class On:
    """True where *moment* stands so to *day*; never where it did not happen."""

    moment: Moment
    sign: Sign
    day: date

    def __str__(self) -> str:
        return f"{self.moment} {self.sign} {self.day.isoformat()}"


@dataclass(frozen=True, slots=True)
class Within:
    """True where *moment* lies in the last *days* times 24 hours."""

    moment: Moment
    days: int

    def __str__(self) -> str:
        return f"{self.moment} within {self.days} days"


@dataclass(frozen=True, slots=True)
class Counted:
    """True where *count* stands so to *number*."""

    count: Count
    sign: Sign
    number: int

    def __str__(self) -> str:
        return f"{self.count} {self.sign} {self.number}"


@dataclass(frozen=True, slots=True)
class Not:
    """True where *part* is not."""

    part: Rule

    def __str__(self) -> str:
        return f"not {_inside(self.part)}"


@dataclass(frozen=True, slots=True)
class And:
    """True where all of *parts* are."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        return " and ".join(map(_inside, self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """True where one of *parts* is."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        return " or ".join(map(_inside, self.parts))


Rule = Everybody | Has | On | Within | Counted | Not | And | Or
"""A segment's tree; its text is the segment in one spelling, names spelt out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subscriber of one publication as a segment sees them.

    ``tier`` is what they read as now, ``language`` theirs or the publication's. ``deeds``
    are the moments at which they voted, replied or clicked there.
    """

    email: str
    tier: Tier
    joined: datetime
    language: str
    publications: Collection[str] = ()
    tags: Collection[str] = ()
    deeds: Mapping[Count, Collection[datetime]] = field(default_factory=dict)


def matches(rule: Rule, person: Person, *, now: datetime, zone: ZoneInfo) -> bool:
    """Whether *person* is in the segment; days begin at midnight in *zone*."""
    match rule:
        case Everybody():
            return True
        case Has():
            return _has(rule, person)
        case On():
            return any(_stands(rule, when, zone) for when in _last(rule, person))
        case Within():
            since = now - timedelta(days=rule.days)
            return any(since < when <= now for when in _last(rule, person))
        case Counted():
            number = len(person.deeds.get(rule.count, ()))
            return _compared(number, rule.sign, rule.number)
        case Not():
            return not matches(rule.part, person, now=now, zone=zone)
        case And():
            return all(matches(p, person, now=now, zone=zone) for p in rule.parts)
        case Or():
            return any(matches(p, person, now=now, zone=zone) for p in rule.parts)
    assert_never(rule)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of *day* in *zone*, and that of the day after."""
    midnight = datetime.combine(day, time(), zone)
    return midnight, datetime.combine(day + timedelta(days=1), time(), zone)


def uses(rule: Rule) -> frozenset[Trait | Moment | Count]:
    """Everything about people that *rule* asks for."""
    match rule:
        case Everybody():
            return frozenset()
        case Has():
            return frozenset({rule.trait})
        case On() | Within():
            return frozenset({rule.moment})
        case Counted():
            return frozenset({rule.count})
        case Not():
            return uses(rule.part)
        case And() | Or():
            return frozenset[Trait | Moment | Count]().union(*map(uses, rule.parts))
    assert_never(rule)


def _has(rule: Has, person: Person) -> bool:
    match rule.trait:
        case Trait.TIER:
            return person.tier in rule.values
        case Trait.LANGUAGE:
            return person.language in rule.values
        case Trait.PUBLICATION:
            return not set(rule.values).isdisjoint(person.publications)
        case Trait.TAG:
            return not set(rule.values).isdisjoint(person.tags)
        case Trait.DOMAIN:
            theirs = domain_of(person.email)
            return any(_is_at(theirs, domain) for domain in rule.values)
    assert_never(rule.trait)


def _is_at(domain: str, said: str) -> bool:
    """Whether *domain* is what was *said*: itself, or below ``*.gouv.fr``."""
    return domain.endswith(said[1:]) if said.startswith("*") else domain == said


def _last(rule: On | Within, person: Person) -> Collection[datetime]:
    """When it happened, the last time; nothing where it never did."""
    if rule.moment is Moment.JOINED:
        return (person.joined,)
    done = person.deeds.get(DEEDS[rule.moment], ())
    return (max(done),) if done else ()


def _stands(rule: On, when: datetime, zone: ZoneInfo) -> bool:
    begins, ends = bounds(rule.day, zone)
    match rule.sign:
        case Sign.LESS:
            return when < begins
        case Sign.AT_MOST:
            return when < ends
        case Sign.EQUAL:
            return begins <= when < ends
        case Sign.AT_LEAST:
            return when >= begins
        case Sign.MORE:
            return when >= ends
    assert_never(rule.sign)


def _compared(number: int, sign: Sign, other: int) -> bool:
    match sign:
        case Sign.LESS:
            return number < other
        case Sign.AT_MOST:
            return number <= other
        case Sign.EQUAL:
            return number == other
        case Sign.AT_LEAST:
            return number >= other
        case Sign.MORE:
            return number > other
    assert_never(sign)


def _inside(rule: Rule) -> str:
    return f"({rule})" if isinstance(rule, And | Or) else str(rule)


def _quoted(value: str) -> str:
    """*value* as it is written: bare where it is one plain word."""
    if WORD.fullmatch(value) and value.casefold() not in KEYWORDS:
        return value
    return '"' + value.replace('"', '""') + '"'
