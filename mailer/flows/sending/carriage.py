"""The relay, as the flows see it: who takes our messages, over which connections.

Adapters stand in ``transport``; one contract suite runs over each, and over the fake.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt


@dataclass(slots=True, kw_only=True)
class Message:
    """What one reader gets: an envelope, and bytes that go over the wire as they are."""

    envelope: Envelope
    content: bytes


M = TypeVar("M", bound=Message)


class Carrier(Protocol[M]):
    """Who gives a session its messages and is told what became of them; never waits."""

    def next(self) -> M | None:
        """The next message; None if there is none now (``Session.wake`` when there is)."""

    def ready(self, message: M) -> None:
        """The relay waits for the body: mark it durably, then call ``Session.go``."""

    def done(self, message: M, attempt: Attempt) -> None:
        """The reply has come, or silence: what was reached, and what was said."""

    def undone(self, message: M) -> None:
        """Nothing of *message* was handed over, by no fault of its own: as if never given."""


class Session(Protocol):
    """One open connection to a relay; at most one body on the way at a time."""

    async def carry(self, carrier: Carrier[M]) -> None:
        """Carry what *carrier* gives; returns at the connection's end, or after ``leave``."""

    def wake(self) -> None:
        """Ask the carrier again: it has a message for us."""

    def go(self, held: bool) -> None:
        """Answer ``Carrier.ready``: the mark is durable, the body may leave.

        If it is not *held*, no byte leaves: the connection closes, the message is undone.
        """

    def leave(self) -> None:
        """Carry nothing more: what is on the way is finished, then ``carry`` returns."""

    @property
    def is_open(self) -> bool:
        """Whether another message can go over this connection."""


class Relay(Protocol):
    """Whoever takes messages from us."""

    @property
    def name(self) -> str:
        """As configured."""

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""

    @property
    def idle(self) -> timedelta:
        """How long a session with nothing to carry is kept."""

    async def check(self, *, size: int = 0) -> None:
        """Connect, secure, log in, leave. RelayError says what an operator can do.

        Also if the relay says that it takes no message of *size* bytes.
        """

    def session(self) -> AbstractAsyncContextManager[Session]:
        """A fresh session; retries to connect for a while, then RelayError."""
