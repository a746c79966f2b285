"""Pages served in a loop that is somebody else's: signals and logs stay the host's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def serving(app: Any, listener: socket.socket) -> AsyncIterator[None]:  # noqa: ANN401 - an ASGI application
    """Answer at *listener*, which is closed in the end, with *app*."""
    server = _Server(
        uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whom to believe is each application's to say
            timeout_graceful_shutdown=1,
        )
    )
    with listener:
        answering = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.ready.wait()
            yield
        finally:
            server.should_exit = True
            await answering


def listen(address: str) -> socket.socket:
    """A socket at *address*, ``127.0.0.1:8001`` or ``[::1]:8001``; OSError."""
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family)


class _Server(uvicorn.Server):
    """A guest in somebody else's loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
