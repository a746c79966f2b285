"""Subscribers, consent and suppressions: the Readers port over SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from mailer.audience.address import address_key
from mailer.audience.roster import Row as RosterRow
from mailer.audience.subscriber import (
    Consent,
    Reason,
    Standing,
    Subscriber,
    Subscription,
    Suppression,
    Tier,
)
from mailer.flows.ports import Admission
from mailer.store.admitting import Known, barred, batches, write_rows
from mailer.store.engine import Store, Turn, alone, beside
from mailer.store.journey import withdraw_reader
from mailer.store.schema import consent, subscriber, subscription, suppression


class SqlReaders:
    """The people, as the database knows them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def admit(
        self,
        rows: Iterable[RosterRow],
        *,
        publication: str,
        source: str,
        now: datetime,
        dry_run: bool = False,
        update: bool = False,
        told: Callable[[RosterRow, Admission], None] | None = None,
    ) -> list[Admission]:
        """Take in *rows*; see ``flows.ports.Readers``."""

        def work(connection: Connection) -> list[Admission]:
            if not dry_run:
                alone(connection, Turn.ADMIT)
            admissions: list[Admission] = []
            known = Known(publication, update=update)
            for part in batches(rows):
                if not dry_run:
                    known = Known(publication, update=update)  # the rest is written
                answered = known.answers(connection, part)
                if not dry_run:
                    write_rows(connection, answered, known, source, now)
                if told is not None:
                    for row, answer in answered:
                        told(row, answer)
                admissions += [answer for _, answer in answered]
            return admissions

        return await (self._store.read(work) if dry_run else self._store.write(work))

    async def leave(self, email: str, *, publication: str | None, now: datetime) -> int:
        """End subscriptions; see ``flows.ports.Readers``."""

        def work(connection: Connection) -> int:
            beside(connection, Turn.OPEN_RUN)  # or a run being opened would miss it
            person = connection.execute(_person(address_key(email))).scalar()
            if person is None:
                return 0
            ended = 0
            for standing in (Standing.ACTIVE, Standing.PENDING):
                statement = (
                    update(subscription)
                    .where(subscription.c.subscriber_id == person)
                    .where(subscription.c.standing == standing)
                    .values(standing=Standing.LEFT, since=now)
                )
                if publication is not None:
                    taken = subscription.c.publication == publication
                    statement = statement.where(taken)
                count = connection.execute(statement).rowcount
                ended += count if standing is Standing.ACTIVE else 0
            withdraw_reader(connection, person, publication, now)
            return ended

        return await self._store.write(work)

    async def find(self, email: str) -> Subscriber | None:
        """Everything held about *email*, or None."""

        def work(connection: Connection) -> Subscriber | None:
            key = address_key(email)
            people = _people(
                connection, select(subscriber).where(subscriber.c.email_key == key)
            )
            person = next(iter(people), None)
            if person is None:
                return None
            consents = connection.execute(
                select(consent)
                .where(consent.c.subscriber_id == person.id)
                .order_by(consent.c.id)
            )
            barred = connection.execute(
                select(suppression).where(suppression.c.email_key == key)
            ).first()
            return Subscriber(
                id=person.id,
                email=person.email,
                name=person.name,
                created=person.created,
                subscriptions=person.subscriptions,
                consents=tuple(
                    Consent(
                        publication=row.publication,
                        source=row.source,
                        wording=row.wording,
                        at=row.at,
                    )
                    for row in consents
                ),
                suppression=None if barred is None else _suppression(barred),
            )

        return await self._store.read(work)

    async def list_subscribers(
        self,
        *,
        publication: str | None = None,
        standing: Standing | None = None,
        tier: Tier | None = None,
        limit: int | None = None,
    ) -> list[Subscriber]:
        """Subscribers by address; see ``flows.ports.Readers``."""

        def work(connection: Connection) -> list[Subscriber]:
            matching = select(subscription.c.subscriber_id)
            for column, value in (
                (subscription.c.publication, publication),
                (subscription.c.standing, standing),
                (subscription.c.tier, tier),
            ):
                if value is not None:
                    matching = matching.where(column == value)
            people = select(subscriber).order_by(subscriber.c.email_key).limit(limit)
            if publication or standing or tier:
                people = people.where(subscriber.c.id.in_(matching))
            return _people(connection, people)

        return await self._store.read(work)

    async def suppress(self, entry: Suppression) -> bool:
        """Put an address on the suppression list; False if it was there."""

        def work(connection: Connection) -> bool:
            key = address_key(entry.email)
            alone(connection, Turn.ADMIT)
            beside(connection, Turn.OPEN_RUN)  # or a run being opened would miss it
            if barred(connection, [key]):
                return False
            connection.execute(
                insert(suppression).values(
                    email_key=key,
                    email=entry.email,
                    reason=entry.reason,
                    at=entry.at,
                    note=entry.note,
                )
            )
            person = connection.execute(_person(key)).scalar()
            if person is not None:
                withdraw_reader(connection, person, None, entry.at)
            return True

        return await self._store.write(work)

    async def suppressions(self) -> list[Suppression]:
        """The suppression list by address."""

        def work(connection: Connection) -> list[Suppression]:
            rows = connection.execute(
                select(suppression).order_by(suppression.c.email_key)
            )
            return [_suppression(row) for row in rows]

        return await self._store.read(work)


def _person(key: str) -> Select[int]:
    return select(subscriber.c.id).where(subscriber.c.email_key == key)


def _people(connection: Connection, statement: Select[Any]) -> list[Subscriber]:
    """The people of *statement* with what they take, in its order."""
    rows = connection.execute(statement).all()
    taken: dict[int, list[Subscription]] = {row.id: [] for row in rows}
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
                )
            )
    return [
        Subscriber(
            id=row.id,
            email=row.email,
            name=row.name,
            created=row.created_at,
            subscriptions=tuple(taken[row.id]),
        )
        for row in rows
    ]


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(
        email=row.email, reason=Reason(row.reason), at=row.at, note=row.note
    )
