"""The ledger of deliveries over SQL: every method is durable when it returns.

What happens once per message (marking *handing over*, writing the outcome) goes through
``commit``, whose statements stand in ``booking``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, case, func, or_, select, update

from mailer.delivery.canary import NOBODY, Canary
from mailer.delivery.ledger import State
from mailer.delivery.report import Tally
from mailer.errors import GuardError
from mailer.flows.approvals import Acceptance, Approval
from mailer.flows.ports import (
    Claim,
    Committed,
    Entry,
    Plan,
    Recovery,
    Run,
    RunState,
    Settlement,
)
from mailer.phrases import NOTHING, Phrase, say
from mailer.rendering.model import Frozen
from mailer.store.codec import load_phrase
from mailer.store.engine import Store
from mailer.store.ledger import journey, search, steering
from mailer.store.ledger.booking import check_settlement, post_postgres, post_sqlite
from mailer.store.ledger.drawing import plan
from mailer.store.ledger.freezer import thaw
from mailer.store.ledger.locks import sole_sender
from mailer.store.ledger.runs import as_run, depart, open_run
from mailer.store.schema import IS_DUE, delivery, microseconds
from mailer.store.schema import run as run_table

_WAITING = (State.DUE, State.CLAIMED, State.HANDING_OVER)
_DIED = say("the sender died while handing over")
_TOO_LATE = say("given up: too late")


class SqlLedger:
    """Runs and their deliveries; see ``flows.ports.Ledger`` for every promise."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def plan(self, frozen: Frozen, *, now: datetime) -> Plan:
        """Whom a run of *frozen* would write to *now*."""
        return await self._store.read(lambda c: plan(c, frozen, now))

    async def open_run(
        self,
        frozen: Frozen,
        *,
        now: datetime,
        accepted: Sequence[Acceptance] = (),
        approval: Approval | None = None,
        departs: datetime | None = None,
        canary: Canary = NOBODY,
        proposal: int | None = None,
    ) -> Run:
        """Freeze edition and audience in one transaction."""
        return await self._store.write(
            lambda c: open_run(
                c, frozen, now, accepted, approval, departs, canary, proposal
            )
        )

    async def depart(self, run: Run, *, now: datetime) -> Run:
        """Move an armed run to sending."""
        return await self._store.write(lambda c: depart(c, run, now))

    async def cancel(self, run: Run, *, now: datetime, reason: Phrase = NOTHING) -> Run:
        """End *run*, and withdraw what was not handed over."""
        ended = await self._store.write(lambda c: steering.cancel(c, run, reason, now))
        await self.withdraw(ended, now=now)
        return ended

    async def withdraw(self, run: Run, *, now: datetime) -> int:
        """Withdraw what waits in a cancelled run; how many."""
        count = 0
        while part := await self._store.write(lambda c: steering.withdraw(c, run, now)):
            count += part
        return count

    def sole_sender(self, run: Run) -> AbstractAsyncContextManager[None]:
        """Be the only process that sends *run*; freed even by ``kill -9``."""
        return sole_sender(self._store, run)

    async def runs(
        self, *, edition: str | None = None, limit: int | None = None
    ) -> list[Run]:
        """Runs, the newest first."""
        statement = select(run_table).order_by(run_table.c.id.desc()).limit(limit)
        if edition is not None:
            statement = statement.where(run_table.c.edition == edition)
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return [as_run(row) for row in rows]

    async def find_run(self, name: str) -> Run | None:
        """A run by its name, or the newest run of an edition named like one."""
        statement = (
            select(run_table)
            .where(or_(run_table.c.name == name, run_table.c.edition == name))
            .order_by(run_table.c.id.desc())
            .limit(1)
        )
        row = await self._store.read(lambda c: c.execute(statement).first())
        return None if row is None else as_run(row)

    async def frozen(self, run: Run) -> Frozen:
        """The edition as it was frozen for *run*."""
        return await self._store.read(lambda c: thaw(c, run.id))

    async def recover(self, run: Run, *, now: datetime, all_leases: bool) -> Recovery:
        """Settle what a dead sender left."""

        def work(connection: Connection) -> Recovery:
            ours = update(delivery).where(delivery.c.run_id == run.id)
            if not all_leases:
                ours = ours.where(delivery.c.lease_until <= now)
            released = connection.execute(
                ours.where(delivery.c.state == State.CLAIMED).values(
                    state=State.DUE,
                    fence=delivery.c.fence + 1,
                    lease_until=None,
                    updated_at=now,
                )
            )
            doubtful = connection.execute(
                ours.where(delivery.c.state == State.HANDING_OVER).values(
                    state=State.IN_DOUBT,
                    fence=delivery.c.fence + 1,
                    lease_until=None,
                    next_attempt_at=None,
                    attempts=delivery.c.attempts + 1,
                    reason=str(_DIED),
                    updated_at=now,
                )
            )
            return Recovery(released=released.rowcount, in_doubt=doubtful.rowcount)

        return await self._store.write(work)

    async def claim(
        self, run: Run, *, worker: str, limit: int, now: datetime, lease: timedelta
    ) -> list[Claim]:
        """Claim deliveries whose time has come, oldest first."""
        return await self._store.write(
            lambda c: journey.claim(
                c, run, worker=worker, limit=limit, now=now, lease=lease
            )
        )

    async def commit(
        self,
        run: Run,
        *,
        settlements: Sequence[Settlement] = (),
        marks: Sequence[Claim] = (),
        now: datetime,
        meanwhile: Callable[[], None] | None = None,
    ) -> Committed:
        """Write outcomes and marks, durably, in one transaction."""
        for settlement in settlements:
            check_settlement(settlement)
        post = post_sqlite if self._store.is_sqlite else post_postgres
        moment = microseconds(now)
        in_loop = None
        if meanwhile:
            loop = asyncio.get_running_loop()
            in_loop = partial(loop.call_soon_threadsafe, meanwhile)
        posted = await self._store.post(
            lambda connection: post(
                connection, run.id, settlements, marks, moment, in_loop
            )
        )
        return Committed(
            held=posted.held,
            state=RunState(posted.state),
            reason=load_phrase(posted.reason, posted.reason_json)
            if posted.reason
            else NOTHING,
        )

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give back claims that were not begun."""
        if claims:
            await self._store.write(lambda c: journey.release(c, claims))

    async def reopen(self, run: Run, *, states: Sequence[State], now: datetime) -> int:
        """Make rows due again at the operator's word."""
        allowed = {State.DUE, State.REFUSED, State.IN_DOUBT, State.EXPIRED}
        if not set(states) <= allowed:
            message = say("only what was not accepted can be tried again")
            raise GuardError(message)
        return await self._store.write(lambda c: steering.reopen(c, run, states, now))

    async def expire(self, run: Run, *, now: datetime) -> int:
        """Give up what was tried and still waits."""
        statement = (
            update(delivery)
            .where(delivery.c.run_id == run.id)
            .where(delivery.c.state == State.DUE)
            .where(delivery.c.attempts > 0)
            .values(
                state=State.EXPIRED,
                next_attempt_at=None,
                reason=func.coalesce(
                    func.nullif(delivery.c.reason, ""), str(_TOO_LATE)
                ),
                updated_at=now,
            )
        )
        return await self._store.write(lambda c: c.execute(statement).rowcount)

    async def mark_run(
        self,
        run: Run,
        state: RunState,
        *,
        now: datetime,
        reason: Phrase = NOTHING,
        held: bool = False,
        patient_from: datetime | None = None,
    ) -> Run:
        """Move a run to *state*, unless somebody has stopped it meanwhile."""
        return await self._store.write(
            lambda c: steering.mark(
                c, run, state, now, reason, held=held, patient_from=patient_from
            )
        )

    async def tally(self, run: Run) -> Tally:
        """Count the deliveries of *run* from their rows."""
        statement = (
            select(
                delivery.c.state,
                func.count().label("n"),
                func.sum(case((delivery.c.attempts > 0, 1), else_=0)).label("tried"),
            )
            .where(delivery.c.run_id == run.id)
            .group_by(delivery.c.state)
        )
        rows = await self._store.read(lambda c: c.execute(statement).all())
        count = {State(row.state): row.n for row in rows}
        tried = {State(row.state): int(row.tried) for row in rows}
        later = (State.ACCEPTED, State.BOUNCED, State.COMPLAINED)
        return Tally(
            audience=sum(count.values()),
            accepted=sum(count.get(state, 0) for state in later),
            refused=count.get(State.REFUSED, 0),
            in_doubt=count.get(State.IN_DOUBT, 0),
            withdrawn=count.get(State.WITHDRAWN, 0),
            expired=count.get(State.EXPIRED, 0),
            waiting=sum(count.get(state, 0) for state in _WAITING),
            deferred=tried.get(State.DUE, 0),
        )

    async def next_attempt(self, run: Run) -> datetime | None:
        """When the next waiting delivery is due; None if nothing waits."""
        rows = select(delivery.c.run_id).where(delivery.c.run_id == run.id)
        statement = select(
            rows.with_only_columns(func.min(delivery.c.next_attempt_at))
            .where(IS_DUE)
            .scalar_subquery()
            .label("due"),
            rows.with_only_columns(func.min(delivery.c.lease_until))
            .where(delivery.c.state.in_([State.CLAIMED, State.HANDING_OVER]))
            .scalar_subquery()
            .label("leased"),
        )
        found = await self._store.read(lambda c: c.execute(statement).one())
        return min((hour for hour in found if hour is not None), default=None)

    async def entries(
        self, run: Run, *, states: Sequence[State] = (), limit: int | None = None
    ) -> list[Entry]:
        """Lines of the ledger, by address."""
        statement = (
            select(delivery)
            .where(delivery.c.run_id == run.id)
            .order_by(delivery.c.email)
            .limit(limit)
        )
        if states:
            statement = statement.where(delivery.c.state.in_(list(states)))
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return [search.as_entry(row) for row in rows]
