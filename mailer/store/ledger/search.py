"""Lines of the ledger by what an operator knows of them, in pages.

A page is a transaction of its own that ends at once: whoever reads a million rows keeps
no sender from its journal, and needs memory for one page.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from mailer.audience.address import address_key
from mailer.delivery.ledger import State
from mailer.delivery.reply import Reply
from mailer.edition.model import Variant
from mailer.flows.control import Line, Search
from mailer.flows.ports import Entry
from mailer.store.schema import delivery, run, subscriber


def latest(connection: Connection, search: Search, limit: int) -> list[Line]:
    """The lines that changed last, the oldest of them first."""
    newest = (
        _wanted(search)
        .order_by(
            delivery.c.updated_at.desc(),
            delivery.c.run_id.desc(),
            delivery.c.subscriber_id.desc(),
        )
        .limit(limit)
    )
    rows = connection.execute(newest).all()
    return [_line(row) for row in reversed(rows)]


def runs(connection: Connection, search: Search) -> list[int]:
    """The runs to be looked through, the newest first."""
    if search.run is not None:
        return [search.run.id]
    return list(connection.scalars(select(run.c.id).order_by(run.c.id.desc())))


def page(
    connection: Connection, search: Search, number: int, after: int, size: int
) -> tuple[list[Line], int]:
    """Lines of run *number* after subscriber *after*, and the subscriber they end with.

    Found by the key alone: each page begins where the last one ended.
    """
    rows = connection.execute(
        _wanted(search)
        .where(delivery.c.run_id == number)
        .where(delivery.c.subscriber_id > after)
        .order_by(delivery.c.subscriber_id)
        .limit(size)
    ).all()
    return [_line(row) for row in rows], rows[-1].subscriber_id if rows else after


def _wanted(search: Search) -> Select[Any]:
    statement = select(delivery, run.c.name.label("run_name"), run.c.edition).join_from(
        delivery, run, run.c.id == delivery.c.run_id
    )
    if search.run is not None:
        statement = statement.where(delivery.c.run_id == search.run.id)
    if search.states or search.deferred:
        deferred = and_(delivery.c.state == State.DUE, delivery.c.attempts > 0)
        among = delivery.c.state.in_(sorted(search.states))
        statement = statement.where(or_(among, deferred) if search.deferred else among)
    if search.domain:
        statement = statement.where(
            delivery.c.email.iendswith(f"@{search.domain}", autoescape=True)
        )
    if search.relay:
        statement = statement.where(delivery.c.relay == search.relay)
    if search.address:
        known = select(subscriber.c.id).where(
            subscriber.c.email_key == address_key(search.address)
        )
        statement = statement.where(delivery.c.subscriber_id.in_(known))
    if search.since is not None:
        statement = statement.where(delivery.c.updated_at >= search.since)
    return statement


def as_entry(row: Row[Any]) -> Entry:
    """A row of ``delivery`` in the operator's words; the relay's, if they say it all."""
    reply = str(Reply(row.code, row.reply, row.enhanced)) if row.reply else ""
    return Entry(
        email=row.email,
        variant=Variant(row.variant),
        state=State(row.state),
        attempts=row.attempts,
        relay=row.relay,
        code=row.code,
        reason=row.reason or reply,
        next_attempt=row.next_attempt_at,
        updated=row.updated_at,
    )


def _line(row: Row[Any]) -> Line:
    return Line(run=row.run_name, edition=row.edition, entry=as_entry(row))
