"""What operators were told, in the database: one row for a slot and a need."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update

from mailer.edition.vigil import Need
from mailer.store.engine import Store
from mailer.store.inserting import insert_into
from mailer.store.schema import notice


class SqlNotices:
    """The Notices port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def met(self, publication: str, day: date) -> frozenset[Need]:
        """See the port."""
        statement = (
            select(notice.c.need)
            .where(notice.c.publication == publication)
            .where(notice.c.local_date == day)
            .where(notice.c.met_at.is_not(None))
        )
        found = await self._store.read(lambda c: c.scalars(statement).all())
        return frozenset(map(Need, found))

    async def claim(
        self,
        publication: str,
        day: date,
        need: Need,
        *,
        now: datetime,
        lease: timedelta,
    ) -> bool:
        """See the port."""

        def work(connection: Connection) -> bool:
            made = insert_into(connection, notice).values(
                publication=publication,
                local_date=day,
                need=need,
                lease_until=now + lease,
            )
            # One statement, and so one winner: a new row, or one whose lease has ended.
            won = made.on_conflict_do_update(
                index_elements=["publication", "local_date", "need"],
                set_={"lease_until": now + lease},
                where=notice.c.met_at.is_(None) & (notice.c.lease_until <= now),
            ).returning(notice.c.need)
            return connection.execute(won).first() is not None

        return await self._store.write(work)

    async def settle(
        self, publication: str, day: date, need: Need, *, now: datetime
    ) -> None:
        """See the port."""
        statement = update(notice).where(_is(publication, day, need)).values(met_at=now)
        await self._store.write(lambda c: c.execute(statement))

    async def release(self, publication: str, day: date, need: Need) -> None:
        """See the port."""
        statement = delete(notice).where(
            _is(publication, day, need), notice.c.met_at.is_(None)
        )
        await self._store.write(lambda c: c.execute(statement))


def _is(publication: str, day: date, need: Need) -> ColumnElement[bool]:
    return (
        (notice.c.publication == publication)
        & (notice.c.local_date == day)
        & (notice.c.need == need)
    )
