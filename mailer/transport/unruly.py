"""An SMTP server on loopback that misbehaves as it is told, on many connections."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Self

from mailer.transport.dialogue import LIMIT, Dialogue, EndError, Manners

_LOOPBACK = "127.0.0.1"


@dataclass(kw_only=True)
class UnrulyServer:
    """``async with UnrulyServer(manners=Manners(take=keep)) as server: server.port``."""

    manners: Manners
    port: int = 0
    implicit_tls: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0
        self._server = await asyncio.start_server(
            self._serve,
            _LOOPBACK,
            self.port,
            ssl=self.manners.contexts[""] if self.implicit_tls else None,
            limit=LIMIT,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - asyncio serves in a task
            return
        self._tasks.add(task)
        self._connections += 1
        dialogue = Dialogue(self.manners, reader, writer, self._connections)
        dialogue.secured = self.implicit_tls
        try:
            await dialogue.run()
        except (
            EndError,
            ConnectionError,
            asyncio.CancelledError,  # by us alone, when the server closes
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ssl.SSLError,
        ):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)
            self.left.set()
