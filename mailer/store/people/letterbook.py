"""Letters to readers as an operator sees them: the LetterBook port over SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select, update

from mailer.flows.readers.correspondence import LetterKind, LetterState
from mailer.flows.readers.letterbook import AGAIN, OPEN, Backlog, LetterEntry
from mailer.store.engine import Store
from mailer.store.schema import letter as table
from mailer.store.schema import subscriber

_LOST = (LetterState.IN_DOUBT, LetterState.EXPIRED)
"""What a relay refuses is somebody's slip of the pen; these are ours to look at."""


class SqlLetterBook:
    """The LetterBook port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def entries(
        self,
        *,
        states: Collection[LetterState],
        publication: str = "",
        limit: int,
    ) -> Sequence[LetterEntry]:
        """See the port."""
        wanted = _entries().where(table.c.state.in_(states))
        if publication:
            wanted = wanted.where(table.c.publication == publication)
        newest = wanted.order_by(table.c.id.desc()).limit(limit)
        return await self._store.read(
            lambda c: [_entry(row) for row in c.execute(newest)]
        )

    async def find(self, number: int) -> LetterEntry | None:
        """See the port."""
        one = _entries().where(table.c.id == number)

        def work(connection: Connection) -> LetterEntry | None:
            row = connection.execute(one).first()
            return None if row is None else _entry(row)

        return await self._store.read(work)

    async def backlog(self, *, stuck: datetime, since: datetime) -> Backlog:
        """See the port."""
        waits = table.c.state.in_(OPEN), table.c.created_at < stuck
        oldest = select(table.c.reason).where(*waits).order_by(table.c.id).limit(1)
        lost = table.c.state.in_(_LOST), table.c.updated_at > since

        def work(connection: Connection) -> Backlog:
            count = select(func.count()).select_from(table)
            return Backlog(
                waiting=connection.execute(count.where(*waits)).scalar_one(),
                lost=connection.execute(count.where(*lost)).scalar_one(),
                reason=connection.execute(oldest).scalar() or "",
            )

        return await self._store.read(work)

    async def retry(
        self, numbers: Collection[int] | None, *, now: datetime
    ) -> Sequence[int]:
        """See the port."""
        states = (LetterState.DUE,) if numbers is None else AGAIN
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        changed = (
            update(table)
            .where(table.c.state.in_(states), table.c.expires_at > now, free)
            .values(
                state=LetterState.DUE, next_attempt_at=now, doubts=0, updated_at=now
            )
            .returning(table.c.id)
        )
        if numbers is not None:
            changed = changed.where(table.c.id.in_(numbers))
        return await self._store.write(
            lambda c: sorted(c.execute(changed).scalars().all())
        )


def _entries() -> Select[Any]:
    return select(table, subscriber.c.email).join(
        subscriber, subscriber.c.id == table.c.subscriber_id
    )


def _entry(row: Row[Any]) -> LetterEntry:
    return LetterEntry(
        id=row.id,
        kind=LetterKind(row.kind),
        publication=row.publication,
        email=row.email,
        state=LetterState(row.state),
        attempts=row.attempts,
        reason=row.reason,
        created=row.created_at,
        updated=row.updated_at,
        expires=row.expires_at,
        next_attempt=row.next_attempt_at,
    )
