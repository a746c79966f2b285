"""What every Relay promises: the server, the folder, and the one in memory alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Reply, Stage
from mailer.flows.sending.carriage import Relay
from mailer.transport.certificates import contexts_for_trials
from mailer.transport.outbox import MaildirRelay
from mailer.transport.protection import Security
from tests.fakes.carrying import carry
from tests.fakes.relay import OK, FakeRelay
from tests.relay import ScriptedRelay, smtp_relay, waiting

ENVELOPE = Envelope(
    return_path="lettre@meridien.example", recipient="r@lecteurs.example"
)
BODY = b"Subject: x\r\n\r\nBonjour\r\n"
BUSY = Reply(450, "later", "4.2.0")
BAD = Reply(554, "no", "5.6.0")
SILENCE = None
SMTP = ["none", "starttls", "tls"]
"""A server in clear text and under TLS: to the transactions it is all the same."""

Make = Callable[..., Awaitable["Rig"]]


class Rig:
    """A relay, and what arrived there."""

    def __init__(self, relay: Relay, arrived: Callable[[], list[bytes]]) -> None:
        self.relay = relay
        self.arrived = arrived


async def built(
    kind: str,
    stack: AsyncExitStack,
    folder: Path,
    stage: Stage = Stage.DOT,
    reply: Reply | None = OK,
) -> Rig:
    """A relay of *kind* that says one reply, or nothing, at one stage."""
    if kind == "maildir":
        return Rig(MaildirRelay(name="fake", folder=folder), lambda: kept(folder))
    if kind == "fake":
        fake = FakeRelay(answer=lambda *_: (stage, reply))
        return Rig(fake, lambda: [content for _, content in fake.accepted])
    script = {str(stage): str(reply) if reply else "drop"}
    secured = Security(kind) is not Security.NONE
    contexts = contexts_for_trials(folder.with_name("ca.pem")) if secured else {}
    server = await stack.enter_async_context(
        ScriptedRelay(
            script=script,
            tls=contexts.get(""),
            implicit_tls=kind == Security.TLS,
            credentials=("u", "p"),
        )
    )
    relay = smtp_relay(
        server.port,
        name="fake",
        security=Security(kind),
        ca_file=folder.with_name("ca.pem") if secured else None,
        username="u",
        password="p",
        timeouts=waiting(1),
    )
    return Rig(relay, lambda: [taken.content for taken in server.accepted])


def kept(folder: Path) -> list[bytes]:
    """The messages in a Maildir in their order, without the envelope above them."""
    paths = sorted((folder / "new").glob("*"))
    return [path.read_bytes().split(b"\r\n", 2)[2] for path in paths]


@pytest.fixture(params=["fake", *SMTP])
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Make]:
    """Builds a relay that can say something at every stage."""
    async with AsyncExitStack() as stack:
        yield partial(built, request.param, stack, tmp_path / "out")


@pytest.fixture(params=["fake", *SMTP, "maildir"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """A relay of any kind that takes what it gets."""
    async with AsyncExitStack() as stack:
        yield await built(request.param, stack, tmp_path / "out")


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def broken() -> bool:
    message = "disk full"
    raise OSError(message)


async def test_a_relay_that_answers_passes_its_check(rig: Rig) -> None:
    """A check of a relay that lets us in says nothing."""
    await rig.relay.check()


async def test_every_message_arrives_once_as_it_is(rig: Rig) -> None:
    """Accepted is said of what arrived, in its order, and of nothing else."""
    bodies = [b"Subject: %d\r\n\r\nx\r\n" % n for n in range(5)]
    async with rig.relay.session() as session:
        for number, body in enumerate(bodies, 1):
            attempt = await carry(session, ENVELOPE, body, yes)
            assert (attempt.relay, attempt.stage) == ("fake", Stage.DOT)
            assert attempt.reply.code == 250
            assert session.is_open
            assert len(rig.arrived()) == number
    assert rig.arrived() == bodies


async def test_sessions_side_by_side_mix_nothing_up(rig: Rig) -> None:
    """Two sessions at once: what each hands over arrives whole."""

    async def carry_four(word: bytes) -> None:
        async with rig.relay.session() as session:
            for _ in range(4):
                await carry(session, ENVELOPE, word * 40_000 + b"\r\n", yes)

    await asyncio.gather(carry_four(b"a"), carry_four(b"b"))
    arrived = rig.arrived()
    assert sorted(body[:1] for body in arrived) == [b"a"] * 4 + [b"b"] * 4
    assert all(body == body[:1] * 40_000 + b"\r\n" for body in arrived)


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
        attempt = await carry(session, ENVELOPE, BODY, yes)
        assert session.is_open
    assert (attempt.relay, attempt.stage, attempt.reply) == ("fake", stage, reply)
    assert rig.arrived() == [BODY] * arrives


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
async def test_silence_is_told_with_its_stage(make: Make, stage: Stage) -> None:
    """Where no reply comes there is none, and the session is over."""
    rig = await make(stage, SILENCE)
    async with rig.relay.session() as session:
        attempt = await carry(session, ENVELOPE, BODY, yes)
        assert not session.is_open
    assert (attempt.stage, attempt.reply) == (stage, None)


async def test_without_the_mark_no_byte_leaves(rig: Rig) -> None:
    """A mark that says no ends the session before the body."""
    async with rig.relay.session() as session:
        attempt = await carry(session, ENVELOPE, BODY, no)
        assert not session.is_open
    assert (attempt.stage, attempt.reply) == (Stage.DATA, None)
    assert rig.arrived() == []


async def test_a_mark_that_fails_is_told_and_no_byte_leaves(rig: Rig) -> None:
    """An error of the mark goes through, and ends the session before the body."""
    async with rig.relay.session() as session:
        with pytest.raises(OSError, match="disk full"):
            await carry(session, ENVELOPE, BODY, broken)
        assert not session.is_open
    assert rig.arrived() == []
