"""What came back of the newest edition of each publication, counted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from mailer.delivery.bounce.model import Kind, Reason
from mailer.delivery.ledger import State
from mailer.flows.returning.arrivals import Proof, Toll
from mailer.store.schema import arrival, delivery, run

COUNTED = (Kind.HARD, Kind.SOFT, Kind.COMPLAINT)
"""The kinds of arrivals that say that something is wrong."""

_WENT = (State.ACCEPTED, State.BOUNCED, State.COMPLAINED)


def tolls(connection: Connection, since: datetime) -> list[Toll]:
    """What came back of the newest edition of each publication that has sent *since*."""
    runs = (
        select(run.c.publication, run.c.edition)
        .where(run.c.started_at >= since)
        .order_by(run.c.id)
    )
    newest = {row.publication: row.edition for row in connection.execute(runs)}
    return [_toll(connection, *each) for each in sorted(newest.items())]


def reason_of(text: str) -> Reason:
    """A reason as it was written; one that a later mailer knows is none to us."""
    return Reason(text) if text in set(Reason) else Reason.NONE


def _toll(connection: Connection, publication: str, edition: str) -> Toll:
    went = connection.execute(
        select(func.count())
        .select_from(delivery)
        .join(run, run.c.id == delivery.c.run_id)
        .where(run.c.edition == edition)
        .where(delivery.c.state.in_(_WENT))
    ).scalar_one()
    found = connection.execute(
        select(arrival.c.kind, arrival.c.reason, func.count().label("n"))
        .where(arrival.c.publication == publication)
        .where(arrival.c.edition == edition)
        .where(arrival.c.proof != Proof.NONE)
        .where(arrival.c.kind.in_(COUNTED))
        .group_by(arrival.c.kind, arrival.c.reason)
    ).all()
    count = dict.fromkeys((*COUNTED, "ours"), 0)
    for row in found:
        count["ours" if reason_of(row.reason).is_ours else row.kind] += row.n
    return Toll(
        publication=publication,
        edition=edition,
        accepted=went,
        hard=count[Kind.HARD],
        soft=count[Kind.SOFT],
        complaints=count[Kind.COMPLAINT],
        ours=count["ours"],
    )
