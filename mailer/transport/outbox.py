"""A relay that is a folder: a whole run, kept as files, and nothing leaves the machine.

It keeps the Relay port's promises as a server does: the mark before the first byte, a
message on the disk before it is called accepted, never half of one.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from mailer.delivery.reply import Attempt, Reply, Stage
from mailer.errors import RelayError
from mailer.flows.sending.carriage import Message
from mailer.phrases import say
from mailer.transport.maildir import Keeper, UnsureError, is_maildir
from mailer.transport.turns import TurnSession

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class MaildirRelay:
    """A relay that keeps mail in a Maildir at *folder*, which is made when needed."""

    def __init__(self, *, name: str, folder: Path, connections: int = 4) -> None:
        self.name = name
        self.connections = connections
        self.idle = timedelta.max  # a folder costs nothing while it waits
        self.folder = folder

    async def check(self, *, size: int = 0) -> None:  # noqa: ARG002 - a folder takes any size
        """Make the folder; RelayError if mail cannot be kept there."""
        self._keeper()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[MaildirSession]:
        """A session as long as the disk takes mail."""
        yield MaildirSession(self.name, self._keeper())

    def _keeper(self) -> Keeper:
        if not is_maildir(self.folder):
            message = say(
                "{folder} is no Maildir, and not empty: name a folder of its own",
                folder=self.folder,
            )
            raise RelayError(message, relay=self.name, temporary=False)
        try:
            return Keeper(self.folder)
        except OSError as error:
            message = say(
                "no mail can be kept in {folder}: {error}",
                folder=self.folder,
                error=error.strerror or error,
            )
            raise RelayError(message, relay=self.name, temporary=False) from error


class MaildirSession(TurnSession):
    """One message after another into the folder."""

    def __init__(self, relay: str, keeper: Keeper) -> None:
        super().__init__()
        self._relay = relay
        self._keeper = keeper

    async def offer(self, message: Message) -> None:
        """A folder takes every envelope."""

    async def hand_over(self, message: Message) -> Attempt:
        """Keep one message, durably."""
        envelope = message.envelope
        try:
            (name,) = await asyncio.to_thread(
                self._keeper.keep,
                envelope.return_path,
                [envelope.recipient],
                message.content,
            )
        except UnsureError:
            self.is_open = False
            return self._attempt(None)
        except OSError as error:
            code = 452 if error.errno in _FULL else 451
            words = f"not kept: {error.strerror or error}"
            return self._attempt(Reply(code, words, "4.3.1"))
        return self._attempt(Reply(250, f"kept as {name}", "2.0.0"))

    def _attempt(self, reply: Reply | None) -> Attempt:
        return Attempt(relay=self._relay, stage=Stage.DOT, reply=reply)
