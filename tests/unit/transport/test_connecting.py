"""Connecting to a relay: what fails for good, what may pass, and what is let go of."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Outcome, Stage, judge
from mailer.errors import RelayError
from mailer.transport.dial import Timeouts
from mailer.transport.failure import failure
from mailer.transport.protection import Security
from tests.fakes.carrying import carry
from tests.relay import ScriptedRelay, smtp_relay, waiting

ENVELOPE = Envelope(return_path="a@m.example", recipient="r@x.example")
BODY = b"Subject: x\r\n\r\nBonjour\r\n"
LOGIN = {"username": "u", "password": "right"}


async def yes() -> bool:
    return True


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("fault", ["expired", "another host"])
async def test_a_bad_certificate_is_final(
    authority: trustme.CA, ca_file: Path, fault: str, implicit: bool
) -> None:
    """An expired or foreign name is never accepted, and ca_file is not blamed alone."""
    past = datetime.now(UTC) - timedelta(days=1)  # noqa: TID251 - certificates need it
    certificate = (
        authority.issue_cert("127.0.0.1", not_after=past)
        if fault == "expired"
        else authority.issue_cert("relay.example")
    )
    async with ScriptedRelay(
        tls=server_tls(certificate), implicit_tls=implicit
    ) as server:
        security = Security.TLS if implicit else Security.STARTTLS
        relay = smtp_relay(server.port, security=security, ca_file=ca_file)
        with pytest.raises(RelayError, match="certificate") as caught:
            await relay.check()
        assert not any(command.startswith("MAIL") for command in server.commands)
    assert not caught.value.temporary


async def test_tls_on_a_port_without_is_final() -> None:
    """Implicit TLS where the relay greets in clear text names the setting."""
    async with ScriptedRelay() as server:
        with pytest.raises(RelayError, match='security = "tls"') as caught:
            await smtp_relay(server.port, security=Security.TLS).check()
    assert not caught.value.temporary


@pytest.mark.parametrize(
    ("reply", "temporary"),
    [
        ("454 4.7.0 temporary authentication failure", True),
        ("421 4.3.2 shutting down", True),
        ("530 5.7.0 encrypt first", False),
        ("534 5.7.9 too weak", False),
        ("535 5.7.8 bad credentials", False),
        ("538 5.7.11 encrypt first", False),
        ("garbage", True),
        ("drop", True),
    ],
)
async def test_a_refused_login(reply: str, temporary: bool) -> None:
    """4yz may pass; 5yz is the operator's turn."""
    script = {"auth": reply}
    async with ScriptedRelay(credentials=("u", "right"), script=script) as server:
        with pytest.raises(RelayError) as caught:
            await smtp_relay(server.port, **LOGIN).check()
    assert caught.value.temporary is temporary


async def test_a_relay_without_logins_is_said() -> None:
    """A username where the relay knows no AUTH is a setting to mend."""
    async with ScriptedRelay() as server:
        with pytest.raises(RelayError, match="AUTH") as caught:
            await smtp_relay(server.port, **LOGIN).check()
    assert not caught.value.temporary


@pytest.mark.parametrize("reply", ["454 4.7.0 no TLS now", "garbage", "drop"])
async def test_starttls_that_fails_may_pass(
    authority: trustme.CA, ca_file: Path, reply: str
) -> None:
    """STARTTLS offered and not done sends nothing in clear text, and is tried again."""
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    async with ScriptedRelay(
        tls=tls, credentials=("u", "right"), script={"starttls": reply}
    ) as server:
        relay = smtp_relay(
            server.port, security=Security.STARTTLS, ca_file=ca_file, **LOGIN
        )
        with pytest.raises(RelayError) as caught:
            await relay.check()
        assert not any(c.startswith(("AUTH", "MAIL")) for c in server.commands)
    assert caught.value.temporary


@pytest.mark.parametrize("moment", ["connect", "ehlo"])
@pytest.mark.parametrize("behaviour", ["stall", "garbage", "partial"])
async def test_nonsense_before_the_first_mail_may_pass(
    moment: str, behaviour: str
) -> None:
    """Silence and nonsense while connecting are the relay's, and temporary."""
    quick = waiting(0.1)
    async with ScriptedRelay(script={moment: behaviour}) as server:
        with pytest.raises(RelayError, match=f"127.0.0.1:{server.port}") as caught:
            await smtp_relay(server.port, timeouts=quick).check()
    assert caught.value.temporary


async def test_a_permanent_failure_is_not_tried_again() -> None:
    """Patience is for what may pass: a refused login is asked for once."""
    async with ScriptedRelay(credentials=("u", "other")) as server:
        relay = smtp_relay(server.port, patience=timedelta(hours=1), **LOGIN)
        with pytest.raises(RelayError):
            async with relay.session():
                pass
        assert server.commands.count("EHLO mailer.example") == 1


@pytest.mark.parametrize("code", [200, 299, 300, 404, 199, 600, 999])
async def test_only_a_reply_that_makes_sense_is_an_answer(code: int) -> None:
    """A number that no reply may have settles nothing after the dot."""
    async with ScriptedRelay(script={"dot": f"{code} hm"}) as server:
        async with smtp_relay(server.port).session() as session:
            attempt = await carry(session, ENVELOPE, BODY, yes)
    assert attempt.stage is Stage.DOT
    expected = {2: Outcome.ACCEPTED, 4: Outcome.DEFERRED}
    assert judge(attempt).outcome is expected.get(code // 100, Outcome.IN_DOUBT)


async def test_nonsense_is_kept_readable() -> None:
    """What makes no sense is recorded without what a terminal would obey."""
    async with ScriptedRelay(script={"rcpt": "\x1b[31m no reply \x00"}) as server:
        async with smtp_relay(server.port).session() as session:
            attempt = await carry(session, ENVELOPE, BODY, yes)
    assert attempt.reply.code == -1
    assert attempt.reply.text.isprintable()


async def test_a_connection_lost_during_the_mark_hands_nothing_over() -> None:
    """If the relay leaves between 354 and the first byte, nothing is in doubt."""
    async with ScriptedRelay() as server, smtp_relay(server.port).session() as session:

        async def relay_leaves() -> bool:
            await server.__aexit__()
            async with asyncio.timeout(5):
                while session.is_open:  # noqa: ASYNC110 - until the loop has seen it
                    await asyncio.sleep(0)
            return True

        attempt = await carry(session, ENVELOPE, BODY, relay_leaves)
    assert (attempt.stage, attempt.reply) == (Stage.DATA, None)
    assert judge(attempt).outcome is Outcome.DEFERRED


async def test_cancelling_a_delivery_closes_its_connection() -> None:
    """Nobody knows where the dialogue stands, so nobody speaks there again."""
    marked = asyncio.Event()

    async def mark() -> bool:
        marked.set()
        return True

    async with ScriptedRelay(script={"dot": "stall"}) as server:
        async with smtp_relay(server.port).session() as session:
            task = asyncio.create_task(carry(session, ENVELOPE, BODY, mark))
            await marked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not session.is_open


async def test_cancelling_while_connecting_leaves_no_connection() -> None:
    """Who stops waiting for a relay holds nothing open there."""
    async with ScriptedRelay(script={"ehlo": "stall"}) as server:
        task = asyncio.create_task(smtp_relay(server.port).check())
        await server.stalled.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.left.wait()


async def test_a_late_reply_is_waited_for() -> None:
    """A 250 that takes its time is a 250; nothing is sent twice for impatience."""
    async with ScriptedRelay(script={"dot": "wait"}) as server:
        async with smtp_relay(server.port).session() as session:
            delivery = carry(session, ENVELOPE, BODY, yes)
            task = asyncio.create_task(delivery)
            await server.wait_for(1)
            assert not task.done()
            server.released.set()
            attempt = await task
    assert (attempt.stage, attempt.reply.code) == (Stage.DOT, 250)


def test_the_final_dot_is_waited_for_ten_minutes() -> None:
    """The time-outs are those of RFC 5321 section 4.5.3.2, or longer."""
    wait = Timeouts()
    assert (wait.command, wait.data, wait.dot) >= (300, 120, 600)


@pytest.mark.parametrize("moment", ["mail", "rcpt", "data", "dot"])
async def test_an_endless_reply_is_no_reply(moment: str) -> None:
    """A reply too long to be one closes the connection; after the dot it is a doubt."""
    async with ScriptedRelay(script={moment: "250 " + "x" * 70_000}) as server:
        async with smtp_relay(server.port).session() as session:
            attempt = await carry(session, ENVELOPE, BODY, yes)
            assert not session.is_open
    assert (attempt.stage, attempt.reply.code) == (Stage(moment), -1)


async def test_a_relay_that_closes_now_and_then_is_left_and_found_again() -> None:
    """421 at every third mail costs a connection, never a message or a copy."""

    count = 0

    def every_third(recipient: str, _: int) -> str | None:
        nonlocal count
        count += 1
        return "421 4.7.0 enough" if count % 3 == 0 else None

    async with ScriptedRelay(script={"mail": every_third}) as server:
        relay = smtp_relay(server.port)
        codes = []
        while len(server.accepted) < 6:
            async with relay.session() as session:
                while session.is_open and len(server.accepted) < 6:
                    attempt = await carry(session, ENVELOPE, BODY, yes)
                    codes.append(attempt.reply.code)
        assert {taken.connection for taken in server.accepted} == {1, 2, 3}
    assert codes == [250, 250, 421] * 2 + [250, 250]


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A ca_file that is missing or no certificate is the operator's to mend."""
    (tmp_path / "empty.pem").write_bytes(b"")
    for path in (tmp_path / "none.pem", tmp_path / "empty.pem"):
        with pytest.raises(RelayError, match=path.name) as caught:
            smtp_relay(465, security=Security.TLS, ca_file=path)
        assert not caught.value.temporary


async def test_a_port_nobody_listens_at_is_said_in_the_systems_words() -> None:
    """One reason, not the layers it came through, and what to do about it."""
    async with ScriptedRelay() as server:
        port = server.port
    ways_out = {Security.NONE: "mailer inbox", Security.STARTTLS: "the right port?"}
    for security, way_out in ways_out.items():
        with pytest.raises(RelayError, match=way_out) as caught:
            await smtp_relay(port, security=security).check()
        assert f"127.0.0.1:{port} cannot be reached (Connection refused)" in str(
            caught.value
        )


async def test_a_check_tells_what_the_relay_would_not_take() -> None:
    """A message beyond the announced SIZE is known before anybody is written to."""
    async with ScriptedRelay(extensions=("SIZE 20000",)) as server:
        await smtp_relay(server.port).check(size=10_000)
        with pytest.raises(RelayError, match="takes messages of 20000 bytes"):
            await smtp_relay(server.port).check(size=30_000)
    async with ScriptedRelay(extensions=("SIZE 0",)) as server:
        await smtp_relay(server.port).check(size=30_000)


def test_a_host_that_has_no_address_is_said() -> None:
    """A slip in the name is told from a port where nobody listens; it may pass."""
    error = failure(
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        relay="principal",
        where="smpt.example.org:587",
        security="starttls",
        waited=30,
        proof="",
    )
    assert "no such host is known (Name or service not known)" in str(error)
    assert error.temporary


async def test_a_host_has_several_addresses() -> None:
    """The first that answers is taken: localhost is ::1 before it is 127.0.0.1."""
    async with ScriptedRelay() as server:
        await smtp_relay(server.port, host="localhost").check()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue is full: the system answers nobody any more."""
    with ExitStack() as stack:
        listener = stack.enter_context(
            socket.create_server(("127.0.0.1", 0), backlog=0)
        )
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_a_host_that_is_silent_is_left_soon(silent_port: int) -> None:
    """The five minutes of a greeting are not for a host that is not there."""
    quick = waiting(300, connect=0.1)
    async with asyncio.timeout(10):
        with pytest.raises(RelayError, match="did not answer in 0 s") as caught:
            await smtp_relay(silent_port, timeouts=quick).check()
    assert caught.value.temporary
