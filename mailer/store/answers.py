"""Who wrote back, over SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from mailer.flows.answers import Written
from mailer.store.batches import batches
from mailer.store.engine import Store, Turn, alone
from mailer.store.schema import answer


class SqlAnswers:
    """The Answers port over SQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def note(self, written: Sequence[Written]) -> int:
        """See the port."""

        def work(connection: Connection) -> int:
            alone(connection, Turn.ADMIT)  # or two would both find a mail unknown
            fresh = {each.message_id: each for each in written}
            for part in batches(list(fresh)):
                known = select(answer.c.message_id).where(answer.c.message_id.in_(part))
                for message_id in connection.scalars(known):
                    del fresh[message_id]
            if fresh:
                connection.execute(
                    insert(answer),
                    [
                        {
                            "subscriber_id": each.subscriber,
                            "publication": each.publication,
                            "message_id": each.message_id,
                            "at": each.at,
                        }
                        for each in fresh.values()
                    ],
                )
            return len(fresh)

        return await self._store.write(work)
