"""Who approved what, over SQL: rows are added and ended, never changed or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from mailer.errors import GuardError
from mailer.flows.approvals import Acceptance, Approval
from mailer.phrases import say
from mailer.rendering.changes import Basis
from mailer.rendering.model import Frozen
from mailer.store.codec import dump_accepted, dump_basis, load_accepted, load_basis
from mailer.store.engine import Store, Turn, alone
from mailer.store.ledger.freezer import freeze, unfreeze
from mailer.store.schema import approval, run
from mailer.store.schema import frozen as frozen_table


class SqlApprovals:
    """Approvals in the database; see ``flows.ports.Approvals`` for every promise."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def approve(
        self,
        frozen: Frozen,
        *,
        by: str,
        now: datetime,
        basis: Basis,
        accepted: Sequence[Acceptance] = (),
    ) -> Approval:
        """Keep *frozen*, and *by*'s word for it, in one transaction."""
        edition = frozen.edition.name

        def work(connection: Connection) -> Approval:
            _end(connection, edition, by=by, now=now)
            connection.execute(
                insert(approval).values(
                    edition=edition,
                    frozen_id=freeze(connection, frozen, now),
                    approved_by=by,
                    approved_at=now,
                    accepted_json=dump_accepted(accepted),
                    basis_json=dump_basis(basis),
                    ended_by="",
                )
            )
            return _as_approval(connection.execute(_standing(edition)).one())

        return await self._store.write(work)

    async def withdraw(self, edition: str, *, by: str, now: datetime) -> bool:
        """End the standing approval of *edition*."""
        return await self._store.write(lambda c: _end(c, edition, by=by, now=now))

    async def standing(self, edition: str) -> Approval | None:
        """The approval of *edition* that nobody took back."""
        row = await self._store.read(lambda c: c.execute(_standing(edition)).first())
        return None if row is None else _as_approval(row)

    async def approved(self, approval: Approval) -> Frozen:
        """The edition as it was approved."""
        key = approval.id
        return await self._store.read(lambda c: unfreeze(c, _frozen_of(c, key)))


def require_standing(connection: Connection, approved: Approval) -> None:
    """GuardError if *approved* was taken back, or another one took its place."""
    row = connection.execute(_standing(approved.edition)).first()
    if row is None or row.id != approved.id:
        message = say("the approval of {name} was taken back", name=approved.edition)
        raise GuardError(message, hint=f"mailer approve {approved.edition}")


def _end(connection: Connection, edition: str, *, by: str, now: datetime) -> bool:
    """End what stands for *edition*; GuardError while a run of it goes on.

    In turn with whoever opens a run: what it was opened on stood at that moment.
    """
    alone(connection, Turn.OPEN_RUN)
    unfinished = connection.execute(
        select(run.c.name)
        .where(run.c.edition == edition)
        .where(run.c.finished_at.is_(None))
    ).scalar()
    if unfinished is not None:
        message = say(
            "run {run} of {name} is not finished", run=unfinished, name=edition
        )
        raise GuardError(message, hint=f"mailer status {unfinished}")
    ended = connection.execute(
        update(approval)
        .where(approval.c.edition == edition)
        .where(approval.c.ended_at.is_(None))
        .values(ended_by=by, ended_at=now)
    )
    return ended.rowcount > 0


def _standing(edition: str) -> Select[Any]:
    return (
        select(approval, frozen_table.c.sha256)
        .join_from(approval, frozen_table)
        .where(approval.c.edition == edition)
        .where(approval.c.ended_at.is_(None))
    )


def _frozen_of(connection: Connection, key: int) -> int:
    found = connection.execute(
        select(approval.c.frozen_id).where(approval.c.id == key)
    ).scalar_one()
    return int(found)


def _as_approval(row: Any) -> Approval:  # noqa: ANN401 - a Row of the joined tables
    return Approval(
        id=row.id,
        edition=row.edition,
        sha256=row.sha256,
        by=row.approved_by,
        at=row.approved_at,
        accepted=load_accepted(row.accepted_json),
        basis=load_basis(row.basis_json),
    )
