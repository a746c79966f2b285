"""What is measured of consenting readers: written once, read in the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, case, distinct, func, insert, or_, select

from mailer.audience.measuring import Kind, Trace
from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.readers.measuring import Measured, Opened, Reach
from mailer.store.batches import batches
from mailer.store.engine import Store
from mailer.store.schema import delivery, measured, run, subscriber


class SqlMeasures:
    """The Measures port over SQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def accepted(
        self, keys: Sequence[tuple[str, int]]
    ) -> Mapping[tuple[str, int], datetime]:
        """See the port."""

        def work(connection: Connection) -> dict[tuple[str, int], datetime]:
            found: dict[tuple[str, int], datetime] = {}
            for part in batches(keys):
                wanted = or_(
                    *(
                        and_(
                            run.c.edition == edition,
                            delivery.c.subscriber_id == number,
                        )
                        for edition, number in part
                    )
                )
                rows = connection.execute(
                    select(
                        run.c.edition, delivery.c.subscriber_id, delivery.c.updated_at
                    )
                    .join_from(delivery, run, run.c.id == delivery.c.run_id)
                    .where(delivery.c.state == State.ACCEPTED)
                    .where(wanted)
                )
                found.update({(row[0], row[1]): row[2] for row in rows})
            return found

        return await self._store.read(work)

    async def write(self, traces: Sequence[Trace]) -> int:
        """See the port."""

        def work(connection: Connection) -> int:
            agree: set[int] = set()
            for part in batches(sorted({trace.subscriber for trace in traces})):
                agree.update(
                    connection.scalars(
                        select(subscriber.c.id)
                        .where(subscriber.c.id.in_(part))
                        .where(subscriber.c.tracking.is_(True))
                    )
                )
            rows = [
                {
                    "subscriber_id": trace.subscriber,
                    "publication": trace.publication,
                    "edition": trace.edition,
                    "kind": str(trace.kind),
                    "target": trace.target,
                    "automatic": trace.automatic,
                    "at": trace.at,
                }
                for trace in traces
                if trace.subscriber in agree
            ]
            if rows:
                connection.execute(insert(measured), rows)
            return len(rows)

        return await self._store.write(work)

    async def links(self, edition: str) -> Sequence[Measured]:
        """See the port."""
        by_hand = measured.c.automatic.is_(False)
        statement = (
            select(
                measured.c.target,
                func.count(distinct(case((by_hand, measured.c.subscriber_id)))),
                func.count(case((by_hand, 1))),
                func.count(case((measured.c.automatic.is_(True), 1))),
            )
            .where(measured.c.edition == edition)
            .where(measured.c.kind == str(Kind.CLICK))
            .group_by(measured.c.target)
        )

        def work(connection: Connection) -> list[Measured]:
            found = [Measured(*row) for row in connection.execute(statement)]
            return sorted(found, key=lambda each: (-each.people, each.target))

        return await self._store.read(work)

    async def opened(self, edition: str) -> Opened:
        """See the port."""
        by_hand = measured.c.automatic.is_(False)
        statement = (
            select(
                func.count(distinct(case((by_hand, measured.c.subscriber_id)))),
                func.count(case((measured.c.automatic.is_(True), 1))),
            )
            .where(measured.c.edition == edition)
            .where(measured.c.kind == str(Kind.OPEN))
        )

        def work(connection: Connection) -> Opened:
            people, automatic = connection.execute(statement).one()
            return Opened(people=people, automatic=automatic)

        return await self._store.read(work)

    async def reach(self, edition: str) -> Reach:
        """See the port."""
        statement = (
            select(
                delivery.c.variant,
                func.count(),
                func.count(case((delivery.c.measured.is_(True), 1))),
            )
            .join_from(delivery, run, run.c.id == delivery.c.run_id)
            .where(run.c.edition == edition)
            .where(delivery.c.state == State.ACCEPTED)
            .group_by(delivery.c.variant)
        )

        def work(connection: Connection) -> Reach:
            rows = connection.execute(statement).all()
            return Reach(
                accepted={Variant(row[0]): row[1] for row in rows},
                measured={Variant(row[0]): row[2] for row in rows},
            )

        return await self._store.read(work)
