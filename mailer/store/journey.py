"""What a worker does to one delivery: claim it, hand it over, write what became of it.

A claim carries a fence: each new claim of a row raises it, and no statement of an older
claim changes the row any more. What runs once per message is made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    select,
    text,
    tuple_,
    update,
)

from mailer.delivery.ledger import MOVES, State, is_end
from mailer.delivery.reply import Fault
from mailer.edition.model import Variant
from mailer.flows.ports import Claim, Run, Settlement
from mailer.phrases import say
from mailer.store.audience import no_longer_wanted
from mailer.store.schema import delivery, microseconds, run

_GONE = say("left or suppressed meanwhile")
_LONGEST = 1000  # a line of a reply is at most 512 octets: RFC 5321 section 4.5.3.1.5

# Promises: whether the reader of a claim that is still ours has gone; holds the row.
_LOOK = (
    select(no_longer_wanted().label("gone"))
    .join_from(delivery, run, run.c.id == delivery.c.run_id)
    .where(delivery.c.run_id == bindparam("run"))
    .where(delivery.c.subscriber_id == bindparam("subscriber"))
    .where(delivery.c.fence == bindparam("fence"))
    .where(delivery.c.state == State.CLAIMED)
    .with_for_update(of=delivery)
)
# Promises: marks a claimed row as being handed over, if the claim is still ours.
_HAND_OVER = text(
    "UPDATE delivery SET state = 'handing over', updated_at = :now"
    " WHERE run_id = :run AND subscriber_id = :subscriber"
    " AND fence = :fence AND state = 'claimed'"
)
# Promises: writes what became of a claim, if the claim is still ours and the table of
# moves has a line for it; counts the attempt.
_SETTLE = text(
    "UPDATE delivery SET state = :state, attempts = attempts + :spent,"
    " next_attempt_at = :next_attempt, lease_until = NULL, relay = :relay,"
    " stage = :stage, code = :code, enhanced = :enhanced, reply = :reply,"
    " reason = :reason, updated_at = :now"
    " WHERE run_id = :run AND subscriber_id = :subscriber"
    " AND fence = :fence AND state IN (:before, :or_before)"
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
    wanted: list[Row[Any]] = []
    while not wanted:
        rows = _candidates(connection, which, now, limit)
        if not rows:
            return []
        if gone := [row.subscriber_id for row in rows if row.gone]:
            _withdraw(connection, which.id, gone, now)
        wanted = [row for row in rows if not row.gone]
    connection.execute(
        update(delivery)
        .where(delivery.c.run_id == which.id)
        .where(delivery.c.subscriber_id.in_([row.subscriber_id for row in wanted]))
        .values(
            state=State.CLAIMED,
            fence=delivery.c.fence + 1,
            worker=worker,
            lease_until=now + lease,
            updated_at=now,
        )
    )
    return [
        Claim(
            run=which.id,
            subscriber=row.subscriber_id,
            fence=row.fence + 1,
            variant=Variant(row.variant),
            email=row.email,
            name=row.name,
            attempts=row.attempts,
        )
        for row in wanted
    ]


def still_wanted(connection: Connection, held: Claim, now: datetime) -> bool:
    """Whether the claim is ours and its reader still there; if not, withdrawn."""
    row = connection.execute(_LOOK, _identity(held)).first()
    if row is None:
        return False
    if row.gone:
        _withdraw(connection, held.run, [held.subscriber], now)
    return not row.gone


def hand_over(connection: Connection, held: Claim, now: datetime) -> bool:
    """Mark the claim as being handed over; False if it is no longer ours."""
    values = {**_identity(held), "now": microseconds(now)}
    return bool(connection.execute(_HAND_OVER, values).rowcount)


def settle(connection: Connection, settlement: Settlement, now: datetime) -> None:
    """Write what became of a claim, unless it is fenced off."""
    attempt, verdict = settlement.attempt, settlement.verdict
    reply = attempt.reply
    before = _before(settlement)
    connection.execute(
        _SETTLE,
        {
            **_identity(settlement.claim),
            "before": before[0],
            "or_before": before[-1],
            "state": str(settlement.state),
            # Our own configuration refused: the reader's attempts are not spent.
            "spent": 0 if verdict.fault is Fault.RUN else 1,
            "next_attempt": microseconds(settlement.next_attempt),
            "relay": attempt.relay,
            "stage": str(attempt.stage),
            "code": reply.code if reply else None,
            "enhanced": reply.enhanced if reply else "",
            "reply": reply.text[:_LONGEST] if reply else "",
            "reason": str(verdict.reason)[:_LONGEST],
            "now": microseconds(now),
        },
    )


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


def check_settlement(settlement: Settlement) -> None:
    """Raise ValueError for what would leave a row that nothing ever moves again."""
    state, later = settlement.state, settlement.next_attempt
    if (state is State.DUE) != (later is not None):
        message = f"{state} with next attempt {later}: due needs one, an end has none"
        raise ValueError(message)
    if not _before(settlement):
        message = f"an attempt does not leave a delivery {state}"
        raise ValueError(message)


def _before(settlement: Settlement) -> list[str]:
    """The states of a claim from which the table of moves leads there."""
    state = settlement.state
    if state is not State.DUE and not is_end(state):
        return []
    held = (State.CLAIMED, State.HANDING_OVER)
    return [str(before) for before in held if state in MOVES[before]]


def _candidates(
    connection: Connection, which: Run, now: datetime, limit: int
) -> list[Row[Any]]:
    """Rows to claim next; on PostgreSQL those that nobody else is claiming.

    Two statements, for each finds its rows in the order of the index: one over both
    states would sort all that waits for every batch.
    """
    lapsed = (delivery.c.state == State.CLAIMED) & (delivery.c.lease_until <= now)
    due = (delivery.c.state == State.DUE) & (delivery.c.next_attempt_at <= now)
    found: list[Row[Any]] = []
    for ready in (lapsed, due):
        if len(found) < limit:
            oldest = _oldest(which, ready).limit(limit - len(found))
            found += connection.execute(oldest).all()
    return found


def _oldest(which: Run, ready: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            delivery.c.subscriber_id,
            delivery.c.fence,
            delivery.c.variant,
            delivery.c.email,
            delivery.c.name,
            delivery.c.attempts,
            no_longer_wanted().label("gone"),
        )
        .join_from(delivery, run, run.c.id == delivery.c.run_id)
        .where(delivery.c.run_id == which.id)
        .where(ready)
        .order_by(delivery.c.next_attempt_at, delivery.c.subscriber_id)
        .with_for_update(of=delivery, skip_locked=True)
    )


def _withdraw(
    connection: Connection, which: int, subscribers: Sequence[int], now: datetime
) -> None:
    """Take rows that this transaction holds out of the run."""
    connection.execute(
        update(delivery)
        .where(delivery.c.run_id == which)
        .where(delivery.c.subscriber_id.in_(subscribers))
        .values(
            state=State.WITHDRAWN,
            next_attempt_at=None,
            lease_until=None,
            reason=str(_GONE),
            updated_at=now,
        )
    )


def _identity(held: Claim) -> dict[str, int]:
    return {"run": held.run, "subscriber": held.subscriber, "fence": held.fence}
