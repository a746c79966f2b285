"""The relay book over SQL: a row for each relay of which anything was ever said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from mailer.delivery.switchboard import Health
from mailer.flows.sending.relaying import RelayPage, Sighting
from mailer.store.codec import dump_phrase, load_phrase
from mailer.store.engine import Store, Turn, alone
from mailer.store.schema import relay as table


class SqlRelayBook:
    """The ``RelayBook`` port on a database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def pages(self) -> list[RelayPage]:
        """What is known, by name."""
        rows = await self._store.read(
            lambda c: c.execute(select(table).order_by(table.c.name)).all()
        )
        return [_page(row) for row in rows]

    async def pause(self, relay: str, *, by: str, now: datetime) -> bool:
        """Pause *relay*; the first word stands."""

        def work(connection: Connection) -> bool:
            if _paused(connection, relay):
                return False
            _put(connection, relay, paused_by=by, paused_at=now)
            return True

        return await self._store.write(work)

    async def resume(self, relay: str, *, now: datetime) -> bool:
        """End the pause of *relay*, if there is one."""

        def work(connection: Connection) -> bool:
            was = _paused(connection, relay)
            _put(connection, relay, paused_by="", paused_at=None, resumed_at=now)
            return was

        return await self._store.write(work)

    async def note(self, sightings: Sequence[Sighting]) -> None:
        """Write *sightings* over what was seen before."""

        def work(connection: Connection) -> None:
            for each in sightings:
                _put(
                    connection,
                    each.relay,
                    health=str(each.health),
                    reason=str(each.reason),
                    reason_json=dump_phrase(each.reason),
                    until=each.until,
                    permanent=each.permanent,
                    worker=each.worker,
                    seen_at=each.seen,
                )

        await self._store.write(work)


def _paused(connection: Connection, relay: str) -> bool:
    """Whether *relay* is paused; nobody else writes until we have."""
    alone(connection, Turn.RELAYS)
    found = connection.scalar(select(table.c.paused_at).where(table.c.name == relay))
    return found is not None


def _put(connection: Connection, relay: str, **values: object) -> None:
    """Change the row of *relay*, which is made where there is none."""
    alone(connection, Turn.RELAYS)
    changed = connection.execute(
        update(table).where(table.c.name == relay).values(values),
        execution_options={"preserve_rowcount": True},
    )
    if changed.rowcount == 0:
        empty = {"paused_by": "", "health": "", "reason": "", "worker": ""}
        connection.execute(
            insert(table).values(name=relay, **{**empty, "permanent": False, **values})
        )


def _page(row: Any) -> RelayPage:  # noqa: ANN401 - a Row of the table
    sighting = None
    if row.seen_at is not None:
        sighting = Sighting(
            relay=row.name,
            health=Health(row.health),
            seen=row.seen_at,
            worker=row.worker,
            reason=load_phrase(row.reason, row.reason_json),
            until=row.until,
            permanent=row.permanent,
        )
    return RelayPage(
        relay=row.name,
        paused_by=row.paused_by,
        paused_at=row.paused_at,
        resumed_at=row.resumed_at,
        sighting=sighting,
    )
