"""The pace of sending, kept as one document: read, changed, written in a transaction.

It is small (some hundred numbers a relay), it is only ever used whole, and it is
written every other second at most: columns would buy nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from mailer.delivery.sharing import PaceAnswer, PaceReport, PaceState, meet
from mailer.store.documents import dump, load
from mailer.store.engine import Store, Turn, alone
from mailer.store.schema import pace

_ONLY = 1


class SqlPaceKeeper:
    """The ``PaceKeeper`` port on a database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self) -> PaceState:
        """What is kept, to look at it."""
        return await self._store.read(_load)

    async def exchange(self, report: PaceReport) -> PaceAnswer:
        """Bring *report* to what is kept; nobody else does so at the same time."""

        def work(connection: Connection) -> PaceAnswer:
            alone(connection, Turn.PACE)
            answer = meet(_load(connection), report)
            _save(connection, answer.state)
            return answer

        return await self._store.write(work)


def _load(connection: Connection) -> PaceState:
    kept = connection.scalar(select(pace.c.state_json).where(pace.c.id == _ONLY))
    return PaceState() if kept is None else load(PaceState, kept)


def _save(connection: Connection, state: PaceState) -> None:
    values = {"state_json": dump(state)}
    changed = connection.execute(
        update(pace).where(pace.c.id == _ONLY).values(values),
        execution_options={"preserve_rowcount": True},
    )
    if changed.rowcount == 0:
        connection.execute(insert(pace).values(id=_ONLY, **values))
