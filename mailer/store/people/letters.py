"""Letters to readers: the Letters port over SQL.

``put`` is for who writes down in one transaction what happened and the letter about it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    exists,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from mailer.audience.subscriber import Reason
from mailer.flows.readers.correspondence import (
    ClaimedLetter,
    LetterKind,
    LetterOrder,
    LetterState,
)
from mailer.phrases import NOTHING, Phrase
from mailer.store.engine import Store
from mailer.store.inserting import insert_into
from mailer.store.schema import letter as table
from mailer.store.schema import subscriber, suppression

_NEVER = (Reason.COMPLAINED, Reason.MANUAL)
"""Whoever complained, or was barred by the operator's hand, gets no letter either."""

_OPEN = table.c.state.in_([literal_column("'due'"), literal_column("'handing over'")])


class SqlLetters:
    """The Letters port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def enqueue(self, letter: LetterOrder, *, now: datetime) -> bool:
        """See the port."""
        return await self._store.write(lambda c: put(c, letter, now))

    async def claim(
        self, *, worker: str, limit: int, now: datetime, lease: timedelta
    ) -> Sequence[ClaimedLetter]:
        """See the port."""
        if not await self._store.read(lambda c: _is_any(c, now)):
            return []  # most of the time: no transaction that writes

        def work(connection: Connection) -> list[ClaimedLetter]:
            _tidy(connection, now)
            due = (
                select(table.c.id)
                .where(table.c.state == LetterState.DUE)
                .where(table.c.next_attempt_at <= now)
                .where(_is_free(now))
                .order_by(table.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            numbers = list(connection.execute(due).scalars())
            if not numbers:
                return []
            connection.execute(
                update(table)
                .where(table.c.id.in_(numbers))
                .values(
                    worker=worker,
                    lease_until=now + lease,
                    fence=table.c.fence + 1,
                    attempts=table.c.attempts + 1,
                    updated_at=now,
                )
            )
            rows = connection.execute(
                select(table, subscriber.c.email)
                .join(subscriber, subscriber.c.id == table.c.subscriber_id)
                .where(table.c.id.in_(numbers))
                .order_by(table.c.id)
            )
            return [_claimed(row) for row in rows]

        return await self._store.write(work)

    async def mark(self, letter: ClaimedLetter, *, now: datetime) -> bool:
        """See the port."""
        return await self._change(
            letter, LetterState.DUE, state=LetterState.HANDING_OVER, updated_at=now
        )

    async def settle(
        self,
        letter: ClaimedLetter,
        state: LetterState,
        *,
        now: datetime,
        reason: Phrase = NOTHING,
        doubts: int = 0,
        next_attempt: datetime | None = None,
    ) -> bool:
        """See the port."""
        return await self._change(
            letter,
            LetterState.DUE,
            LetterState.HANDING_OVER,
            state=state,
            doubts=doubts,
            reason=str(reason),
            next_attempt_at=next_attempt,
            lease_until=None,
            updated_at=now,
        )

    async def _change(
        self, letter: ClaimedLetter, *states: LetterState, **values: object
    ) -> bool:
        """Write *values* if the claim still holds; whether it did."""
        statement = (
            update(table)
            .where(table.c.id == letter.id, table.c.fence == letter.fence)
            .where(table.c.state.in_(states))
            .values(**values)
        )
        changed = await self._store.write(lambda c: c.execute(statement).rowcount)
        return changed == 1


def put(connection: Connection, letter: LetterOrder, now: datetime) -> bool:
    """Have *letter* sent once this transaction is written; False if it is there."""
    made = insert_into(connection, table).values(
        key=letter.key,
        kind=letter.kind,
        publication=letter.publication,
        subscriber_id=letter.subscriber,
        lang=letter.lang,
        values_json=json.dumps(dict(letter.values), ensure_ascii=False),
        state=LetterState.DUE,
        created_at=now,
        expires_at=letter.expires,
        next_attempt_at=now,
        attempts=0,
        doubts=0,
        worker="",
        fence=0,
        reason="",
        updated_at=now,
    )
    once = made.on_conflict_do_nothing(index_elements=["key"]).returning(table.c.id)
    return connection.execute(once).scalar() is not None


def _is_any(connection: Connection, now: datetime) -> bool:
    """Whether a letter is due, or was left by a sender that died."""
    waits = and_(table.c.state == LetterState.DUE, table.c.next_attempt_at <= now)
    lost = and_(table.c.state == LetterState.HANDING_OVER, table.c.lease_until < now)
    found = select(exists().where(_OPEN, or_(waits, lost)))
    return bool(connection.execute(found).scalar())


def _tidy(connection: Connection, now: datetime) -> None:
    """What died in mid-air, what is too old, and who must not be written to."""
    connection.execute(
        update(table)
        .where(table.c.state == LetterState.HANDING_OVER, table.c.lease_until < now)
        .values(
            state=case(
                (table.c.doubts > 0, str(LetterState.IN_DOUBT)),
                else_=str(LetterState.DUE),
            ),
            doubts=table.c.doubts + 1,
            lease_until=None,
            next_attempt_at=now,
            updated_at=now,
        )
    )
    waits = and_(table.c.state == LetterState.DUE, _is_free(now))
    connection.execute(
        update(table)
        .where(waits, table.c.expires_at < now)
        .values(state=LetterState.EXPIRED, lease_until=None, updated_at=now)
    )
    barred = exists(
        select(literal(1))
        .select_from(subscriber)
        .join(suppression, suppression.c.email_key == subscriber.c.email_key)
        .where(subscriber.c.id == table.c.subscriber_id)
        .where(suppression.c.reason.in_(_NEVER))
    )
    connection.execute(
        update(table)
        .where(waits, barred)
        .values(state=LetterState.WITHDRAWN, lease_until=None, updated_at=now)
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(table.c.lease_until.is_(None), table.c.lease_until < now)


def _claimed(row: Row[Any]) -> ClaimedLetter:
    return ClaimedLetter(
        id=row.id,
        key=row.key,
        kind=LetterKind(row.kind),
        publication=row.publication,
        subscriber=row.subscriber_id,
        email=row.email,
        lang=row.lang,
        values=json.loads(row.values_json),
        created=row.created_at,
        attempts=row.attempts,
        doubts=row.doubts,
        fence=row.fence,
    )
