"""Deliveries in doubt, and how they end: the only way out of that state but a retry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, select, update

from mailer.delivery.ledger import MOVES, State
from mailer.edition.model import Variant
from mailer.errors import GuardError
from mailer.flows.control import Doubt, Resolution
from mailer.flows.ports import Run, RunState
from mailer.phrases import say, say_many
from mailer.store.codec import dump_phrase
from mailer.store.schema import delivery
from mailer.store.schema import run as run_table


def doubts(connection: Connection, which: Run) -> list[Doubt]:
    """What is in doubt, by address."""
    rows = connection.execute(
        select(delivery)
        .where(delivery.c.run_id == which.id)
        .where(delivery.c.state == State.IN_DOUBT)
        .order_by(delivery.c.email)
    )
    return [
        Doubt(
            subscriber=row.subscriber_id,
            variant=Variant(row.variant),
            email=row.email,
            relay=row.relay,
            reason=row.reason,
            since=row.updated_at,
        )
        for row in rows
    ]


def resolve(
    connection: Connection,
    which: Run,
    resolutions: Sequence[Resolution],
    now: datetime,
) -> int:
    """End doubts, all or none; how many still stood."""
    stood = [_end(connection, which, each, now) for each in resolutions]
    again = sum(
        ended
        for each, ended in zip(resolutions, stood, strict=True)
        if each.state is State.DUE
    )
    if again:
        _open_again(connection, which, again)
    return sum(stood)


def _end(
    connection: Connection, which: Run, resolution: Resolution, now: datetime
) -> bool:
    """Whether the doubt still stood, and so was ended."""
    path = [State.IN_DOUBT, *_way(resolution.state)]
    ended = True
    for before, after in pairwise(path):
        changed = connection.execute(
            update(delivery)
            .where(delivery.c.run_id == which.id)
            .where(delivery.c.subscriber_id == resolution.doubt.subscriber)
            .where(delivery.c.state == before)
            .values(
                state=after,
                next_attempt_at=now if after is State.DUE else None,
                reason=str(resolution.words),
                updated_at=now,
            )
        )
        ended = ended and changed.rowcount == 1
    return ended


def _way(end: State) -> list[State]:
    """The lawful moves from a doubt: who bounced had been accepted."""
    if end in MOVES[State.IN_DOUBT]:
        return [end]
    if end in MOVES[State.ACCEPTED]:
        return [State.ACCEPTED, end]
    message = f"a doubt does not end as {end}"
    raise ValueError(message)


def _open_again(connection: Connection, which: Run, count: int) -> None:
    """A finished run of which something is due again waits for being resumed."""
    state = connection.execute(
        select(run_table.c.state).where(run_table.c.id == which.id).with_for_update()
    ).scalar_one()
    if state == RunState.CANCELLED:
        message = say("{run} was cancelled, and stays so", run=which.name)
        raise GuardError(message, hint=f"mailer reconcile {which.name} --accepted")
    if state != RunState.SENT:
        return
    reason = say_many(
        "{count} delivery is due again at the operator's word",
        "{count} deliveries are due again at the operator's word",
        count,
    )
    connection.execute(
        update(run_table)
        .where(run_table.c.id == which.id)
        .values(
            state=RunState.PAUSED,
            finished_at=None,
            reason=str(reason),
            reason_json=dump_phrase(reason),
        )
    )
