"""Subscribers, consent and suppressions: the Readers port over SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from sqlalchemy import Connection, Select, insert, select

from mailer.audience.address import address_key
from mailer.audience.roster import Row as RosterRow
from mailer.audience.subscriber import (
    How,
    Standing,
    Subscriber,
    Suppression,
    Tier,
)
from mailer.flows.ports import Admission
from mailer.flows.readers.leaving import Exit
from mailer.store.barring import barred
from mailer.store.batches import batches
from mailer.store.engine import Store, Turn, alone, beside
from mailer.store.ledger.journey import withdraw_reader
from mailer.store.ledger.segments import reads_as_member
from mailer.store.people.admitting import Known, write_rows
from mailer.store.people.exits import end, withdraw_all_held
from mailer.store.people.rows import as_suppression, people_of, whole_person
from mailer.store.schema import subscriber, subscription, suppression


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
    ) -> None:
        """Take in *rows*; see ``flows.ports.Readers``."""
        held: list[tuple[int, int]] = []

        def work(connection: Connection) -> None:
            held.clear()  # it may be tried again
            if not dry_run:
                alone(connection, Turn.ADMIT)
            known = Known(publication, now=now, update=update)
            for part in batches(rows):
                if not dry_run:
                    # Of those before the database knows.
                    known = Known(publication, now=now, update=update)
                answered = known.answers(connection, part)
                if not dry_run:
                    held.extend(write_rows(connection, answered, known, source))
                if told is not None:
                    for row, answer in answered:
                        told(row, answer)

        if dry_run:
            await self._store.read(work)
            return
        await self._store.write(work)
        await withdraw_all_held(self._store, held, now)

    async def leave(self, email: str, *, publication: str | None, now: datetime) -> int:
        """End subscriptions; see ``flows.ports.Readers``."""
        key = address_key(email)
        person = await self._store.read(lambda c: c.execute(_person(key)).scalar())
        if person is None:
            return 0
        leaving = Exit(subscriber=person, publication=publication, how=How.OPERATOR)
        (farewell,) = await end(self._store, [leaving], now)
        return 0 if farewell is None else farewell.active

    async def find(self, email: str) -> Subscriber | None:
        """Everything held about *email*, or None."""
        key = address_key(email)
        return await self._store.read(
            lambda c: whole_person(c, subscriber.c.email_key == key)
        )

    async def known(self, number: int) -> Subscriber | None:
        """Everything held about subscriber *number*, or None."""
        return await self._store.read(
            lambda c: whole_person(c, subscriber.c.id == number)
        )

    async def list_subscribers(
        self,
        *,
        publication: str | None = None,
        standing: Standing | None = None,
        tier: Tier | None = None,
        today: date | None = None,
        after: str = "",
        limit: int | None = None,
    ) -> list[Subscriber]:
        """Subscribers by address; see ``flows.ports.Readers``."""

        def work(connection: Connection) -> list[Subscriber]:
            matching = select(subscription.c.subscriber_id)
            for column, value in (
                (subscription.c.publication, publication),
                (subscription.c.standing, standing),
                (subscription.c.tier, None if today else tier),
            ):
                if value is not None:
                    matching = matching.where(column == value)
            if today and tier:
                is_member = reads_as_member(today)
                wanted = is_member if tier is Tier.MEMBER else ~is_member
                matching = matching.where(wanted)
            people = (
                select(subscriber)
                .where(subscriber.c.email != "")  # nobody any more: erased
                .order_by(subscriber.c.email_key)
                .limit(limit)
            )
            if publication or standing or tier:
                people = people.where(subscriber.c.id.in_(matching))
            if after:
                people = people.where(subscriber.c.email_key > address_key(after))
            return people_of(connection, people)

        return await self._store.read(work)

    async def suppress(self, entry: Suppression) -> bool:
        """Put an address on the suppression list; False if it was there."""

        def work(connection: Connection) -> bool:
            alone(connection, Turn.ADMIT)
            beside(connection, Turn.OPEN_RUN)  # or a run being opened would miss it
            return suppress_address(connection, entry)

        return await self._store.write(work)

    async def suppressions(self) -> list[Suppression]:
        """The suppression list by address."""

        def work(connection: Connection) -> list[Suppression]:
            rows = connection.execute(
                select(suppression).order_by(suppression.c.email_key)
            )
            return [as_suppression(row) for row in rows]

        return await self._store.read(work)


def suppress_address(connection: Connection, entry: Suppression) -> bool:
    """Put an address on the list; False if it was there. The caller has its turns."""
    key = address_key(entry.email)
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


def _person(key: str) -> Select[int]:
    return select(subscriber.c.id).where(subscriber.c.email_key == key)
