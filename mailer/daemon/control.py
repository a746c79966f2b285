"""The daemon's socket: one JSON object a line, each way, for commands on this machine.

``{"do": "pause", "run": "le-meridien-118-1"}`` is answered by ``{"ok": true, …}`` or by
``{"ok": false, "error": …, "hint": …, "code": 4}``. Only the user who runs the daemon
may open it: mode 0600, in the data folder.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import structlog

from mailer.errors import GuardError, InputError, MailerError, StoreError
from mailer.phrases import say

log = structlog.get_logger()

Answer = Mapping[str, Any]
Act = Callable[[Mapping[str, Any]], Awaitable[Answer]]

_LONGEST_LINE = 65536
_LONGEST_PATH = 100
"""A socket's path may be 107 bytes; a folder that is longer is reached another way."""


class ControlSocket:
    """Listens at *path* and does what is asked by one of *acts*."""

    def __init__(self, path: Path, acts: Mapping[str, Act]) -> None:
        self._path = path
        self._acts = acts
        self._lock = -1
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; GuardError if another daemon does, StoreError if nobody can."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take_lock()
            self._path.unlink(missing_ok=True)  # of a daemon that was killed
            listener = socket.socket(socket.AF_UNIX)
            before = os.umask(0o177)
            try:
                with reachable(self._path) as address:
                    listener.bind(address)
            finally:
                os.umask(before)
        except OSError as error:
            message = say(
                "{path} cannot be made: {error}", path=self._path, error=error.strerror
            )
            raise StoreError(message, temporary=False) from error
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=_LONGEST_LINE
        )

    async def close(self) -> None:
        """Answer nobody any more, and leave no socket behind."""
        if self._server is not None:
            self._server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            self._path.unlink(missing_ok=True)
        if self._lock >= 0:
            os.close(self._lock)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _take_lock(self) -> None:
        """Freed with the process: whoever has it may take the path from a dead one."""
        lock = self._path.with_name(f"{self._path.name}.lock")
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = -1
            message = say("another daemon listens at {path}", path=self._path)
            raise GuardError(message) from None

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            with suppress(ConnectionError, ValueError):  # ValueError: an endless line
                while line := await reader.readline():
                    answer = await self._answer(line)
                    writer.write(json.dumps(answer).encode() + b"\n")
                    await writer.drain()
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            asked = json.loads(line)
            act = self._acts[asked["do"]]
        except (ValueError, TypeError, LookupError):
            known = ", ".join(sorted(self._acts))
            return {"ok": False, "error": f"do one of: {known}", "hint": "", "code": 2}
        try:
            return {"ok": True, **await act(asked)}
        except MailerError as error:
            hint = str(error.hint) if isinstance(error, InputError) else ""
            said = error.message if isinstance(error, InputError) else str(error)
            return {
                "ok": False,
                "error": str(said),
                "hint": hint,
                "code": error.exit_code,
            }
        except Exception:
            log.exception("control.failed", asked=asked["do"])
            return {"ok": False, "error": "see the log", "hint": "", "code": 70}


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """An address for *path* that is short enough for a socket, while this lasts."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
