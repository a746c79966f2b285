"""One message over a session, as tests ask for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt
from mailer.flows.sending.carriage import Message, Session
from mailer.flows.sending.single import carry_one, nothing_to_mark


async def carry(
    session: Session,
    envelope: Envelope,
    content: bytes,
    mark: Callable[[], Awaitable[bool]] = nothing_to_mark,
    *,
    relay: str = "test",
) -> Attempt:
    message = Message(envelope=envelope, content=content)
    return await carry_one(session, message, relay=relay, mark=mark)
