"""The ledger of deliveries over SQL: every method is durable when it returns.

Claims carry a fence: each new claim of a row raises it, and no statement of an older
claim changes the row any more. What happens once per message, looking again, marking
*handing over*, writing the outcome, goes through the group commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, or_, select, text, tuple_, update

from mailer.delivery.ledger import State
from mailer.delivery.reply import Fault
from mailer.delivery.report import Tally
from mailer.edition.model import Variant
from mailer.errors import GuardError
from mailer.flows.ports import Claim, Entry, Plan, Recovery, Run, RunState, Settlement
from mailer.rendering.model import Frozen
from mailer.store.audience import no_longer_wanted
from mailer.store.engine import Store
from mailer.store.freezer import thaw
from mailer.store.group import GroupCommit
from mailer.store.locks import sole_sender
from mailer.store.runs import as_run, open_run, plan
from mailer.store.schema import delivery, microseconds, run

_ENDED = (RunState.SENT, RunState.CANCELLED)
_WAITING = (State.DUE, State.CLAIMED, State.HANDING_OVER)
_GONE = "left or suppressed meanwhile"
_DIED = "the sender died while handing over"

# Promises: marks a claimed row as being handed over, if the claim is still ours.
_HAND_OVER = text(
    "UPDATE delivery SET state = 'handing over', updated_at = :now"
    " WHERE run_id = :run AND subscriber_id = :subscriber"
    " AND fence = :fence AND state = 'claimed'"
)
# Promises: writes what became of a claim, if the claim is still ours; counts the attempt.
_SETTLE = text(
    "UPDATE delivery SET state = :state, attempts = attempts + :spent,"
    " next_attempt_at = :next_attempt, lease_until = NULL, relay = :relay,"
    " stage = :stage, code = :code, enhanced = :enhanced, reply = :reply,"
    " reason = :reason, updated_at = :now"
    " WHERE run_id = :run AND subscriber_id = :subscriber"
    " AND fence = :fence AND state IN ('claimed', 'handing over')"
)


class SqlLedger:
    """Runs and their deliveries; see ``flows.ports.Ledger`` for every promise."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._group = GroupCommit(store)

    async def plan(self, frozen: Frozen) -> Plan:
        """Whom a run of *frozen* would write to now."""
        return await self._store.read(lambda c: plan(c, frozen))

    async def open_run(self, frozen: Frozen, *, now: datetime) -> Run:
        """Freeze edition and audience in one transaction."""
        return await self._store.write(lambda c: open_run(c, frozen, now))

    def sole_sender(self, which: Run) -> AbstractAsyncContextManager[None]:
        """Be the only process that sends *which*; freed even by ``kill -9``."""
        return sole_sender(self._store, which)

    async def runs(
        self, *, edition: str | None = None, limit: int | None = None
    ) -> list[Run]:
        """Runs, the newest first."""
        statement = select(run).order_by(run.c.id.desc()).limit(limit)
        if edition is not None:
            statement = statement.where(run.c.edition == edition)
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return [as_run(row) for row in rows]

    async def find_run(self, name: str) -> Run | None:
        """A run by its name, or the newest run of an edition named like one."""
        statement = (
            select(run)
            .where(or_(run.c.name == name, run.c.edition == name))
            .order_by(run.c.id.desc())
            .limit(1)
        )
        row = await self._store.read(lambda c: c.execute(statement).first())
        return None if row is None else as_run(row)

    async def frozen(self, which: Run) -> Frozen:
        """The edition as it was frozen for *which*."""
        return await self._store.read(lambda c: thaw(c, which.id))

    async def recover(self, which: Run, *, now: datetime, all_leases: bool) -> Recovery:
        """Settle what a dead sender left."""

        def work(connection: Connection) -> Recovery:
            ours = update(delivery).where(delivery.c.run_id == which.id)
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
                    reason=_DIED,
                    updated_at=now,
                )
            )
            return Recovery(released=released.rowcount, in_doubt=doubtful.rowcount)

        return await self._store.write(work)

    async def claim(
        self, which: Run, *, worker: str, limit: int, now: datetime, lease: timedelta
    ) -> list[Claim]:
        """Claim deliveries whose time has come, oldest first."""

        def work(connection: Connection) -> list[Claim]:
            while True:
                rows = connection.execute(_candidates(which, now, limit)).all()
                gone = [row.subscriber_id for row in rows if row.gone]
                _withdraw(connection, which.id, gone, now)
                wanted = [row for row in rows if not row.gone]
                if wanted or not rows:
                    break
            keys = [row.subscriber_id for row in wanted]
            connection.execute(
                update(delivery)
                .where(delivery.c.run_id == which.id)
                .where(delivery.c.subscriber_id.in_(keys))
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

        return await self._store.write(work)

    async def still_wanted(self, claim: Claim, *, now: datetime) -> bool:
        """Look again just before MAIL."""

        def work(connection: Connection) -> bool:
            row = connection.execute(
                select(no_longer_wanted().label("gone"))
                .select_from(delivery)
                .join(run, run.c.id == delivery.c.run_id)
                .where(delivery.c.run_id == claim.run)
                .where(delivery.c.subscriber_id == claim.subscriber)
                .where(delivery.c.fence == claim.fence)
                .where(delivery.c.state == State.CLAIMED)
                .with_for_update(of=delivery)
            ).first()
            if row is None:
                return False
            if row.gone:
                _withdraw(connection, claim.run, [claim.subscriber], now)
            return not row.gone

        return await self._group.do(work)

    async def hand_over(self, claim: Claim, *, now: datetime) -> bool:
        """Mark *claim* as being handed over, before the first body byte."""
        values = {**_identity(claim), "now": microseconds(now)}
        marked = await self._group.do(lambda c: c.execute(_HAND_OVER, values).rowcount)
        return bool(marked)

    async def settle(self, settlement: Settlement, *, now: datetime) -> None:
        """Write what became of a claim."""
        attempt, verdict = settlement.attempt, settlement.verdict
        reply = attempt.reply
        values = {
            **_identity(settlement.claim),
            "state": str(settlement.state),
            # Our own configuration refused: the reader's attempts are not spent.
            "spent": 0 if verdict.fault is Fault.RUN else 1,
            "next_attempt": microseconds(settlement.next_attempt),
            "relay": attempt.relay,
            "stage": str(attempt.stage),
            "code": reply.code if reply else None,
            "enhanced": reply.enhanced if reply else "",
            "reply": reply.text[:1000] if reply else "",
            "reason": verdict.reason[:1000],
            "now": microseconds(now),
        }
        await self._group.do(lambda c: c.execute(_SETTLE, values).rowcount)

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give back claims that were not begun."""
        if not claims:
            return
        held = [(claim.run, claim.subscriber, claim.fence) for claim in claims]
        statement = (
            update(delivery)
            .where(
                tuple_(
                    delivery.c.run_id, delivery.c.subscriber_id, delivery.c.fence
                ).in_(held)
            )
            .where(delivery.c.state == State.CLAIMED)
            .values(state=State.DUE, lease_until=None)
        )
        await self._store.write(lambda c: c.execute(statement))

    async def reopen(
        self, which: Run, *, states: Sequence[State], now: datetime
    ) -> int:
        """Make rows due again at the operator's word."""
        allowed = {State.DUE, State.REFUSED, State.IN_DOUBT, State.EXPIRED}
        if not set(states) <= allowed:
            message = "only what was not accepted can be tried again"
            raise GuardError(message)
        statement = (
            update(delivery)
            .where(delivery.c.run_id == which.id)
            .where(delivery.c.state.in_(list(states)))
            .values(state=State.DUE, next_attempt_at=now, updated_at=now)
        )
        return await self._store.write(lambda c: c.execute(statement).rowcount)

    async def expire(self, which: Run, *, now: datetime) -> int:
        """Give up what still waits."""
        statement = (
            update(delivery)
            .where(delivery.c.run_id == which.id)
            .where(delivery.c.state == State.DUE)
            .values(
                state=State.EXPIRED,
                next_attempt_at=None,
                reason=func.coalesce(
                    func.nullif(delivery.c.reason, ""), "given up: too late"
                ),
                updated_at=now,
            )
        )
        return await self._store.write(lambda c: c.execute(statement).rowcount)

    async def mark_run(
        self, which: Run, state: RunState, *, now: datetime, reason: str = ""
    ) -> Run:
        """Move a run to *state*."""

        def work(connection: Connection) -> Run:
            ended = now if state in _ENDED else None
            connection.execute(
                update(run)
                .where(run.c.id == which.id)
                .values(state=state, finished_at=ended, reason=reason)
            )
            return as_run(
                connection.execute(select(run).where(run.c.id == which.id)).one()
            )

        return await self._store.write(work)

    async def tally(self, which: Run) -> Tally:
        """Count the deliveries of *which* from their rows."""
        statement = (
            select(
                delivery.c.state,
                func.count().label("n"),
                func.sum(case((delivery.c.attempts > 0, 1), else_=0)).label("tried"),
            )
            .where(delivery.c.run_id == which.id)
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

    async def next_attempt(self, which: Run) -> datetime | None:
        """When the next waiting delivery is due; None if nothing waits."""
        when = case(
            (delivery.c.state == State.DUE, delivery.c.next_attempt_at),
            else_=delivery.c.lease_until,
        )
        statement = (
            select(func.min(when, type_=delivery.c.next_attempt_at.type))
            .where(delivery.c.run_id == which.id)
            .where(delivery.c.state.in_(_WAITING))
        )
        return await self._store.read(lambda c: c.execute(statement).scalar())

    async def entries(
        self, which: Run, *, states: Sequence[State] = (), limit: int | None = None
    ) -> list[Entry]:
        """Lines of the ledger, by address."""
        statement = (
            select(delivery)
            .where(delivery.c.run_id == which.id)
            .order_by(delivery.c.email)
            .limit(limit)
        )
        if states:
            statement = statement.where(delivery.c.state.in_(list(states)))
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return [
            Entry(
                email=row.email,
                variant=Variant(row.variant),
                state=State(row.state),
                attempts=row.attempts,
                relay=row.relay,
                code=row.code,
                reason=row.reason,
                next_attempt=row.next_attempt_at,
                updated=row.updated_at,
            )
            for row in rows
        ]


def _candidates(which: Run, now: datetime, limit: int) -> Any:  # noqa: ANN401 - a Select of columns
    """Rows to claim next; on PostgreSQL those that nobody else is claiming."""
    due = (delivery.c.state == State.DUE) & (delivery.c.next_attempt_at <= now)
    lapsed = (delivery.c.state == State.CLAIMED) & (delivery.c.lease_until <= now)
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
        .where(due | lapsed)
        .order_by(delivery.c.next_attempt_at, delivery.c.subscriber_id)
        .limit(limit)
        .with_for_update(of=delivery, skip_locked=True)
    )


def _withdraw(
    connection: Connection, which: int, subscribers: Sequence[int], now: datetime
) -> None:
    if subscribers:
        connection.execute(
            update(delivery)
            .where(delivery.c.run_id == which)
            .where(delivery.c.subscriber_id.in_(subscribers))
            .values(
                state=State.WITHDRAWN,
                next_attempt_at=None,
                lease_until=None,
                reason=_GONE,
                updated_at=now,
            )
        )


def _identity(claim: Claim) -> dict[str, int]:
    return {
        "run": claim.run,
        "subscriber": claim.subscriber,
        "fence": claim.fence,
    }
