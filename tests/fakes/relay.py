"""A relay in memory: it answers as told, and remembers what it accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Reply, Stage
from mailer.errors import RelayError
from mailer.flows.sending.carriage import Message
from mailer.transport.turns import TurnSession

OK = Reply(250, "queued", "2.0.0")
Answer = Callable[[Envelope, int], tuple[Stage, Reply | None]]
"""What happens to an envelope on its n-th attempt: how far it comes, what is said."""


def welcome(envelope: Envelope, attempt: int) -> tuple[Stage, Reply | None]:
    """Everybody is accepted."""
    return Stage.DOT, OK


@dataclass(kw_only=True)
class FakeRelay:
    """The Relay port. ``refuse_sessions`` makes connecting fail."""

    name: str = "fake"
    connections: int = 2
    idle: timedelta = timedelta(seconds=30)
    answer: Answer = welcome
    refuse_sessions: bool = False
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)
    before_reply: Callable[[Envelope], Awaitable[None]] | None = None

    async def check(self, *, size: int = 0) -> None:
        if self.refuse_sessions:
            message = "connection refused"
            raise RelayError(message, relay=self.name)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[FakeSession]:
        await self.check()
        yield FakeSession(self)


class FakeSession(TurnSession):
    """One connection to a FakeRelay; it closes after silence."""

    def __init__(self, relay: FakeRelay) -> None:
        super().__init__()
        self.relay = relay
        self._reply: Reply | None = None

    async def offer(self, message: Message) -> Attempt | None:
        await asyncio.sleep(0)
        envelope = message.envelope
        tried = self.relay.attempts.get(envelope.recipient, 0) + 1
        self.relay.attempts[envelope.recipient] = tried
        stage, self._reply = self.relay.answer(envelope, tried)
        return None if stage is Stage.DOT else self._attempt(stage)

    async def hand_over(self, message: Message) -> Attempt:
        if self.relay.before_reply:
            await self.relay.before_reply(message.envelope)
        if self._reply is not None and 200 <= self._reply.code < 300:
            self.relay.accepted.append((message.envelope.recipient, message.content))
        return self._attempt(Stage.DOT)

    def _attempt(self, stage: Stage) -> Attempt:
        self.is_open = self.is_open and self._reply is not None
        return Attempt(relay=self.relay.name, stage=stage, reply=self._reply)
