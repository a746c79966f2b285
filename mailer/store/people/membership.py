"""Tiers and their last day over SQL: granted, and asked for by pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from mailer.audience.address import address_key
from mailer.audience.roster import Row
from mailer.audience.subscriber import Standing, Tier
from mailer.flows.ports import Admission
from mailer.flows.readers.membership import Effect, Ending, Grant
from mailer.store.engine import Store, Turn, alone
from mailer.store.ledger.segments import reads_as_member
from mailer.store.people.admitting import Known, write_rows
from mailer.store.schema import subscriber, subscription


class SqlMemberships:
    """The Memberships port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def grant(self, grant: Grant, *, now: datetime) -> Effect:
        """See the port."""
        return await self._store.write(lambda c: give(c, grant, now))

    async def ending(
        self, publication: str, *, first: date, last: date
    ) -> Sequence[Ending]:
        """See the port."""
        ends = (
            select(subscriber.c.id, subscription.c.until, subscriber.c.lang)
            .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
            .where(subscription.c.publication == publication)
            .where(subscription.c.standing == Standing.ACTIVE)
            .where(subscription.c.tier == Tier.MEMBER)
            .where(subscription.c.until.between(first, last))
            .order_by(subscriber.c.id)
        )
        rows = await self._store.read(lambda c: c.execute(ends).all())
        return [Ending(subscriber=r.id, until=r.until, lang=r.lang or "") for r in rows]


def give(connection: Connection, grant: Grant, now: datetime) -> Effect:
    """Write *grant* down, inside a transaction of the caller's."""
    alone(connection, Turn.ADMIT)
    key = address_key(grant.email)
    held = connection.execute(
        select(subscription)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscriber.c.email_key == key)
        .where(subscription.c.publication == grant.publication)
    ).first()
    if held is None:
        return _add(connection, grant, now)
    if (held.tier, held.until) == (grant.tier, grant.until):
        return Effect.UNCHANGED
    connection.execute(
        update(subscription)
        .where(subscription.c.subscriber_id == held.subscriber_id)
        .where(subscription.c.publication == grant.publication)
        .values(tier=grant.tier, until=grant.until)
    )
    return Effect.CHANGED


def _add(connection: Connection, grant: Grant, now: datetime) -> Effect:
    """Take in who is new, by the rules of an import."""
    row = Row(
        line=1,
        email=grant.email,
        name=grant.name,
        tier=grant.tier,
        until=grant.until,
    )
    known = Known(grant.publication, now=now)
    ((_, admission),) = answered = known.answers(connection, [row])
    if admission is Admission.SUPPRESSED:
        return Effect.SUPPRESSED
    if not grant.source:
        return Effect.UNKNOWN
    write_rows(connection, answered, known, grant.source)
    return Effect.ADDED


def is_member(
    connection: Connection, publication: str, person: int, today: date
) -> bool:
    """Whether the subscriber *person* takes *publication* as a member *today*.

    *today* is the date in the publication's own zone.
    """
    held = connection.execute(
        select(subscription.c.subscriber_id)
        .where(subscription.c.subscriber_id == person)
        .where(subscription.c.publication == publication)
        .where(subscription.c.standing == Standing.ACTIVE)
        .where(reads_as_member(today))
    )
    return held.first() is not None
