"""Who must not be written to, carried from one database into another: Partings over SQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select

from mailer.audience.subscriber import How, Standing
from mailer.flows.readers.leaving import Exit
from mailer.flows.restoring import Barred, Gone, Parted
from mailer.store.barring import ERASED, hashed
from mailer.store.batches import batches
from mailer.store.engine import Store, Turn, alone
from mailer.store.people.erasure import erase
from mailer.store.people.exits import end_in
from mailer.store.schema import subscriber, subscription, suppression


class SqlPartings:
    """The Partings port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self) -> Gone:
        """See the port."""
        return await self._store.read(_read)

    async def carry_over(self, gone: Gone, *, now: datetime) -> Parted:
        """See the port."""
        return await self._store.write(lambda c: _carry_over(c, gone, now))


def _read(connection: Connection) -> Gone:
    left = connection.execute(
        select(subscriber.c.email_key, subscription.c.publication)
        .join_from(
            subscription, subscriber, subscriber.c.id == subscription.c.subscriber_id
        )
        .where(subscription.c.standing == Standing.LEFT)
    )
    listed = connection.execute(select(suppression))
    return Gone(
        left=tuple((row.email_key, row.publication) for row in left),
        barred=tuple(Barred(**row) for row in listed.mappings()),
    )


def _carry_over(connection: Connection, gone: Gone, now: datetime) -> Parted:
    alone(connection, Turn.ADMIT)
    known = set(connection.scalars(select(suppression.c.email_key)))
    fresh = [each for each in gone.barred if each.email_key not in known]
    rows = [
        {
            "email_key": each.email_key,
            "email": each.email,
            "reason": each.reason,
            "at": each.at,
            "note": each.note,
        }
        for each in fresh
        if not each.email_key.startswith(ERASED)
    ]
    if rows:
        connection.execute(insert(suppression), rows)
    hashes = {each.email_key for each in fresh} - {row["email_key"] for row in rows}
    erased = _erase(connection, hashes, now)
    exits = list(_still_here(connection, gone.left))
    for part in batches(exits):
        end_in(connection, part, now)  # nobody sends: nothing is held
    return Parted(left=len(exits), barred=len(rows), erased=erased)


def _erase(connection: Connection, hashes: set[str], now: datetime) -> int:
    """Erase whoever has one of *hashes*; who is not here is barred all the same."""
    if not hashes:
        return 0
    people = connection.execute(
        select(subscriber.c.id, subscriber.c.email_key).where(subscriber.c.email != "")
    ).all()
    theirs = {hashed(connection, row.email_key): row.id for row in people}
    for key in hashes & theirs.keys():
        erase(connection, theirs[key], now)
    for key in hashes - theirs.keys():
        connection.execute(
            insert(suppression).values(
                email_key=key, email="", reason="erased", at=now, note=""
            )
        )
    return len(hashes & theirs.keys())


def _still_here(
    connection: Connection, left: Iterable[tuple[str, str]]
) -> Iterable[Exit]:
    """Those of *left* whose subscription stands in this database."""
    for part in batches(left):
        rows = connection.execute(
            select(
                subscriber.c.email_key,
                subscription.c.subscriber_id,
                subscription.c.publication,
            )
            .join_from(
                subscription,
                subscriber,
                subscriber.c.id == subscription.c.subscriber_id,
            )
            .where(subscriber.c.email_key.in_([key for key, _ in part]))
            .where(subscription.c.standing != Standing.LEFT)
        ).all()
        wanted = set(part)
        for row in rows:
            if (row.email_key, row.publication) in wanted:
                yield Exit(
                    subscriber=row.subscriber_id,
                    publication=row.publication,
                    how=How.OPERATOR,
                )
