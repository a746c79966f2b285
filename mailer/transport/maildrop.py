"""A Maildir where another program puts what came back: emptied mail by mail.

A mail moves from ``new`` to ``cur`` after it was taken durably, and not before: whatever
dies in between finds it again, and its digest tells that it was there already.

Source: https://cr.yp.to/proto/maildir.html.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from mailer.errors import IntakeError
from mailer.phrases import say

_LONGEST = 1024 * 1024
"""Bytes that are read of a mail: a report says at its head what it is about."""


class MaildirDrop:
    """The ``Maildrop`` port on a folder."""

    way = "maildir"

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    async def collect(
        self, take: Callable[[bytes], Awaitable[None]], *, limit: int
    ) -> int:
        """See the port."""
        waiting = await asyncio.to_thread(self._waiting)
        taken = 0
        for path in waiting[:limit]:
            raw = await asyncio.to_thread(self._read, path)
            if raw is not None:  # else somebody else has taken it meanwhile
                await take(raw)
                await asyncio.to_thread(self._put_aside, path)
                taken += 1
        return taken

    def _waiting(self) -> list[Path]:
        """The mails in ``new``, the oldest first as their names say."""
        try:
            return sorted(
                path
                for path in (self._folder / "new").iterdir()
                if not path.name.startswith(".") and not path.is_symlink()
            )
        except OSError as error:
            raise self._fault(error) from error

    def _read(self, path: Path) -> bytes | None:
        try:
            with path.open("rb") as file:
                return file.read(_LONGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._fault(error) from error

    def _put_aside(self, path: Path) -> None:
        name = path.name.partition(":")[0]
        try:
            path.rename(self._folder / "cur" / f"{name}:2,S")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError) -> IntakeError:
        reason = error.strerror or str(error)
        message = say("this Maildir cannot be emptied: {reason}", reason=reason)
        return IntakeError(message, way=self.name)
