"""Opening a run: the edition frozen and a delivery per reader, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert, select, update

from mailer.audience.address import address_key
from mailer.delivery.canary import NOBODY, Canary
from mailer.errors import GuardError
from mailer.flows.approvals import Acceptance, Approval
from mailer.flows.ports import Run, RunState
from mailer.phrases import say
from mailer.rendering.model import Frozen
from mailer.store.codec import dump_accepted, load_accepted, load_phrase
from mailer.store.engine import Turn, alone
from mailer.store.ledger.approvals import require_standing
from mailer.store.ledger.drawing import draw_up, next_number, refuse_renamed
from mailer.store.ledger.freezer import freeze
from mailer.store.ledger.proposals import outdate, take_up
from mailer.store.schema import delivery, run, subscriber

_AHEAD = timedelta(hours=1)
"""What is due first is claimed first: named readers of a canary are due before all.

Rows of a proposal are due since it was made, which is less than that ago.
"""


def open_run(
    connection: Connection,
    frozen: Frozen,
    now: datetime,
    accepted: Sequence[Acceptance] = (),
    approval: Approval | None = None,
    departs: datetime | None = None,
    canary: Canary = NOBODY,
    proposal: int | None = None,
) -> Run:
    """A run with a delivery per reader; GuardError if it must not be."""
    edition = frozen.edition
    alone(connection, Turn.OPEN_RUN)
    if approval is not None:
        require_standing(connection, approval)
    refuse_renamed(connection, edition)
    unfinished = connection.execute(
        select(run.c.name)
        .where(run.c.edition == edition.name)
        .where(run.c.finished_at.is_(None))
    ).scalar()
    if unfinished is not None:
        message = say(
            "run {run} of {name} is not finished",
            run=unfinished,
            name=edition.name,
        )
        raise GuardError(message, hint=f"mailer resume {unfinished}")
    readers, key = None, proposal
    if key is not None:
        readers = take_up(connection, key, frozen, now)
    if key is None or readers is None:
        key = next_number(connection)
        readers = draw_up(connection, key, frozen, now)
    if readers == 0:
        message = say("nobody to send {name} to", name=edition.name)
        raise GuardError(message)
    outdate(connection, frozen.publication.id)
    connection.execute(
        insert(run).values(
            id=key,
            name=_name(connection, edition.name),
            edition=edition.name,
            title=edition.title,
            publication=frozen.publication.id,
            frozen_id=freeze(connection, frozen, now),
            sha256=frozen.sha256,
            state=RunState.SENDING if departs is None else RunState.ARMED,
            started_at=now,
            departs_at=departs,
            reason="",
            accepted_json=dump_accepted(accepted),
            segment=edition.segment or None,
        )
    )
    if canary:
        _send_ahead(connection, key, canary, now, readers)
    return as_run(connection.execute(select(run).where(run.c.id == key)).one())


def depart(connection: Connection, which: Run, now: datetime) -> Run:
    """Armed becomes sending, unless it is too early or somebody was quicker."""
    connection.execute(
        update(run)
        .where(run.c.id == which.id)
        .where(run.c.state == RunState.ARMED)
        .where(run.c.departs_at <= now)
        .values(state=RunState.SENDING, started_at=now)
    )
    return as_run(connection.execute(select(run).where(run.c.id == which.id)).one())


def _send_ahead(
    connection: Connection, key: int, canary: Canary, now: datetime, audience: int
) -> None:
    """Write down how many go ahead; named readers are due before everybody else."""
    size = canary.size(audience)
    if canary.seeds:
        known = select(subscriber.c.id).where(
            subscriber.c.email_key.in_([address_key(seed) for seed in canary.seeds])
        )
        size = connection.execute(
            update(delivery)
            .where(delivery.c.run_id == key)
            .where(delivery.c.subscriber_id.in_(known))
            .values(next_attempt_at=now - _AHEAD)
        ).rowcount
        if not size:
            message = say("nobody of the canary is in the run: {names}", names=canary)
            raise GuardError(message, hint=say("name readers who take the edition"))
    connection.execute(update(run).where(run.c.id == key).values(canary=size))


def _name(connection: Connection, edition: str) -> str:
    """The first free one: ``a/b-c`` and ``a-b/c`` would share their names."""
    stem = edition.replace("/", "-")
    taken = set(
        connection.scalars(
            select(run.c.name).where(run.c.name.startswith(stem, autoescape=True))
        )
    )
    return next(name for n in count(1) if (name := f"{stem}-{n}") not in taken)


def as_run(row: Any) -> Run:  # noqa: ANN401 - a Row of the run table
    """A row of the run table as the flows know it."""
    return Run(
        id=row.id,
        name=row.name,
        edition=row.edition,
        title=row.title,
        publication=row.publication,
        sha256=row.sha256,
        state=RunState(row.state),
        started=row.started_at,
        departs=row.departs_at,
        finished=row.finished_at,
        reason=load_phrase(row.reason, row.reason_json),
        accepted=load_accepted(row.accepted_json),
        segment=row.segment or "",
        held=bool(row.held),
        canary=row.canary or 0,
        patient_from=row.patient_from or row.started_at,
    )
