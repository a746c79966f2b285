"""Erasing a reader: table by table, until a keyed hash is all that is left of them.

Every table that can name a reader stands here, and a test compares the list with the
schema. Deliveries stay as lines that name nobody: a run that was sent still adds up.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from mailer.audience.subscriber import Reason
from mailer.flows.readers.dossier import Erased
from mailer.store.barring import ERASED, hashed
from mailer.store.engine import Turn, alone, beside
from mailer.store.ledger.journey import withdraw_readers
from mailer.store.schema import (
    answer,
    arrival,
    consent,
    delivery,
    letter,
    measured,
    patron,
    subscriber,
    subscription,
    suppression,
    tag,
    vote,
)

GONE: tuple[Table, ...] = (subscription, consent, letter, tag, answer, measured)
"""Of these their rows are deleted; each names them by ``subscriber_id``."""

BY_ADDRESS: tuple[Table, ...] = (patron,)
"""Of these too; they know somebody by their address alone."""

BLANKED: tuple[Table, ...] = (subscriber, delivery, vote, arrival, suppression)
"""Of these something is left, or another rule holds: ``_blank`` and ``_bar``."""

_Held = list[tuple[int, int]]


def erase(
    connection: Connection, number: int, now: datetime
) -> tuple[Erased, _Held] | None:
    """Erase subscriber *number*; what went, and deliveries still to be withdrawn."""
    alone(connection, Turn.ADMIT)
    beside(connection, Turn.OPEN_RUN)  # or a run being opened would write to them
    person = connection.execute(
        select(subscriber)
        .where(subscriber.c.id == number)
        .where(subscriber.c.email != "")
        .with_for_update()
    ).first()
    if person is None:
        return None
    held = withdraw_readers(connection, [number], None, now)
    rows = {table.name: _delete(connection, table, number) for table in GONE}
    for table in BY_ADDRESS:
        theirs = delete(table).where(table.c.email_key == person.email_key)
        rows[table.name] = connection.execute(theirs).rowcount
    rows[arrival.name] = connection.execute(
        delete(arrival).where(of_arrivals(person))
    ).rowcount
    _bar(connection, person, now)
    deliveries = _blank(connection, person)
    return Erased(rows=rows, deliveries=deliveries), held


def blank_late_replies(connection: Connection) -> int:
    """What a relay said of an erased reader after their erasure; how many lines."""
    return connection.execute(
        update(delivery)
        .where(delivery.c.email == "")
        .where((delivery.c.reply != "") | (delivery.c.reason != ""))
        .values(reply="", reason="")
    ).rowcount


def of_arrivals(person: Row[Any]) -> ColumnElement[bool]:
    """True for what came back about them, proved or by the address alone."""
    proved: ColumnElement[bool] = arrival.c.subscriber_id == person.id
    return proved | (func.lower(arrival.c.recipient) == str(person.email_key))


def _delete(connection: Connection, table: Table, number: int) -> int:
    theirs = delete(table).where(table.c.subscriber_id == number)
    return connection.execute(theirs).rowcount


def _bar(connection: Connection, person: Row[Any], now: datetime) -> None:
    """Put the hash on the list in the address's place; an older reason stays."""
    plain = suppression.c.email_key == person.email_key
    before = connection.execute(select(suppression).where(plain)).first()
    connection.execute(delete(suppression).where(plain))
    key = hashed(connection, person.email_key)
    connection.execute(delete(suppression).where(suppression.c.email_key == key))
    connection.execute(
        insert(suppression).values(
            email_key=key,
            email="",
            reason=Reason.ERASED if before is None else before.reason,
            at=now if before is None else before.at,
            note="",
        )
    )


def _blank(connection: Connection, person: Row[Any]) -> int:
    """Leave lines and votes that name nobody; how many deliveries."""
    cast = select(vote).where(vote.c.subscriber_id == person.id)
    for row in connection.execute(cast).all():
        connection.execute(
            update(vote)
            .where(vote.c.edition == row.edition)
            .where(vote.c.poll == row.poll)
            .where(vote.c.voter == row.voter)
            .values(
                voter=f"{ERASED}{secrets.token_hex(8)}",
                subscriber_id=None,
                voted_at=None,
            )
        )
    connection.execute(
        update(subscriber)
        .where(subscriber.c.id == person.id)
        .values(
            email="",
            email_key=f"{ERASED}{person.id}",
            name="",
            lang=None,
            text_only=None,
            tracking=None,
        )
    )
    return connection.execute(
        update(delivery)
        .where(delivery.c.subscriber_id == person.id)
        .values(email="", name="", reply="", reason="", text_only=None)
    ).rowcount
