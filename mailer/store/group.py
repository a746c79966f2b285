"""Group commit: what gathered while the last commit ran goes into the next one.

Every caller waits until its own part is durable; the price of a flush is shared by
everybody who came meanwhile. A commit that fails fails all of its callers, and nothing
of any of them has happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from mailer.store.engine import Store

T = TypeVar("T")
Work = Callable[[Connection], Any]


class GroupCommit:
    """Small pieces of work on one store, committed together as they come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def do(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in the next commit; its result, or StoreError."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        return await answer

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._commit(group)
        finally:
            self._committing = None

    async def _commit(self, group: list[tuple[Work, asyncio.Future[Any]]]) -> None:
        def together(connection: Connection) -> list[Any]:
            return [work(connection) for work, _ in group]

        try:
            results = await self._store.write(together)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), result in zip(group, results, strict=True):
            if not answer.done():
                answer.set_result(result)
