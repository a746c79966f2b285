"""Slots in the database: one row for a publication and a date, whoever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select, update

from mailer.edition.agenda import Departure
from mailer.flows.departing.slots import Slot, SlotState
from mailer.phrases import NOTHING, Phrase
from mailer.store.codec import dump_phrase, load_phrase
from mailer.store.engine import Store
from mailer.store.inserting import insert_into
from mailer.store.schema import slot as table


class SqlSlots:
    """The Slots port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self, departure: Departure) -> Slot:
        """See the port."""

        def work(connection: Connection) -> Slot:
            made = insert_into(connection, table).values(
                publication=departure.publication,
                local_date=departure.day,
                due_at=departure.due,
                state=SlotState.DUE,
                owner="",
                fence=0,
                run="",
                reason="",
            )
            # The date is the identity. Another hour moves the slot while it is due.
            connection.execute(
                made.on_conflict_do_update(
                    index_elements=["publication", "local_date"],
                    set_={"due_at": departure.due},
                    where=(table.c.state == SlotState.DUE)
                    & (table.c.due_at != departure.due),
                )
            )
            found = connection.execute(
                select(table)
                .where(table.c.publication == departure.publication)
                .where(table.c.local_date == departure.day)
            ).one()
            return _as_slot(found)

        return await self._store.write(work)

    async def claim(
        self, slot: Slot, *, owner: str, now: datetime, lease: timedelta
    ) -> Slot | None:
        """See the port."""
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        statement = (
            update(table)
            .where(_is(slot), table.c.state == SlotState.DUE, free)
            .values(owner=owner, lease_until=now + lease, fence=table.c.fence + 1)
            .returning(table)
        )

        def work(connection: Connection) -> Slot | None:
            row = connection.execute(statement).one_or_none()
            return None if row is None else _as_slot(row)

        return await self._store.write(work)

    async def release(self, slot: Slot, *, reason: Phrase) -> bool:
        """See the port."""
        kept = await self._change(slot, owner="", lease_until=None, **_told(reason))
        return kept and reason != slot.reason

    async def settle(
        self, slot: Slot, state: SlotState, *, run: str = "", reason: Phrase = NOTHING
    ) -> bool:
        """See the port."""
        return await self._change(
            slot, state=state, run=run, lease_until=None, **_told(reason)
        )

    async def slots(
        self, *, publication: str | None = None, limit: int | None = None
    ) -> Sequence[Slot]:
        """See the port."""
        statement = (
            select(table)
            .order_by(table.c.local_date.desc(), table.c.publication)
            .limit(limit)
        )
        if publication is not None:
            statement = statement.where(table.c.publication == publication)
        return await self._store.read(
            lambda c: [_as_slot(row) for row in c.execute(statement)]
        )

    async def _change(self, slot: Slot, **values: object) -> bool:
        """Write *values* if the claim still holds; whether it did."""
        statement = (
            update(table)
            .where(_is(slot), table.c.state == SlotState.DUE)
            .where(table.c.fence == slot.fence)
            .values(**values)
        )
        changed = await self._store.write(lambda c: c.execute(statement).rowcount)
        return changed == 1


def _is(slot: Slot) -> ColumnElement[bool]:
    return (table.c.publication == slot.publication) & (table.c.local_date == slot.day)


def _told(reason: Phrase) -> dict[str, object]:
    return {"reason": str(reason), "reason_json": dump_phrase(reason)}


def _as_slot(row: Any) -> Slot:  # noqa: ANN401 - a Row of the slot table
    return Slot(
        publication=row.publication,
        day=row.local_date,
        due=row.due_at,
        state=SlotState(row.state),
        owner=row.owner,
        lease_until=row.lease_until,
        fence=row.fence,
        run=row.run,
        reason=load_phrase(row.reason, row.reason_json),
    )
