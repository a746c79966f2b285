"""Opening a run: the edition frozen and a delivery per reader, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select, text, update

from mailer.audience.address import address_key
from mailer.audience.expression import read_segment
from mailer.delivery.canary import NOBODY, Canary
from mailer.delivery.ledger import State
from mailer.edition.model import Edition, Variant
from mailer.edition.succession import renamed_since
from mailer.errors import GuardError
from mailer.flows.approvals import Acceptance, Approval
from mailer.flows.ports import Plan, Run, RunState
from mailer.phrases import say
from mailer.rendering.model import Frozen
from mailer.store.codec import (
    dump_accepted,
    load_accepted,
    load_edition,
    load_phrase,
)
from mailer.store.engine import Turn, alone
from mailer.store.ledger.approvals import require_standing
from mailer.store.ledger.audience import SKIPPED, audience
from mailer.store.ledger.freezer import freeze
from mailer.store.schema import delivery, run, subscriber
from mailer.store.schema import frozen as frozen_table

_AHEAD = timedelta(seconds=1)
"""What is due first is claimed first: named readers of a canary are due before all."""


def plan(connection: Connection, frozen: Frozen, now: datetime) -> Plan:
    """Whom a run of *frozen* would write to, counted; GuardError if it was renamed."""
    _refuse_renamed(connection, frozen.edition)
    lots = _audience(frozen, now).subquery()
    statement = select(lots.c.lot, func.count().label("n")).group_by(lots.c.lot)
    found: dict[str, int] = {
        str(row.lot): row.n for row in connection.execute(statement)
    }
    return Plan(
        recipients={v: found.get(str(v), 0) for v in _variants(frozen)},
        skipped={reason: found[reason] for reason in SKIPPED if reason in found},
    )


def open_run(
    connection: Connection,
    frozen: Frozen,
    now: datetime,
    accepted: Sequence[Acceptance] = (),
    approval: Approval | None = None,
    departs: datetime | None = None,
    canary: Canary = NOBODY,
) -> Run:
    """A run with a delivery per reader; GuardError if it must not be."""
    edition = frozen.edition
    alone(connection, Turn.OPEN_RUN)
    if approval is not None:
        require_standing(connection, approval)
    _refuse_renamed(connection, edition)
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
    key = connection.execute(
        insert(run)
        .values(
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
        .returning(run.c.id)
    ).scalar_one()
    lots = _audience(frozen, now).subquery()
    constants: dict[str, Any] = {
        "state": str(State.DUE),
        "fence": 0,
        "worker": "",
        "attempts": 0,
        "relay": "",
        "stage": "",
        "enhanced": "",
        "reply": "",
        "reason": "",
    }
    moment = delivery.c.updated_at.type
    rows = select(
        literal(key),
        lots.c.id,
        lots.c.lot,
        lots.c.email,
        lots.c.name,
        lots.c.text_only,
        lots.c.measured,
        *(literal(value) for value in constants.values()),
        literal(now, moment),
        literal(now, moment),
    ).where(lots.c.lot.in_([str(v) for v in _variants(frozen)]))
    columns = "run_id subscriber_id variant email name text_only measured".split()
    inserted = connection.execute(
        insert(delivery).from_select(
            [*columns, *constants, "next_attempt_at", "updated_at"], rows
        ),
        execution_options={"preserve_rowcount": True},  # else unknown to PostgreSQL
    )
    if inserted.rowcount == 0:
        message = say("nobody to send {name} to", name=edition.name)
        raise GuardError(message)
    if canary:
        _send_ahead(connection, key, canary, now, inserted.rowcount)
    if connection.dialect.name != "sqlite":
        # Without statistics PostgreSQL would read all of the run to find a few of it.
        connection.execute(text("ANALYZE delivery"))
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


def _refuse_renamed(connection: Connection, edition: Edition) -> None:
    """Number and slug are an edition's for good once a run of it was opened."""
    kept = connection.scalars(
        select(frozen_table.c.edition_json)
        .where(run.c.publication == edition.publication)
        .where(run.c.frozen_id == frozen_table.c.id)
        .distinct()
    )
    if renamed := renamed_since(edition, map(load_edition, kept)):
        raise GuardError(renamed.message, hint=renamed.hint)


def _name(connection: Connection, edition: str) -> str:
    """The first free one: ``a/b-c`` and ``a-b/c`` would share their names."""
    stem = edition.replace("/", "-")
    taken = set(
        connection.scalars(
            select(run.c.name).where(run.c.name.startswith(stem, autoescape=True))
        )
    )
    return next(name for n in count(1) if (name := f"{stem}-{n}") not in taken)


def _audience(frozen: Frozen, now: datetime) -> Any:  # noqa: ANN401 - a Select of columns
    return audience(
        frozen.publication,
        frozen.edition.name,
        _variants(frozen),
        now,
        segment=read_segment(frozen.segment),
    )


def _variants(frozen: Frozen) -> list[Variant]:
    return [r.variant for r in frozen.renderings if r.variant.is_mail]


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
