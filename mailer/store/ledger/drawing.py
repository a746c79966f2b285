"""The audience of a run drawn up: counted by the plan, a row for each reader."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, literal, select, text

from mailer.audience.expression import read_segment
from mailer.delivery.ledger import State
from mailer.edition.model import Edition
from mailer.edition.succession import renamed_since
from mailer.errors import GuardError
from mailer.flows.ports import Plan
from mailer.rendering.model import Frozen
from mailer.store.codec import load_edition
from mailer.store.ledger.audience import SKIPPED, audience
from mailer.store.schema import delivery, proposal, run
from mailer.store.schema import frozen as frozen_table


def plan(connection: Connection, frozen: Frozen, now: datetime) -> Plan:
    """Whom a run of *frozen* would write to, counted; GuardError if it was renamed."""
    refuse_renamed(connection, frozen.edition)
    lots = audience_of(connection, frozen, now).subquery()
    statement = select(lots.c.lot, func.count().label("n")).group_by(lots.c.lot)
    found: dict[str, int] = {
        str(row.lot): row.n for row in connection.execute(statement)
    }
    return Plan(
        recipients={v: found.get(str(v), 0) for v in frozen.mail_variants},
        skipped={reason: found[reason] for reason in SKIPPED if reason in found},
    )


def draw_up(connection: Connection, number: int, frozen: Frozen, now: datetime) -> int:
    """Write a row for each reader whom run *number* of *frozen* writes to; how many."""
    lots = audience_of(connection, frozen, now).subquery()
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
        literal(number),
        lots.c.id,
        lots.c.lot,
        lots.c.email,
        lots.c.name,
        lots.c.text_only,
        lots.c.measured,
        *(literal(value) for value in constants.values()),
        literal(now, moment),
        literal(now, moment),
    ).where(lots.c.lot.in_([str(v) for v in frozen.mail_variants]))
    columns = "run_id subscriber_id variant email name text_only measured".split()
    inserted = connection.execute(
        insert(delivery).from_select(
            [*columns, *constants, "next_attempt_at", "updated_at"], rows
        ),
        execution_options={"preserve_rowcount": True},  # else unknown to PostgreSQL
    )
    if connection.dialect.name != "sqlite":
        # Without statistics PostgreSQL would read all of the run to find a few of it.
        connection.execute(text("ANALYZE delivery"))
    return inserted.rowcount


def drawn(connection: Connection, number: int) -> dict[str, int]:
    """How many get each variant, of the rows that were drawn up as *number*."""
    statement = (
        select(delivery.c.variant, func.count().label("n"))
        .where(delivery.c.run_id == number)
        .group_by(delivery.c.variant)
    )
    return {str(row.variant): row.n for row in connection.execute(statement)}


def next_number(connection: Connection) -> int:
    """The number of the next run, for whoever has the turn to open one."""
    taken = (select(func.max(table.c.id)).scalar_subquery() for table in _NUMBERED)
    return max(number or 0 for number in connection.execute(select(*taken)).one()) + 1


_NUMBERED = (run, proposal)


def refuse_renamed(connection: Connection, edition: Edition) -> None:
    """Number and slug are an edition's for good once a run of it was opened."""
    kept = connection.scalars(
        select(frozen_table.c.edition_json)
        .where(run.c.publication == edition.publication)
        .where(run.c.frozen_id == frozen_table.c.id)
        .distinct()
    )
    if renamed := renamed_since(edition, map(load_edition, kept)):
        raise GuardError(renamed.message, hint=renamed.hint)


def audience_of(connection: Connection, frozen: Frozen, now: datetime) -> Select[Any]:
    """Whom a run of *frozen* would write to and whom not; see ``audience``."""
    return audience(
        connection,
        frozen.publication,
        frozen.edition.name,
        frozen.mail_variants,
        now,
        segment=read_segment(frozen.segment),
    )
