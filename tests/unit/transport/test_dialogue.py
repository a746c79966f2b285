"""The trial relay's side of a dialogue, where the order of things matters."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from mailer.transport.dialogue import Dialogue, EndError, Manners, Taken


class Line:
    """A writer and its transport in one: what is done to them, in its order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.transport = self

    def pause_reading(self) -> None:
        self.done.append("reads nothing more")

    def write(self, data: bytes) -> None:
        self.done.append(data.decode().strip())

    async def drain(self) -> None:
        """Nothing waits."""

    async def start_tls(self, context: ssl.SSLContext) -> None:
        self.done.append("TLS")


async def _keep(_: Taken) -> None:
    """Whatever comes."""


def _dialogue(line: Line, said: bytes = b"") -> Dialogue:
    reader = asyncio.StreamReader()
    reader.feed_data(said)
    contexts = {"": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}
    return Dialogue(Manners(take=_keep, contexts=contexts), reader, line, 1)  # type: ignore[arg-type]


async def test_nothing_is_read_between_the_go_ahead_and_tls() -> None:
    """A quick client's first TLS bytes were read as if they were clear text, and lost."""
    line = Line()
    await _dialogue(line)._starttls()
    assert line.done == ["reads nothing more", "220 2.0.0 go", "TLS"]


async def test_what_was_said_before_tls_is_not_heard_after_it() -> None:
    """A command sent along with STARTTLS ends the session (RFC 3207 section 4.2)."""
    line = Line()
    with pytest.raises(EndError):
        await _dialogue(line, b"MAIL FROM:<a@b.example>\r\n")._starttls()
    assert line.done == []
