"""Everything held about one reader: the Dossiers port over SQL."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, select

from mailer.flows.readers.dossier import Dossier, Erased
from mailer.store.engine import Store
from mailer.store.ledger.journey import withdraw_held
from mailer.store.people import erasure
from mailer.store.people.rows import whole_person
from mailer.store.schema import (
    answer,
    arrival,
    consent,
    delivery,
    letter,
    measured,
    patron,
    run,
    subscriber,
    subscription,
    suppression,
    tag,
    vote,
)

_OURS = frozenset(
    """id subscriber_id email_key run_id fence worker lease_until attempts doubts
    words_json values_json key voter""".split()
)
"""Columns that say nothing of a reader but what the rest says, or how we work."""


class SqlDossiers:
    """The Dossiers port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, subscriber: int) -> Dossier | None:
        """See the port."""
        return await self._store.read(lambda c: _read(c, subscriber))

    async def erase(self, subscriber: int, *, now: datetime) -> Erased | None:
        """See the port."""
        found = await self._store.write(lambda c: erasure.erase(c, subscriber, now))
        if found is None:
            return None
        erased, held = found
        for key in held:
            await self._store.write(partial(withdraw_held, key=key, now=now))
        if held:
            await self._store.write(erasure.blank_late_replies)
        return erased


def _read(connection: Connection, number: int) -> Dossier | None:
    person = whole_person(connection, subscriber.c.id == number)
    if person is None:
        return None
    theirs = select(subscriber).where(subscriber.c.id == number)
    row = connection.execute(theirs).one()
    facts: dict[str, object] = {
        "subscriber": _plain(connection.execute(theirs).mappings().one())
    }
    for kind, statement in _sections(number, row).items():
        facts[kind] = [_plain(r) for r in connection.execute(statement).mappings()]
    return Dossier(person=person, facts=facts)


def _sections(number: int, person: Any) -> Mapping[str, Select[Any]]:  # noqa: ANN401 - a Row
    """What is told, by its name: every row of every table that can name a reader."""
    sent = (
        select(
            run.c.publication,
            run.c.edition,
            run.c.title,
            run.c.started_at,
            *_told(delivery),
        )
        .join_from(delivery, run, run.c.id == delivery.c.run_id)
        .order_by(run.c.id)
    )
    listed = select(*_told(suppression)).where(
        suppression.c.email_key == person.email_key
    )
    came_back = select(*_told(arrival)).where(erasure.of_arrivals(person))
    return {
        "subscriptions": _theirs(subscription, number),
        "consents": _theirs(consent, number).order_by(consent.c.id),
        "suppression": listed,
        "deliveries": sent.where(delivery.c.subscriber_id == number),
        "letters": _theirs(letter, number).order_by(letter.c.id),
        "votes": _theirs(vote, number),
        "tags": _theirs(tag, number),
        "answers": _theirs(answer, number),
        "measured": _theirs(measured, number),
        "payments": select(
            patron.c.provider,
            patron.c.key.label("customer"),
            patron.c.publication,
            patron.c.state_json.label("state"),
        ).where(patron.c.email_key == person.email_key),
        "bounces": came_back.order_by(arrival.c.id),
    }


def _theirs(table: Any, number: int) -> Select[Any]:  # noqa: ANN401 - a Table
    return select(*_told(table)).where(table.c.subscriber_id == number)


def _told(table: Any) -> Sequence[Any]:  # noqa: ANN401 - a Table's columns
    return [column for column in table.c if column.name not in _OURS]


def _plain(row: Mapping[Any, Any]) -> dict[str, object]:
    """A row as JSON has it; what is empty is left out."""
    return {
        str(name): _value(value)
        for name, value in row.items()
        if value not in {None, ""} and str(name) not in _OURS
    }


def _value(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
