"""Counting and listing segments, and tagging people: the Segments port over SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from mailer.audience.address import address_key
from mailer.audience.segment import Rule
from mailer.audience.subscriber import Standing, Subscriber
from mailer.edition.model import Publication
from mailer.flows.readers.segments import Census
from mailer.store.batches import batches
from mailer.store.engine import Store, Turn, alone
from mailer.store.ledger.segments import Place, in_segment
from mailer.store.people.rows import people_of
from mailer.store.people.tags import give_tags
from mailer.store.schema import subscriber, subscription, suppression, tag


class SqlSegments:
    """Segments of the people whom the database knows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def count(
        self, rule: Rule, *, publication: Publication, now: datetime
    ) -> Census:
        """How many are in it *now*; see ``flows.readers.segments.Segments``."""
        inside = in_segment(rule, Place(publication, now))
        of_all = _active(select(func.count()), publication)
        both = [of_all.where(inside), of_all]

        def work(connection: Connection) -> Census:
            return Census(*(connection.execute(each).scalar_one() for each in both))

        return await self._store.read(work)

    async def members(
        self,
        rule: Rule,
        *,
        publication: Publication,
        now: datetime,
        limit: int | None = None,
    ) -> list[Subscriber]:
        """Who is in it *now*, by address."""
        statement = (
            _active(select(subscriber), publication)
            .where(in_segment(rule, Place(publication, now)))
            .order_by(subscriber.c.email_key)
            .limit(limit)
        )
        return await self._store.read(lambda c: people_of(c, statement))

    async def tag(
        self,
        emails: Sequence[str],
        *,
        add: Collection[str] = (),
        remove: Collection[str] = (),
    ) -> list[str]:
        """Give tags to people and take others from them."""

        def work(connection: Connection) -> list[str]:
            alone(connection, Turn.ADMIT)
            ids = _ids(connection, emails)
            if unknown := [email for email in emails if address_key(email) not in ids]:
                return unknown
            give_tags(connection, dict.fromkeys(ids.values(), tuple(add)))
            for part in batches(ids.values()):
                connection.execute(
                    delete(tag)
                    .where(tag.c.subscriber_id.in_(part))
                    .where(tag.c.tag.in_(list(remove)))
                )
            return []

        return await self._store.write(work)

    async def tags(self) -> Mapping[str, int]:
        """Every tag that somebody has, and how many do."""
        statement = select(tag.c.tag, func.count()).group_by(tag.c.tag).order_by("tag")

        def work(connection: Connection) -> dict[str, int]:
            return {str(name): int(n) for name, n in connection.execute(statement)}

        return await self._store.read(work)


def _ids(connection: Connection, emails: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in batches(map(address_key, emails)):
        statement = select(subscriber.c.email_key, subscriber.c.id).where(
            subscriber.c.email_key.in_(part)
        )
        found.update((key, number) for key, number in connection.execute(statement))
    return found


def _active(statement: Select[Any], publication: Publication) -> Select[Any]:
    """*statement* over those who read *publication* and may be written to."""
    return (
        statement.select_from(subscription)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .outerjoin(suppression, suppression.c.email_key == subscriber.c.email_key)
        .where(subscription.c.publication == publication.id)
        .where(subscription.c.standing == Standing.ACTIVE)
        .where(suppression.c.email_key.is_(None))
    )
