"""Who leaves, and who takes it back: the Exits port over SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import (
    ColumnElement,
    Connection,
    exists,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from mailer.audience.subscriber import Action, Standing
from mailer.flows.readers.leaving import Exit, Farewell
from mailer.store.engine import Store, Turn, beside
from mailer.store.ledger.journey import withdraw_held, withdraw_readers
from mailer.store.schema import consent, subscriber, subscription, suppression

_Standings = dict[tuple[int, str], tuple[Standing, datetime]]


class SqlExits:
    """Ends subscriptions, group by group."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def end(
        self, exits: Sequence[Exit], *, now: datetime
    ) -> list[Farewell | None]:
        """See the port."""
        return await end(self._store, exits, now)

    async def rejoin(
        self, subscriber: int, publication: str, *, left: datetime, now: datetime
    ) -> bool:
        """See the port."""
        return await self._store.write(
            lambda c: _rejoin(c, subscriber, publication, left, now)
        )


async def end(
    store: Store, exits: Sequence[Exit], now: datetime
) -> list[Farewell | None]:
    """End what *exits* name; see ``flows.readers.leaving.Exits``."""
    farewells, held = await store.write(lambda c: end_in(c, exits, now))
    await withdraw_all_held(store, held, now)
    return farewells


async def withdraw_all_held(
    store: Store, held: Iterable[tuple[int, int]], now: datetime
) -> None:
    """Withdraw what a sender had in hand when ``end_in`` looked.

    One transaction each: whoever waits for one row alone is never waited for in a circle.
    """
    for key in held:
        await store.write(partial(withdraw_held, key=key, now=now))


def end_in(
    connection: Connection, exits: Sequence[Exit], now: datetime
) -> tuple[list[Farewell | None], list[tuple[int, int]]]:
    """The same inside a transaction of the caller's.

    What each of *exits* came to, and the deliveries (run, subscriber) that are to be
    withdrawn after it (``journey.withdraw_held``).
    """
    beside(connection, Turn.OPEN_RUN)  # or a run being opened would miss it
    standings = _standings(connection, {each.subscriber for each in exits})
    before = dict(standings)
    farewells: list[Farewell | None] = []
    log: list[dict[str, object]] = []
    for each in exits:
        named = [
            key
            for key in standings
            if key[0] == each.subscriber and each.publication in {None, key[1]}
        ]
        if not named:
            farewells.append(None)
            continue
        ended = [key for key in named if standings[key][0] is not Standing.LEFT]
        was_active = [key for key in ended if standings[key][0] is Standing.ACTIVE]
        for key in ended:
            standings[key] = (Standing.LEFT, now)
            log.append(_line(key, Action.LEFT, str(each.how), now))
        farewells.append(
            Farewell(
                exit=each,
                ended=tuple(publication for _, publication in ended),
                active=len(was_active),
                since=max(standings[key][1] for key in named),
            )
        )
    gone = [key for key, value in standings.items() if value != before[key]]
    if gone:
        connection.execute(
            update(subscription)
            .where(_names(gone))
            .values(standing=Standing.LEFT, since=now, paused_until=None)
        )
        connection.execute(insert(consent), log)
    return farewells, _withdraw(connection, list(standings), exits, now)


def _withdraw(
    connection: Connection,
    taken: Iterable[tuple[int, str]],
    exits: Sequence[Exit],
    now: datetime,
) -> list[tuple[int, int]]:
    """Take who leaves out of the runs; also who left before, should a row be left."""
    named = {(each.subscriber, each.publication) for each in exits}
    gone: dict[str, list[int]] = {}
    for number, publication in taken:
        if named & {(number, publication), (number, None)}:
            gone.setdefault(publication, []).append(number)
    return [
        key
        for publication, people in gone.items()
        for key in withdraw_readers(connection, people, publication, now)
    ]


def _rejoin(
    connection: Connection, number: int, publication: str, left: datetime, now: datetime
) -> bool:
    beside(connection, Turn.OPEN_RUN)
    barred = exists(
        select(literal(1))
        .select_from(subscriber)
        .join(suppression, suppression.c.email_key == subscriber.c.email_key)
        .where(subscriber.c.id == number)
    )
    key = (number, publication)
    row = connection.execute(
        select(subscription.c.standing, subscription.c.since)
        .where(_names([key]))
        .where(~barred)
        .with_for_update()
    ).first()
    if row is None:
        return False
    if row.standing == Standing.ACTIVE:
        return True  # asked twice
    if row.standing != Standing.LEFT or row.since != left:
        return False
    connection.execute(
        update(subscription)
        .where(_names([key]))
        .values(standing=Standing.ACTIVE, since=now)
    )
    connection.execute(
        insert(consent),
        [_line(key, Action.REJOINED, f"undo {left:%Y-%m-%d %H:%M}", now)],
    )
    return True


def _standings(connection: Connection, people: Iterable[int]) -> _Standings:
    """How every subscription of *people* stands, held until the end of the transaction.

    In one order, so that two who end the same ones never wait for each other.
    """
    rows = connection.execute(
        select(subscription)
        .where(subscription.c.subscriber_id.in_(sorted(people)))
        .order_by(subscription.c.subscriber_id, subscription.c.publication)
        .with_for_update()
    )
    return {
        (row.subscriber_id, row.publication): (Standing(row.standing), row.since)
        for row in rows
    }


def _names(keys: Sequence[tuple[int, str]]) -> ColumnElement[bool]:
    return tuple_(subscription.c.subscriber_id, subscription.c.publication).in_(keys)


def _line(
    key: tuple[int, str], action: Action, source: str, now: datetime
) -> dict[str, object]:
    number, publication = key
    return {
        "subscriber_id": number,
        "publication": publication,
        "source": source,
        "wording": "",
        "at": now,
        "action": action,
    }
