"""SMTP sessions against a relay that misbehaves at every stage."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Outcome, Stage, judge
from mailer.errors import RelayError
from mailer.transport.protection import Security
from mailer.transport.smtp import SmtpRelay
from tests.fakes.carrying import carry
from tests.relay import Behaviour, ScriptedRelay, smtp_relay, waiting

ENVELOPE = Envelope(
    return_path="lettre@meridien.example", recipient="r@lecteurs.example"
)
BODY = b"Subject: x\r\n\r\nBonjour\r\n"
PATIENT = waiting(5)
QUICK = {"mail": {"command": 0.1}, "data": {"data": 0.1}, "dot": {"dot": 0.1}}


async def yes() -> bool:
    return True


async def deliver(relay: SmtpRelay, envelope: Envelope = ENVELOPE):
    async with relay.session() as session:
        attempt = await carry(session, envelope, BODY, yes)
        return attempt, session.is_open


async def test_a_message_arrives_as_it_is() -> None:
    """Envelope and bytes reach the relay unchanged."""
    async with ScriptedRelay() as server:
        attempt, is_open = await deliver(smtp_relay(server.port))
        (accepted,) = server.accepted
    assert (attempt.stage, attempt.reply.code, is_open) == (Stage.DOT, 250, True)
    assert (accepted.sender, accepted.recipient) == (
        ENVELOPE.return_path,
        ENVELOPE.recipient,
    )
    assert accepted.content == BODY
    assert any(" SIZE=" in command for command in server.commands)


@pytest.mark.parametrize(
    ("moment", "behaviour", "stage", "code", "is_open"),
    [
        ("mail", "550 5.7.1 not you", Stage.MAIL, 550, True),
        ("mail", "451 4.3.0 later", Stage.MAIL, 451, True),
        ("mail", "drop", Stage.MAIL, None, False),
        ("mail", "stall", Stage.MAIL, None, False),
        ("mail", "garbage", Stage.MAIL, -1, False),
        ("rcpt", "550 5.1.1 unknown", Stage.RCPT, 550, True),
        ("rcpt", "450 4.7.1 greylisted", Stage.RCPT, 450, True),
        ("rcpt", "421 4.7.0 closing", Stage.RCPT, 421, False),
        ("rcpt", "drop", Stage.RCPT, None, False),
        ("data", "554 5.7.1 spam", Stage.DATA, 554, True),
        ("data", "250 2.0.0 odd", Stage.DATA, -1, True),
        ("data", "drop", Stage.DATA, None, False),
        ("data", "stall", Stage.DATA, None, False),
        ("body", "drop", Stage.DOT, None, False),
        ("dot", "550 5.7.1 spam", Stage.DOT, 550, True),
        ("dot", "452 4.3.1 full", Stage.DOT, 452, True),
        ("dot", "drop", Stage.DOT, None, False),
        ("dot", "accept-drop", Stage.DOT, None, False),
        ("dot", "stall", Stage.DOT, None, False),
        ("dot", "partial", Stage.DOT, None, False),
        ("dot", "garbage", Stage.DOT, -1, False),
        ("dot", "421 4.3.2 shutting down", Stage.DOT, 421, False),
    ],
)
async def test_the_side_of_the_dot_is_known(
    moment: str, behaviour: Behaviour, stage: Stage, code: int | None, is_open: bool
) -> None:
    """Every fault names the stage it struck at, and what was said or not said."""
    # Only where silence is meant is it short: elsewhere a busy machine may take its time.
    wait = replace(PATIENT, **QUICK[moment]) if behaviour == "stall" else PATIENT
    async with ScriptedRelay(script={moment: behaviour}) as server:
        attempt, still_open = await deliver(smtp_relay(server.port, timeouts=wait))
    assert attempt.stage is stage
    assert (attempt.reply.code if attempt.reply else None) == code
    assert still_open is is_open
    outcome = judge(attempt).outcome
    silent_at_dot = stage is Stage.DOT and code in {None, -1}
    assert (outcome is Outcome.IN_DOUBT) is silent_at_dot


async def test_after_a_refusal_the_next_reader_is_not_blamed() -> None:
    """A refused recipient ends the transaction, so that the next one is clean."""

    def second_only(recipient: str, count: int) -> str | None:
        return "550 5.1.1 unknown" if recipient.startswith("bad") else None

    async with ScriptedRelay(script={"rcpt": second_only}) as server:
        relay = smtp_relay(server.port)
        async with relay.session() as session:
            bad = Envelope(return_path="a@b.example", recipient="bad@x.example")
            first = await carry(session, bad, BODY, yes)
            second = await carry(session, ENVELOPE, BODY, yes)
    assert (first.reply.code, second.reply.code) == (550, 250)
    assert "RSET" in server.commands


async def test_no_byte_leaves_when_the_mark_is_refused() -> None:
    """If the ledger says no after 354, the connection closes without a body."""

    async def no() -> bool:
        return False

    async with ScriptedRelay() as server:
        async with smtp_relay(server.port).session() as session:
            attempt = await carry(session, ENVELOPE, BODY, no)
            assert not session.is_open
        assert server.accepted == []
    assert (attempt.stage, attempt.reply) == (Stage.DATA, None)


async def test_a_ledger_that_fails_stops_the_body() -> None:
    """An error of the mark travels on, and nothing was handed over."""

    async def fail() -> bool:
        raise RuntimeError

    async with ScriptedRelay() as server:
        async with smtp_relay(server.port).session() as session:
            with pytest.raises(RuntimeError):
                await carry(session, ENVELOPE, BODY, fail)
            assert not session.is_open
        assert server.accepted == []


async def test_an_address_the_relay_cannot_take_costs_nothing() -> None:
    """Without SMTPUTF8 an accented local part is refused by us, before MAIL."""
    envelope = Envelope(return_path="a@b.example", recipient="élise@x.example")
    async with ScriptedRelay() as server:
        attempt, _ = await deliver(smtp_relay(server.port), envelope)
        assert not any(command.startswith("MAIL") for command in server.commands)
    assert (attempt.reply.code, attempt.reply.enhanced) == (550, "5.6.7")


@pytest.mark.parametrize("extensions", [("DSN", "PIPELINING"), ("DSN",), ()])
async def test_a_report_is_asked_for_where_it_is_offered(
    extensions: tuple[str, ...],
) -> None:
    """In one group or command by command; elsewhere not a word of it."""
    envelope = Envelope(
        return_path="b+1.2.ab@b.example", recipient="r@x.example", envelope_id="1.2.ab"
    )
    async with ScriptedRelay(extensions=extensions) as server:
        await deliver(smtp_relay(server.port), envelope)
        asked = [c for c in server.commands if "ENVID=1.2.ab" in c or "NOTIFY" in c]
    assert len(asked) == (2 if "DSN" in extensions else 0)


async def test_a_message_too_large_is_the_messages_fault() -> None:
    """What exceeds the announced SIZE is refused by us, before MAIL."""
    async with ScriptedRelay(extensions=("SIZE 10",)) as server:
        attempt, _ = await deliver(smtp_relay(server.port))
    assert (attempt.reply.code, attempt.reply.enhanced) == (552, "5.3.4")


async def test_a_connection_is_left_after_its_share() -> None:
    """After so many messages a session closes itself for a fresh one."""
    async with ScriptedRelay() as server:
        relay = smtp_relay(server.port, messages_per_connection=2)
        async with relay.session() as session:
            for _ in range(2):
                assert session.is_open
                await carry(session, ENVELOPE, BODY, yes)
            assert not session.is_open
        assert "QUIT" in server.commands


async def test_a_closed_port_is_said_with_its_number(unused_port: int) -> None:
    """An unreachable relay names host and port."""
    with pytest.raises(RelayError, match=f"127.0.0.1:{unused_port}") as caught:
        await smtp_relay(unused_port).check()
    assert caught.value.temporary


@pytest.mark.parametrize("greeting", ["554 5.3.2 go away", "421 4.3.2 busy", "drop"])
async def test_a_relay_that_does_not_let_us_in(greeting: str) -> None:
    """A refused greeting is a RelayError; only 5yz is final."""
    async with ScriptedRelay(script={"connect": greeting}) as server:
        with pytest.raises(RelayError) as caught:
            await smtp_relay(server.port).check()
    assert caught.value.temporary is not greeting.startswith("5")


async def test_a_wrong_password_is_final_and_named() -> None:
    """535 says which settings to look at, and is not tried again."""
    async with ScriptedRelay(credentials=("u", "right")) as server:
        await smtp_relay(server.port, username="u", password="right").check()
        with pytest.raises(RelayError, match="username and password") as caught:
            await smtp_relay(server.port, username="u", password="wrong").check()
    assert not caught.value.temporary


async def test_a_relay_that_recovers_is_waited_for() -> None:
    """A relay that is busy for a moment is tried again within its patience."""

    def busy_once(_: str, count: int) -> str | None:
        return "421 4.3.2 busy" if count == 1 else None

    async with ScriptedRelay(script={"connect": busy_once}) as server:
        relay = smtp_relay(server.port, patience=timedelta(seconds=20))
        attempt, _ = await deliver(relay)
    assert attempt.reply.code == 250


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("implicit", [False, True])
async def test_tls_protects_the_session(
    authority: trustme.CA, tmp_path: Path, implicit: bool
) -> None:
    """STARTTLS and implicit TLS work against a certificate we are told to trust."""
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    async with ScriptedRelay(
        tls=server_tls(authority), implicit_tls=implicit
    ) as server:
        security = Security.TLS if implicit else Security.STARTTLS
        attempt, _ = await deliver(
            smtp_relay(server.port, security=security, ca_file=ca_file)
        )
    assert attempt.reply.code == 250


async def test_a_foreign_certificate_is_final(authority: trustme.CA) -> None:
    """A certificate of an unknown authority is never accepted."""
    async with ScriptedRelay(tls=server_tls(authority)) as server:
        with pytest.raises(RelayError, match="certificate") as caught:
            await smtp_relay(server.port, security=Security.STARTTLS).check()
    assert not caught.value.temporary


async def test_stripped_starttls_sends_nothing_in_clear() -> None:
    """Where STARTTLS is required and not offered, no login and no mail leave."""
    async with ScriptedRelay(credentials=("u", "p")) as server:
        relay = smtp_relay(
            server.port, security=Security.STARTTLS, username="u", password="p"
        )
        with pytest.raises(RelayError) as caught:
            await relay.check()
        assert not any(c.startswith(("AUTH", "MAIL")) for c in server.commands)
    assert not caught.value.temporary


def test_clear_text_stays_on_this_machine() -> None:
    """No clear text to a relay elsewhere."""
    with pytest.raises(RelayError):
        smtp_relay(25, host="smtp.example.org")


class DeafRelay:
    """Reads a body only after ``hears`` is set, and then takes it."""

    def __init__(self) -> None:
        self.hears, self.left = asyncio.Event(), asyncio.Event()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for reply in ("250 hi", "250 ok", "250 ok", "354 go"):  # EHLO to DATA
            await reader.readline()
            writer.write(f"{reply}\r\n".encode())
        await self.hears.wait()
        end = b""
        while not end.endswith(b"\r\n.\r\n") and (read := await reader.read(2**16)):
            end = end[-5:] + read
        await asyncio.sleep(0.3)  # longer than a block may take
        writer.write(b"250 ok\r\n")
        if await reader.readline():
            writer.write(b"221 bye\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.left.set()


@pytest.mark.parametrize("hears", [True, False])
async def test_a_body_that_nobody_reads_is_not_waited_for(hears: bool) -> None:
    """A block has its own time-out; once it is read, the dot's begins."""
    relay = DeafRelay()
    if hears:
        relay.hears.set()
    body = b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" + b"x" * 8_000_000 + b"\r\n"
    wait = waiting(20, block=0.2)
    listening = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    async with listening as server, asyncio.timeout(15):
        port = server.sockets[0].getsockname()[1]
        async with smtp_relay(port, timeouts=wait).session() as session:
            attempt = await carry(session, ENVELOPE, body, yes)
            assert session.is_open is hears
        relay.hears.set()
        await relay.left.wait()
    assert attempt.stage is Stage.DOT
    assert (attempt.reply is not None) is hears
