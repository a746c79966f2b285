"""Whom a run writes to, as one expression: the plan counts it, the run inserts it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    select,
)

from mailer.audience.segment import Rule
from mailer.audience.subscriber import Rhythm, Standing
from mailer.delivery.ledger import State
from mailer.edition.model import Publication, Variant
from mailer.store.ledger.segments import Place, in_segment, reads_as_member
from mailer.store.schema import delivery, run, subscriber, subscription, suppression

SKIPPED = (
    "suppressed",
    "unconfirmed",
    "left",
    "already sent in an earlier run",
    "not in the segment",
    "paused",
    "had one this month",
    "not for their tier",
)
"""Why a subscription of the publication is not in the audience, in words."""


def audience(
    connection: Connection,
    publication: Publication,
    edition: str,
    variants: Collection[Variant],
    now: datetime,
    *,
    segment: Rule,
) -> Select[Any]:
    """One row per subscription: id, email, name, ``text_only``, ``measured``, ``lot``.

    ``lot`` is the variant they get *now*, or one of ``SKIPPED``.
    """
    local = now.astimezone(ZoneInfo(publication.timezone))
    today = local.date()
    had_it = _had(connection, run.c.edition == edition, State.WITHDRAWN)
    suppressed, unconfirmed, left, earlier, outside, paused, monthly, _ = SKIPPED
    lot = case(
        (suppression.c.email_key.is_not(None), suppressed),
        (subscription.c.standing == Standing.PENDING, unconfirmed),
        (subscription.c.standing == Standing.LEFT, left),
        (had_it, earlier),
        (not_(in_segment(segment, Place(publication, now))), outside),
        (subscription.c.paused_until > today, paused),
        (_had_one_this_month(connection, publication, local), monthly),
        else_=variant_on(today, variants),
    )
    return (
        select(
            subscriber.c.id,
            subscriber.c.email,
            subscriber.c.name,
            func.coalesce(subscriber.c.text_only, false()).label("text_only"),
            func.coalesce(subscriber.c.tracking, false()).label("measured"),
            lot.label("lot"),
        )
        .join_from(
            subscription, subscriber, subscriber.c.id == subscription.c.subscriber_id
        )
        .outerjoin(suppression, suppression.c.email_key == subscriber.c.email_key)
        .where(subscription.c.publication == publication.id)
    )


def no_longer_wanted() -> ColumnElement[bool]:
    """True for a delivery whose reader left or was suppressed since the run opened.

    One value for one reader each. Of EXISTS PostgreSQL would make a table of all who take
    the publication, and read a million of them for each batch of five hundred.
    """
    barred = (
        select(suppression.c.email_key)
        .join(subscriber, subscriber.c.email_key == suppression.c.email_key)
        .where(subscriber.c.id == delivery.c.subscriber_id)
        .scalar_subquery()
    )
    standing = (
        select(subscription.c.standing)
        .where(subscription.c.subscriber_id == delivery.c.subscriber_id)
        .where(subscription.c.publication == run.c.publication)
        .scalar_subquery()
    )
    return barred.is_not(None) | standing.is_distinct_from(Standing.ACTIVE)


def _had_one_this_month(
    connection: Connection, publication: Publication, local: datetime
) -> ColumnElement[bool]:
    """True for who wants one edition a month, and may have this month's already."""
    month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    one = _had(
        connection,
        (run.c.publication == publication.id) & (run.c.started_at >= month),
        *(State.WITHDRAWN, State.REFUSED, State.EXPIRED, State.BOUNCED),
    )
    return (subscription.c.rhythm == Rhythm.MONTHLY) & one


def _had(
    connection: Connection, which: ColumnElement[bool], *unless: State
) -> ColumnElement[bool]:
    """True for who has a delivery of a run of *which*, in none of the states *unless*.

    The runs are looked up first, so that each reader is sought by key in one or two: by
    the reader alone, it would be everything they ever got.
    """
    runs = connection.scalars(select(run.c.id).where(which)).all()
    if not runs:
        return false()
    return exists(
        select(literal(1))
        .select_from(delivery)
        .where(delivery.c.run_id.in_(runs))
        .where(delivery.c.subscriber_id == subscriber.c.id)
        .where(delivery.c.state.not_in(unless))
    )


def variant_on(today: date, variants: Collection[Variant]) -> ColumnElement[str]:
    """``audience.variants.variant_for``, as SQL."""
    nothing = literal(SKIPPED[-1])
    free = literal(str(Variant.FREE)) if Variant.FREE in variants else nothing
    if Variant.MEMBER not in variants:
        return free
    member = literal(str(Variant.MEMBER))
    return case((reads_as_member(today), member), else_=free)
