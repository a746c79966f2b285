"""Taking people in: what becomes of the rows of a roster, and what is written for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, insert, select, update

from mailer.audience.address import address_key
from mailer.audience.roster import Row
from mailer.audience.subscriber import Action, Standing
from mailer.flows.ports import Admission
from mailer.store.schema import consent, subscriber, subscription, suppression

_V = TypeVar("_V")
_BATCH = 500  # bound parameters per statement: SQLite allows 32,766, older ones 999


class Known:
    """What is known about the people of a part of a roster."""

    def __init__(self, publication: str, *, update: bool = False) -> None:
        self.publication = publication
        self.update = update
        self.barred: set[str] = set()
        self.ids: dict[str, int] = {}
        self.standings: dict[str, Standing] = {}
        self.tiers: dict[str, tuple[str, date | None]] = {}

    def answers(
        self, connection: Connection, rows: Sequence[Row]
    ) -> list[tuple[Row, Admission]]:
        """What becomes of each of *rows*, one after another."""
        self.learn(connection, [address_key(row.email) for row in rows])
        return [(row, self.admission(row)) for row in rows]

    def learn(self, connection: Connection, keys: Sequence[str]) -> None:
        """Look *keys* up, in two statements."""
        self.barred |= barred(connection, keys)
        taken = (
            select(
                subscriber.c.email_key,
                subscriber.c.id,
                subscription.c.standing,
                subscription.c.tier,
                subscription.c.until,
            )
            .select_from(subscriber)
            .outerjoin(
                subscription,
                (subscription.c.subscriber_id == subscriber.c.id)
                & (subscription.c.publication == self.publication),
            )
            .where(subscriber.c.email_key.in_(keys))
        )
        for key, number, standing, tier, until in connection.execute(taken):
            self.ids[key] = number
            if standing is not None:
                self.standings[key] = Standing(standing)
                self.tiers[key] = (tier, until)

    def admission(self, row: Row) -> Admission:
        """What becomes of *row*; asked again, somebody added is present."""
        key = address_key(row.email)
        if key in self.barred:
            return Admission.SUPPRESSED
        if key not in self.standings:
            self.standings[key] = Standing.ACTIVE
            self.tiers[key] = (row.tier, row.until)
            return Admission.ADDED
        if self.standings[key] is Standing.LEFT:
            return Admission.LEFT
        if self.update and self.tiers[key] != (row.tier, row.until):
            self.tiers[key] = (row.tier, row.until)
            return Admission.UPDATED
        return Admission.PRESENT


def write_rows(
    connection: Connection,
    answered: Sequence[tuple[Row, Admission]],
    known: Known,
    source: str,
    now: datetime,
) -> None:
    """Add who is new, and give their tier to who has another one now."""
    fresh = [row for row, answer in answered if answer is Admission.ADDED]
    _add(connection, fresh, known, source, now)
    for row, answer in answered:
        if answer is Admission.UPDATED:
            connection.execute(
                update(subscription)
                .where(
                    subscription.c.subscriber_id == known.ids[address_key(row.email)]
                )
                .where(subscription.c.publication == known.publication)
                .values(tier=row.tier, until=row.until)
            )


def _add(
    connection: Connection,
    rows: Sequence[Row],
    known: Known,
    source: str,
    now: datetime,
) -> None:
    """Insert people who are new, and a subscription with its consent for each."""
    if not rows:
        return
    keys = [address_key(row.email) for row in rows]
    unknown = [
        {
            "email": row.email,
            "email_key": key,
            "name": row.name,
            "created_at": now,
        }
        for row, key in zip(rows, keys, strict=True)
        if key not in known.ids
    ]
    if unknown:
        connection.execute(insert(subscriber), unknown)
        found = select(subscriber.c.email_key, subscriber.c.id).where(
            subscriber.c.email_key.in_([person["email_key"] for person in unknown])
        )
        known.ids.update((key, number) for key, number in connection.execute(found))
    ids = [known.ids[key] for key in keys]
    connection.execute(
        insert(subscription),
        [
            {
                "subscriber_id": number,
                "publication": known.publication,
                "tier": row.tier,
                "until": row.until,
                "standing": Standing.ACTIVE,
                "since": now,
            }
            for number, row in zip(ids, rows, strict=True)
        ],
    )
    connection.execute(
        insert(consent),
        [
            {
                "subscriber_id": number,
                "publication": known.publication,
                "source": source,
                "wording": "",
                "at": now,
                "action": Action.JOINED,
            }
            for number in ids
        ],
    )


def barred(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Which of *keys* must not be written to."""
    found: set[str] = set()
    for part in batches(keys):
        statement = select(suppression.c.email_key).where(
            suppression.c.email_key.in_(part)
        )
        found.update(connection.scalars(statement))
    return found


def batches(values: Iterable[_V]) -> Iterator[list[_V]]:
    """*values* in parts, none asked for before it is needed."""
    left = iter(values)
    while part := list(islice(left, _BATCH)):
        yield part
