"""What readers choose: the Preferences port over SQL."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from mailer.audience.subscriber import Action, Rhythm, Standing, Tier
from mailer.flows.readers.choosing import Choices, Chosen, Taking
from mailer.flows.readers.leaving import Exit
from mailer.phrases import say
from mailer.store.barring import barred
from mailer.store.engine import Store, Turn, beside
from mailer.store.ledger.journey import withdraw_held, withdraw_readers
from mailer.store.people.exits import end_in
from mailer.store.schema import consent, subscriber, subscription

_PAUSED = say("paused meanwhile")
_SOURCE = "preferences"

_Held = list[tuple[int, int]]


class SqlPreferences:
    """Writes choices down, one reader a transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def choose(
        self, subscriber: int, choices: Choices, *, publication: str, now: datetime
    ) -> Chosen | None:
        """See the port."""
        found = await self._store.write(
            lambda c: _choose(c, subscriber, choices, publication, now)
        )
        if found is None:
            return None
        chosen, held = found
        for key in held:
            await self._store.write(
                partial(withdraw_held, key=key, now=now, why=_PAUSED)
            )
        return chosen


def _choose(
    connection: Connection,
    number: int,
    choices: Choices,
    publication: str,
    now: datetime,
) -> tuple[Chosen, _Held] | None:
    beside(connection, Turn.OPEN_RUN)  # or a run being opened would miss a pause
    person = connection.execute(
        select(subscriber).where(subscriber.c.id == number).with_for_update()
    ).first()
    if person is None:
        return None
    is_changed = _set_person(connection, person, choices, publication, now)
    rows = {
        row.publication: row
        for row in connection.execute(
            select(subscription).where(subscription.c.subscriber_id == number)
        )
    }
    joined: list[str] = []
    gone: list[str] = []
    held: _Held = []
    for paper, taking in choices.takes.items():
        before = rows.get(paper)
        is_taken = before is not None and before.standing == Standing.ACTIVE
        if taking is None:
            gone += [paper] if is_taken else []
            continue
        if not is_taken:
            if barred(connection, [person.email_key]):
                continue
            _join(connection, number, paper, before, taking, now)
            joined.append(paper)
        is_changed |= _set_taking(connection, number, paper, before, taking)
        if taking.paused_until is not None:
            held += withdraw_readers(connection, [number], paper, now, _PAUSED)
    exits = [
        Exit(subscriber=number, publication=paper, how=choices.how) for paper in gone
    ]
    if exits:
        held += end_in(connection, exits, now)[1]
    chosen = Chosen(
        joined=tuple(joined),
        left=tuple(gone),
        changed=bool(is_changed or joined or gone),
    )
    return chosen, held


def _set_person(
    connection: Connection,
    person: Row[Any],
    choices: Choices,
    publication: str,
    now: datetime,
) -> bool:
    """What holds for every publication; whether anything differs."""
    values: dict[str, Any] = {}
    if choices.lang is not None and choices.lang != (person.lang or ""):
        values["lang"] = choices.lang
    if choices.text_only not in {None, bool(person.text_only)}:
        values["text_only"] = choices.text_only
    if choices.tracking is not None and choices.tracking != person.tracking:
        values["tracking"] = choices.tracking
        action = (
            Action.TRACKING_GRANTED if choices.tracking else Action.TRACKING_REFUSED
        )
        _log(
            connection,
            person.id,
            publication,
            action,
            choices.tracking_wording,
            now,
        )
    if values:
        connection.execute(
            update(subscriber).where(subscriber.c.id == person.id).values(**values)
        )
    return bool(values)


def _join(
    connection: Connection,
    number: int,
    paper: str,
    before: Row[Any] | None,
    taking: Taking,
    now: datetime,
) -> None:
    if before is None:
        connection.execute(
            insert(subscription).values(
                subscriber_id=number,
                publication=paper,
                tier=Tier.FREE,
                standing=Standing.ACTIVE,
                since=now,
            )
        )
    else:
        connection.execute(
            update(subscription)
            .where(subscription.c.subscriber_id == number)
            .where(subscription.c.publication == paper)
            .values(standing=Standing.ACTIVE, since=now)
        )
    was_left = before is not None and before.standing == Standing.LEFT
    action = Action.REJOINED if was_left else Action.JOINED
    _log(connection, number, paper, action, taking.wording, now)


def _set_taking(
    connection: Connection,
    number: int,
    paper: str,
    before: Row[Any] | None,
    taking: Taking,
) -> bool:
    was = (Rhythm.EVERY, None)
    if before is not None:
        was = (Rhythm(before.rhythm or Rhythm.EVERY), before.paused_until)
    if was == (taking.rhythm, taking.paused_until):
        return False
    connection.execute(
        update(subscription)
        .where(subscription.c.subscriber_id == number)
        .where(subscription.c.publication == paper)
        .values(rhythm=taking.rhythm, paused_until=taking.paused_until)
    )
    return True


def _log(
    connection: Connection,
    number: int,
    publication: str,
    action: Action,
    wording: str,
    now: datetime,
) -> None:
    connection.execute(
        insert(consent).values(
            subscriber_id=number,
            publication=publication,
            source=_SOURCE,
            wording=wording,
            at=now,
            action=action,
        )
    )
