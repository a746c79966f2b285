"""What the database counts for whoever watches from outside; see ``flows.figures``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select

from mailer.errors import StoreError
from mailer.flows.ports import RunState
from mailer.phrases import say
from mailer.store.engine import HEAD, Store, schema_of
from mailer.store.schema import run, subscription, suppression


class SqlFigures:
    """The Figures port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ping(self) -> str:
        """See the port."""
        found = await self._store.read(schema_of)
        if found != HEAD:
            message = say(
                "the database has schema {found}, this mailer wants {wanted}: restart it",
                found=found or "–",
                wanted=HEAD,
            )
            raise StoreError(message, temporary=False)
        return found

    async def subscribers(self) -> Mapping[tuple[str, str], int]:
        """See the port."""
        by = (subscription.c.publication, subscription.c.standing)
        statement = select(*by, func.count().label("n")).group_by(*by)
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return {(row.publication, row.standing): row.n for row in rows}

    async def suppressed(self) -> Mapping[str, int]:
        """See the port."""
        reason = suppression.c.reason
        statement = select(reason, func.count().label("n")).group_by(reason)
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return {row.reason: row.n for row in rows}

    async def last_sent(self) -> Mapping[str, datetime]:
        """See the port."""
        statement = (
            select(run.c.publication, func.max(run.c.finished_at).label("at"))
            .where(run.c.state == RunState.SENT)
            .group_by(run.c.publication)
        )
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return {row.publication: row.at for row in rows}
