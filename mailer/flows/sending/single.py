"""One message over a session, for proofs and trials: no run, and so no ledger's group."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from mailer.delivery.reply import Attempt, Stage
from mailer.flows.sending.carriage import Message, Session


async def nothing_to_mark() -> bool:
    """For what no ledger knows of: a proof is not a delivery."""
    return True


async def carry_one(
    session: Session,
    message: Message,
    *,
    relay: str,
    mark: Callable[[], Awaitable[bool]] = nothing_to_mark,
) -> Attempt:
    """Carry *message* over *session*; what was reached, and the reply or silence.

    *mark* is awaited when the relay waits for the body. If it says False or raises, no
    byte leaves and the connection closes; an error travels on.
    """
    carrier = _Single(session, message, mark)
    await session.carry(carrier)
    if carrier.marking is not None:
        await carrier.marking  # its error, if there was one
    return carrier.attempt or Attempt(relay=relay, stage=Stage.DATA, reply=None)


class _Single:
    """The carrier of one message."""

    def __init__(
        self,
        session: Session,
        message: Message,
        mark: Callable[[], Awaitable[bool]],
    ) -> None:
        self.attempt: Attempt | None = None
        self.marking: asyncio.Task[None] | None = None
        self._session = session
        self._message: Message | None = message
        self._mark = mark

    def next(self) -> Message | None:
        """The message, once."""
        message, self._message = self._message, None
        if message is None:
            self._session.leave()
        return message

    def ready(self, message: Message) -> None:  # noqa: ARG002 - there is only one
        """Have it marked."""
        self.marking = asyncio.create_task(self._answer())

    def done(self, message: Message, attempt: Attempt) -> None:  # noqa: ARG002
        """Keep what became of it."""
        self.attempt = attempt

    def undone(self, message: Message) -> None:
        """The connection is over and the message was not begun."""

    async def _answer(self) -> None:
        held = False
        try:
            held = await self._mark()
        finally:
            self._session.go(held)
