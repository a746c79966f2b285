"""A segment as SQL: what ``audience.segment.matches`` says of one, asked of all.

Nothing a segment holds becomes text of a statement: values are parameters. What people
have several of is looked up once for a statement, not once for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from mailer.audience.segment import (
    DEEDS,
    And,
    Count,
    Counted,
    Everybody,
    Has,
    Moment,
    Not,
    On,
    Or,
    Rule,
    Sign,
    Trait,
    Within,
    bounds,
)
from mailer.audience.subscriber import Standing, Tier
from mailer.edition.model import Publication
from mailer.store.schema import answer, measured, subscriber, subscription, tag, vote


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a segment is asked for: one publication, at one moment."""

    publication: Publication
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """Whose days count."""
        return ZoneInfo(self.publication.timezone)

    @property
    def lang(self) -> str:
        """What who chose no language reads."""
        return self.publication.lang


def in_segment(rule: Rule, place: Place) -> ColumnElement[bool]:
    """True for a row of subscriber and subscription that is in the segment."""
    match rule:
        case Everybody():
            return true()
        case Has():
            return _has(rule, place)
        case On():
            return _on(rule, place)
        case Within():
            return _within(rule, place)
        case Counted():
            return _counted(rule, place)
        case Not():
            return not_(in_segment(rule.part, place))
        case And():
            return and_(*(in_segment(part, place) for part in rule.parts))
        case Or():
            return or_(*(in_segment(part, place) for part in rule.parts))
    assert_never(rule)


def reads_as_member(day: date) -> ColumnElement[bool]:
    """``Subscription.tier_on(day)`` is that of a member, as SQL."""
    return (subscription.c.tier == Tier.MEMBER) & (
        subscription.c.until.is_(None) | (subscription.c.until >= day)
    )


def _has(rule: Has, place: Place) -> ColumnElement[bool]:
    person = subscriber.c.id
    match rule.trait:
        case Trait.TIER:
            member = reads_as_member(place.now.astimezone(place.zone).date())
            wanted = set(rule.values)
            return or_(
                member if Tier.MEMBER in wanted else false(),
                not_(member) if Tier.FREE in wanted else false(),
            )
        case Trait.LANGUAGE:
            own = func.coalesce(func.nullif(subscriber.c.lang, ""), place.lang)
            return own.in_(rule.values)
        case Trait.PUBLICATION:
            taken = subscription.alias()
            return person.in_(
                select(taken.c.subscriber_id)
                .where(taken.c.publication.in_(rule.values))
                .where(taken.c.standing == Standing.ACTIVE)
            )
        case Trait.TAG:
            return person.in_(
                select(tag.c.subscriber_id).where(tag.c.tag.in_(rule.values))
            )
        case Trait.DOMAIN:
            key = subscriber.c.email_key
            return or_(
                *(
                    key.endswith(value.removeprefix("*"), autoescape=True)
                    if value.startswith("*")
                    else key.endswith(f"@{value}", autoescape=True)
                    for value in rule.values
                )
            )
    assert_never(rule.trait)


def _on(rule: On, place: Place) -> ColumnElement[bool]:
    begins, ends = bounds(rule.day, place.zone)
    match rule.sign:
        case Sign.LESS:
            return _last(rule.moment, place, before=begins)
        case Sign.AT_MOST:
            return _last(rule.moment, place, before=ends)
        case Sign.EQUAL:
            return _last(rule.moment, place, since=begins, before=ends)
        case Sign.AT_LEAST:
            return _last(rule.moment, place, since=begins)
        case Sign.MORE:
            return _last(rule.moment, place, since=ends)
    assert_never(rule.sign)


def _within(rule: Within, place: Place) -> ColumnElement[bool]:
    instant = timedelta(microseconds=1)
    since = place.now - timedelta(days=rule.days) + instant
    return _last(rule.moment, place, since=since, before=place.now + instant)


def _last(
    moment: Moment,
    place: Place,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
) -> ColumnElement[bool]:
    """True where it happened last in this span: from *since*, *before* that."""
    if moment is Moment.JOINED:
        return _between(subscription.c.since, since, before)
    done = _deeds(DEEDS[moment], place).subquery()
    last = func.max(done.c.at, type_=done.c.at.type)
    return subscriber.c.id.in_(
        select(done.c.subscriber_id)
        .group_by(done.c.subscriber_id)
        .having(_between(last, since, before))
    )


def _between(
    when: ColumnElement[Any], since: datetime | None, before: datetime | None
) -> ColumnElement[bool]:
    return and_(
        true() if since is None else when >= since,
        true() if before is None else when < before,
    )


def _counted(rule: Counted, place: Place) -> ColumnElement[bool]:
    match rule.sign:
        case Sign.LESS:
            return not_(_at_least(rule.number, rule.count, place))
        case Sign.AT_MOST:
            return not_(_at_least(rule.number + 1, rule.count, place))
        case Sign.EQUAL:
            return and_(
                _at_least(rule.number, rule.count, place),
                not_(_at_least(rule.number + 1, rule.count, place)),
            )
        case Sign.AT_LEAST:
            return _at_least(rule.number, rule.count, place)
        case Sign.MORE:
            return _at_least(rule.number + 1, rule.count, place)
    assert_never(rule.sign)


def _at_least(number: int, count: Count, place: Place) -> ColumnElement[bool]:
    if number <= 0:
        return true()  # who never did it is in no table
    done = _deeds(count, place).subquery()
    return subscriber.c.id.in_(
        select(done.c.subscriber_id)
        .group_by(done.c.subscriber_id)
        .having(func.count() >= number)
    )


def _deeds(count: Count, place: Place) -> Select[Any]:
    """Who did it in this publication, and when: a row for each time."""
    match count:
        case Count.VOTES:  # those of anonymous polls are nobody's
            here = vote.c.edition.startswith(
                f"{place.publication.id}/", autoescape=True
            )
            at = vote.c.voted_at.label("at")
            return (
                select(vote.c.subscriber_id, at)
                .where(here)
                .where(vote.c.subscriber_id.is_not(None))
                .where(at.is_not(None))
            )
        case Count.REPLIES:
            return select(answer.c.subscriber_id, answer.c.at).where(
                answer.c.publication == place.publication.id
            )
        case Count.CLICKS:
            return (
                select(measured.c.subscriber_id, measured.c.at)
                .where(measured.c.publication == place.publication.id)
                .where(measured.c.kind == "click")
                .where(measured.c.automatic.is_(False))
            )
    assert_never(count)
