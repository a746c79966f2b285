"""Deliveries taken for sending and given back; what happens in between is ``booking``.

A claim carries a fence: each new claim of a row raises it, and no statement of an older
claim changes the row any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    select,
    tuple_,
    update,
)

from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.ports import Claim, Run
from mailer.phrases import Phrase, say
from mailer.store.ledger.audience import no_longer_wanted
from mailer.store.schema import IS_DUE, delivery, run

_GONE = say("left or suppressed meanwhile")
_VARIANTS = {str(variant): variant for variant in Variant}

# Both are put together once: that takes as long as to claim a hundred.
OLDEST = (
    select(
        delivery.c.subscriber_id,
        delivery.c.fence,
        delivery.c.variant,
        delivery.c.email,
        delivery.c.name,
        delivery.c.attempts,
        delivery.c.text_only,
        delivery.c.measured,
        no_longer_wanted().label("gone"),
    )
    .join_from(delivery, run, run.c.id == delivery.c.run_id)
    .where(delivery.c.run_id == bindparam("of_run"))
    .where(IS_DUE)
    .where(delivery.c.next_attempt_at <= bindparam("now"))
    .order_by(delivery.c.next_attempt_at, delivery.c.subscriber_id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=delivery, skip_locked=True)
)
"""What is due, in the order of its index; on PostgreSQL what nobody else is claiming."""

_CLAIM = (
    update(delivery)
    .where(delivery.c.run_id == bindparam("of_run"))
    .where(delivery.c.subscriber_id.in_(bindparam("claimed", expanding=True)))
    .values(
        state=State.CLAIMED,
        fence=delivery.c.fence + 1,
        worker=bindparam("by"),
        lease_until=bindparam("until"),
        updated_at=bindparam("now"),
    )
)


def claim(
    connection: Connection,
    which: Run,
    *,
    worker: str,
    limit: int,
    now: datetime,
    lease: timedelta,
) -> list[Claim]:
    """Claim deliveries whose time has come, oldest first; who is gone is withdrawn."""
    wanted: list[Claim] = []
    while not wanted:
        rows = connection.execute(
            OLDEST, {"of_run": which.id, "now": now, "most": limit}
        ).all()
        if not rows:
            return []
        # A tuple is taken apart in a third of the time that naming its values takes.
        gone = []
        for subscriber, fence, variant, email, name, tried, plain, traced, left in rows:
            if left:
                gone.append(subscriber)
                continue
            wanted.append(
                Claim(
                    run=which.id,
                    subscriber=subscriber,
                    fence=fence + 1,
                    variant=_VARIANTS[variant],
                    email=email,
                    name=name,
                    attempts=tried,
                    text_only=bool(plain),
                    measured=bool(traced),
                )
            )
        if gone:
            _withdraw(connection, which.id, gone, now)
    connection.execute(
        _CLAIM,
        {
            "of_run": which.id,
            "claimed": [claim.subscriber for claim in wanted],
            "by": worker,
            "until": now + lease,
            "now": now,
        },
    )
    return wanted


def release(connection: Connection, claims: Sequence[Claim]) -> None:
    """Give back claims that are still ours and were not begun."""
    held = [(claim.run, claim.subscriber, claim.fence) for claim in claims]
    connection.execute(
        update(delivery)
        .where(
            tuple_(delivery.c.run_id, delivery.c.subscriber_id, delivery.c.fence).in_(
                held
            )
        )
        .where(delivery.c.state == State.CLAIMED)
        .values(state=State.DUE, lease_until=None)
    )


def _withdraw(
    connection: Connection, which: int, subscribers: Sequence[int], now: datetime
) -> None:
    """Take rows that this transaction holds out of the run."""
    connection.execute(
        update(delivery)
        .where(delivery.c.run_id == which)
        .where(delivery.c.subscriber_id.in_(subscribers))
        .values(**_withdrawn(now))
    )


def _withdrawn(now: datetime, why: Phrase = _GONE) -> dict[str, Any]:
    return {
        "state": State.WITHDRAWN,
        "next_attempt_at": None,
        "lease_until": None,
        "reason": str(why),
        "updated_at": now,
    }


def withdraw_reader(
    connection: Connection, subscriber: int, publication: str | None, now: datetime
) -> None:
    """Take somebody out of every run, of one publication or all, at once.

    What is being handed over is not taken back: they may have the message already. A run
    that is being opened is waited for by the caller (``engine.beside``).
    """
    unsent = update(delivery).where(_unsent([subscriber], publication))
    connection.execute(unsent.values(**_withdrawn(now)))


def withdraw_readers(
    connection: Connection,
    subscribers: Sequence[int],
    publication: str | None,
    now: datetime,
    why: Phrase = _GONE,
) -> list[tuple[int, int]]:
    """The same for many; the rows (run, subscriber) that a sender has in hand are left.

    Those come back, to be withdrawn one by one (``withdraw_held``). To wait for them here
    could be to wait in a circle: a sender's commit holds many rows, and so do we.
    """
    key = (delivery.c.run_id, delivery.c.subscriber_id)
    unsent = select(*key).where(_unsent(subscribers, publication))
    free = connection.execute(unsent.with_for_update(skip_locked=True)).all()
    if free:
        connection.execute(
            update(delivery)
            .where(tuple_(*key).in_([tuple(row) for row in free]))
            .values(**_withdrawn(now, why))
        )
    if connection.dialect.name == "sqlite":
        return []  # one writer at a time: nobody held any
    return [(row.run_id, row.subscriber_id) for row in connection.execute(unsent)]


def withdraw_held(
    connection: Connection,
    *,
    key: tuple[int, int],
    now: datetime,
    why: Phrase = _GONE,
) -> None:
    """Withdraw one delivery, once whoever holds it lets go, if it still waits then."""
    number, subscriber = key
    connection.execute(
        update(delivery)
        .where(delivery.c.run_id == number)
        .where(_unsent([subscriber], None))
        .values(**_withdrawn(now, why))
    )


def _unsent(subscribers: Sequence[int], publication: str | None) -> ColumnElement[bool]:
    unsent = delivery.c.subscriber_id.in_(subscribers) & delivery.c.state.in_(
        [State.DUE, State.CLAIMED]
    )
    if publication is None:
        return unsent
    theirs = select(run.c.id).where(run.c.publication == publication)
    return unsent & delivery.c.run_id.in_(theirs)
