"""A relay in memory: it answers as told, and remembers what it accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Reply, Stage
from mailer.errors import RelayError

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


@dataclass
class FakeSession:
    """One connection to a FakeRelay; it closes after silence."""

    relay: FakeRelay
    is_open: bool = True

    async def deliver(
        self,
        envelope: Envelope,
        body: Callable[[], bytes],
        *,
        handing_over: Callable[[], Awaitable[bool]],
    ) -> Attempt:
        await asyncio.sleep(0)
        tried = self.relay.attempts.get(envelope.recipient, 0) + 1
        self.relay.attempts[envelope.recipient] = tried
        stage, reply = self.relay.answer(envelope, tried)
        if stage is Stage.DOT:
            content = body()
            try:
                marked = await handing_over()
            except BaseException:
                self.is_open = False
                raise
            if not marked:
                self.is_open = False
                return Attempt(relay=self.relay.name, stage=Stage.DATA, reply=None)
            if self.relay.before_reply:
                await self.relay.before_reply(envelope)
            if reply is not None and 200 <= reply.code < 300:
                self.relay.accepted.append((envelope.recipient, content))
        self.is_open = self.is_open and reply is not None
        return Attempt(relay=self.relay.name, stage=stage, reply=reply)
