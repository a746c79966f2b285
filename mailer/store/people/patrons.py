"""Paid memberships over SQL: the Patrons port."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from mailer.audience.address import address_key
from mailer.audience.patron import Event, Patron
from mailer.flows.readers.patronage import Granting, Heard, Hearing
from mailer.store.documents import dump, load
from mailer.store.engine import Store, Turn, alone
from mailer.store.inserting import insert_into
from mailer.store.people.membership import give
from mailer.store.schema import member_event
from mailer.store.schema import patron as patron_table

_REMEMBERED = timedelta(days=90)
"""How long an event's id is kept: providers repeat theirs for some days."""


class SqlPatrons:
    """The Patrons port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def hear(
        self, event: Event, *, fallback: str, grant: Granting, now: datetime
    ) -> Heard:
        """See the port."""

        def work(connection: Connection) -> Heard:
            # One at a time: two events of one membership would each miss the other.
            alone(connection, Turn.ADMIT)
            if not _is_new(connection, event, now):
                return Heard(hearing=Hearing.REPEATED)
            known = _load(connection, event).heard(event)
            publication = known.publication or fallback
            _keep(connection, known, publication)
            if not known.email or not publication:
                return Heard(hearing=Hearing.WAITING)
            theirs = select(patron_table.c.state_json).where(
                patron_table.c.provider == event.provider,
                patron_table.c.email_key == address_key(known.email),
                patron_table.c.publication == publication,
            )
            patrons = [load(Patron, text) for text in connection.scalars(theirs)]
            given = grant(publication, patrons)
            if given is None:
                return Heard(hearing=Hearing.WAITING)
            effect = give(connection, given, now)
            return Heard(hearing=Hearing.GRANTED, effect=effect)

        return await self._store.write(work)


def _is_new(connection: Connection, event: Event, now: datetime) -> bool:
    """Whether *event* was not heard before; from now on it was."""
    connection.execute(
        delete(member_event).where(member_event.c.heard_at < now - _REMEMBERED)
    )
    made = (
        insert_into(connection, member_event)
        .values(provider=event.provider, id=event.id, heard_at=now)
        .on_conflict_do_nothing()
        .returning(member_event.c.id)
    )
    return connection.execute(made).first() is not None


def _load(connection: Connection, event: Event) -> Patron:
    kept = connection.execute(
        select(patron_table.c.state_json).where(
            patron_table.c.provider == event.provider, patron_table.c.key == event.key
        )
    ).scalar()
    if kept is None:
        return Patron(provider=event.provider, key=event.key)
    return load(Patron, kept)


def _keep(connection: Connection, patron: Patron, publication: str) -> None:
    named = {"provider": patron.provider, "key": patron.key}
    row = {
        "email_key": address_key(patron.email) if patron.email else None,
        "publication": publication,
        "state_json": dump(patron),
    }
    connection.execute(
        insert_into(connection, patron_table)
        .values(**named, **row)
        .on_conflict_do_update(index_elements=list(named), set_=row)
    )
