"""Rows as the people they are: subscribers with what they take, said and may not get."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from mailer.audience.subscriber import (
    Action,
    Consent,
    Reason,
    Rhythm,
    Standing,
    Subscriber,
    Subscription,
    Suppression,
    Tier,
)
from mailer.store.batches import batches
from mailer.store.schema import consent, subscriber, subscription, suppression, tag


def whole_person(
    connection: Connection, which: ColumnElement[bool]
) -> Subscriber | None:
    """Everything held about the one of whom *which* is true, or None."""
    row = connection.execute(select(subscriber).where(which)).first()
    if row is None or not row.email:  # or erased: a number in ended runs
        return None
    consents = connection.execute(
        select(consent).where(consent.c.subscriber_id == row.id).order_by(consent.c.id)
    )
    barring = connection.execute(
        select(suppression).where(suppression.c.email_key == row.email_key)
    ).first()
    return _subscriber(
        row,
        _taken(connection, [row.id])[row.id],
        _tags(connection, [row.id]).get(row.id, ()),
        tuple(map(_consent, consents)),
        None if barring is None else as_suppression(barring),
    )


def people_of(connection: Connection, statement: Select[Any]) -> list[Subscriber]:
    """The people of *statement* with what they take, in its order."""
    rows = connection.execute(statement).all()
    ids = [row.id for row in rows]
    taken, tags = _taken(connection, ids), _tags(connection, ids)
    return [_subscriber(row, taken[row.id], tags.get(row.id, ())) for row in rows]


def as_suppression(row: Row[Any]) -> Suppression:
    """A line of the suppression list."""
    return Suppression(
        email=row.email, reason=Reason(row.reason), at=row.at, note=row.note
    )


def _subscriber(
    row: Row[Any],
    taken: Iterable[Subscription],
    tags: Iterable[str],
    consents: tuple[Consent, ...] = (),
    barring: Suppression | None = None,
) -> Subscriber:
    return Subscriber(
        id=row.id,
        email=row.email,
        name=row.name,
        created=row.created_at,
        subscriptions=tuple(taken),
        tags=tuple(tags),
        consents=consents,
        suppression=barring,
        lang=row.lang or "",
        text_only=bool(row.text_only),
        tracking=row.tracking,
    )


def _taken(
    connection: Connection, people: Iterable[int]
) -> dict[int, list[Subscription]]:
    """What each of *people* takes, by publication."""
    taken: dict[int, list[Subscription]] = {number: [] for number in people}
    for part in batches(taken):
        found = connection.execute(
            select(subscription)
            .where(subscription.c.subscriber_id.in_(part))
            .order_by(subscription.c.publication)
        )
        for row in found:
            taken[row.subscriber_id].append(
                Subscription(
                    publication=row.publication,
                    tier=Tier(row.tier),
                    standing=Standing(row.standing),
                    since=row.since,
                    until=row.until,
                    rhythm=Rhythm(row.rhythm or Rhythm.EVERY),
                    paused_until=row.paused_until,
                )
            )
    return taken


def _tags(connection: Connection, people: Iterable[int]) -> dict[int, list[str]]:
    """The tags of *people*, each sorted."""
    found: dict[int, list[str]] = {}
    for part in batches(people):
        rows = connection.execute(
            select(tag).where(tag.c.subscriber_id.in_(part)).order_by(tag.c.tag)
        )
        for row in rows:
            found.setdefault(row.subscriber_id, []).append(row.tag)
    return found


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        publication=row.publication,
        source=row.source,
        wording=row.wording,
        at=row.at,
        action=Action(row.action or Action.JOINED),
        version=row.version or "",
        ip=row.ip or "",
        agent=row.agent or "",
        form=row.form or "",
    )
