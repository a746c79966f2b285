"""What every Relay promises, the real one and the one in memory alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Reply, Stage
from mailer.flows.ports import Relay
from mailer.transport.smtp import Security, SmtpRelay, Timeouts
from tests.fakes.relay import OK, FakeRelay
from tests.relay import ScriptedRelay

ENVELOPE = Envelope(
    return_path="lettre@meridien.example", recipient="r@lecteurs.example"
)
BODY = b"Subject: x\r\n\r\nBonjour\r\n"
BUSY = Reply(450, "later", "4.2.0")
BAD = Reply(554, "no", "5.6.0")
SILENCE = None

Make = Callable[..., Awaitable["Rig"]]


class Rig:
    """A relay, and what arrived there."""

    def __init__(self, relay: Relay, arrived: Callable[[], list[bytes]]) -> None:
        self.relay = relay
        self.arrived = arrived


@pytest.fixture(params=["fake", "smtp"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Builds a relay that says one reply, or nothing, at one stage."""
    async with AsyncExitStack() as stack:

        async def build(stage: Stage = Stage.DOT, reply: Reply | None = OK) -> Rig:
            if request.param == "fake":
                fake = FakeRelay(answer=lambda *_: (stage, reply))
                return Rig(fake, lambda: [content for _, content in fake.accepted])
            script = {str(stage): str(reply) if reply else "drop"}
            server = await stack.enter_async_context(ScriptedRelay(script=script))
            relay = SmtpRelay(
                name="fake",
                host="127.0.0.1",
                port=server.port,
                security=Security.NONE,
                local_hostname="mailer.example",
                connect_patience=timedelta(0),
                timeouts=Timeouts(connect=2, command=1, data=1, dot=1),
            )
            return Rig(relay, lambda: [taken.content for taken in server.accepted])

        yield build


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def broken() -> bool:
    message = "disk full"
    raise OSError(message)


async def test_a_relay_that_answers_passes_its_check(make: Make) -> None:
    """A check of a relay that lets us in says nothing."""
    await (await make()).relay.check()


@pytest.mark.parametrize(
    ("stage", "reply", "arrives"),
    [
        (Stage.DOT, OK, 1),
        (Stage.MAIL, BUSY, 0),
        (Stage.RCPT, BUSY, 0),
        (Stage.DATA, BAD, 0),
        (Stage.DOT, BAD, 0),
    ],
)
async def test_the_reply_is_told_with_its_stage(
    make: Make, stage: Stage, reply: Reply, arrives: int
) -> None:
    """An attempt holds the reply as said; the session goes on."""
    rig = await make(stage, reply)
    async with rig.relay.session() as session:
        attempt = await session.deliver(ENVELOPE, lambda: BODY, handing_over=yes)
        assert session.is_open
    assert (attempt.relay, attempt.stage, attempt.reply) == ("fake", stage, reply)
    assert rig.arrived() == [BODY] * arrives


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
async def test_silence_is_told_with_its_stage(make: Make, stage: Stage) -> None:
    """Where no reply comes there is none, and the session is over."""
    rig = await make(stage, SILENCE)
    async with rig.relay.session() as session:
        attempt = await session.deliver(ENVELOPE, lambda: BODY, handing_over=yes)
        assert not session.is_open
    assert (attempt.stage, attempt.reply) == (stage, None)


async def test_without_the_mark_no_byte_leaves(make: Make) -> None:
    """A mark that says no ends the session before the body."""
    rig = await make()
    async with rig.relay.session() as session:
        attempt = await session.deliver(ENVELOPE, lambda: BODY, handing_over=no)
        assert not session.is_open
    assert (attempt.stage, attempt.reply) == (Stage.DATA, None)
    assert rig.arrived() == []


async def test_a_mark_that_fails_is_told_and_no_byte_leaves(make: Make) -> None:
    """An error of the mark goes through, and ends the session before the body."""
    rig = await make()
    async with rig.relay.session() as session:
        with pytest.raises(OSError, match="disk full"):
            await session.deliver(ENVELOPE, lambda: BODY, handing_over=broken)
        assert not session.is_open
    assert rig.arrived() == []
