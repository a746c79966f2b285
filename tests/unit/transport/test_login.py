"""Logging in: one mechanism, one try, and tokens that age."""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import RelayError
from mailer.transport.access import CommandToken, FileToken
from mailer.transport.login import Login, Mechanism, choose
from tests.relay import ScriptedRelay, dialer, smtp_relay

PASSWORD = ["plain", "login", "cram-md5"]


def logins(server: ScriptedRelay) -> list[str]:
    """How often and by which mechanism somebody tried to log in."""
    return [c.split(" ")[1] for c in server.commands if c.startswith("AUTH ")]


@pytest.mark.parametrize("mechanism", PASSWORD)
async def test_each_mechanism_logs_in(mechanism: str) -> None:
    """The right password is let in by any mechanism, a wrong one by none."""
    async with ScriptedRelay(
        credentials=("ü", "pä§"), mechanisms="PLAIN LOGIN CRAM-MD5 XOAUTH2"
    ) as server:
        way = {"username": "ü", "mechanism": Mechanism(mechanism)}
        await smtp_relay(server.port, password="pä§", **way).check()
        assert logins(server) == [mechanism.upper()]
        with pytest.raises(RelayError, match="look at username and password"):
            await smtp_relay(server.port, password="pa§", **way).check()


async def test_a_wrong_password_is_said_once() -> None:
    """Three mechanisms on offer are not three tries: providers lock after a few."""
    async with ScriptedRelay(
        credentials=("u", "right"), mechanisms="CRAM-MD5 PLAIN LOGIN"
    ) as server:
        with pytest.raises(RelayError) as caught:
            await smtp_relay(server.port, username="u", password="wrong").check()
        assert logins(server) == ["PLAIN"]
    assert not caught.value.temporary


@pytest.mark.parametrize(
    ("offered", "in_clear", "chosen"),
    [
        ("plain login cram-md5", False, "plain"),
        ("login cram-md5", False, "login"),
        ("cram-md5 gssapi", False, "cram-md5"),
        ("plain login cram-md5", True, "cram-md5"),
        ("plain login", True, "login"),
        ("xoauth2 gssapi", False, None),
        ("", False, None),
    ],
)
def test_the_mechanism_fits_the_line(offered, in_clear, chosen) -> None:
    """Under TLS the best tested; where strangers read, the one that hides the password."""
    login = Login(username="u", password="p")
    assert choose(login, offered.split(), in_clear=in_clear) == chosen


@given(st.sampled_from(PASSWORD), st.sets(st.sampled_from([*PASSWORD, "xoauth2"])))
def test_the_settings_choice_is_the_only_one(wanted, offered) -> None:
    """What is not offered is not replaced by something weaker."""
    login = Login(username="u", password="p", mechanism=Mechanism(wanted))
    expected = wanted if wanted in offered else None
    assert choose(login, sorted(offered), in_clear=False) == expected


async def test_a_mechanism_that_is_not_offered_is_named() -> None:
    """The operator reads what the relay does offer; nothing was said to it."""
    async with ScriptedRelay(credentials=("u", "p")) as server:
        with pytest.raises(RelayError, match=r"CRAM-MD5 \(it offers: PLAIN LOGIN\)"):
            await smtp_relay(
                server.port, username="u", password="p", mechanism=Mechanism.CRAM_MD5
            ).check()
        assert logins(server) == []


# -- access tokens ------------------------------------------------------------


def command(script: str, folder: Path, **more: float) -> CommandToken:
    (folder / "token.py").write_text(script, encoding="utf-8")
    return CommandToken(
        f"{sys.executable} token.py", folder=folder, relay="principal", **more
    )


COUNTING = """
from pathlib import Path
count = Path("count")
count.write_text(count.read_text() + "x" if count.exists() else "x")
print("token-%d" % len(count.read_text()))
"""


def asked(folder: Path) -> int:
    return len((folder / "count").read_text())


def oauth(token: str) -> ScriptedRelay:
    return ScriptedRelay(credentials=("u", token), mechanisms="PLAIN XOAUTH2")


async def test_a_token_is_asked_for_once_and_kept(tmp_path: Path) -> None:
    """Eight connections cost one question to whoever gives tokens."""
    source = command(COUNTING, tmp_path)
    async with oauth("token-1") as server:
        relay = dialer(server.port, username="u", token=source)
        for _ in range(8):
            (await relay.dial()).close()
        assert logins(server) == ["XOAUTH2"] * 8
    assert asked(tmp_path) == 1


async def test_a_token_that_aged_is_replaced_on_the_same_connection(tmp_path) -> None:
    """A refused token is fetched anew and tried once more; the run notices nothing."""
    source = command(COUNTING, tmp_path)
    async with oauth("token-2") as server:
        relay = dialer(server.port, username="u", token=source)
        client = await relay.dial()
        assert client.is_connected
        client.close()
        assert logins(server) == ["XOAUTH2", "XOAUTH2"]
    assert asked(tmp_path) == 2


async def test_a_second_refusal_is_final(tmp_path: Path) -> None:
    """Two tokens and no more: then it is the operator's turn."""
    async with oauth("another") as server:
        relay = dialer(server.port, username="u", token=command(COUNTING, tmp_path))
        with pytest.raises(RelayError, match="token_file / token_command") as caught:
            await relay.dial()
        assert len(logins(server)) == 2
    assert not caught.value.temporary


async def test_a_file_is_read_at_each_login(tmp_path: Path) -> None:
    """Whoever renews the file has nobody to tell; the same token is not tried twice."""
    path = tmp_path / "token"
    path.write_text("old\n")
    source = FileToken(path, relay="principal")
    async with oauth("new") as server:
        relay = dialer(server.port, username="u", token=source)
        with pytest.raises(RelayError):
            await relay.dial()
        assert len(logins(server)) == 1
        path.write_text("new\n")
        (await relay.dial()).close()


async def test_a_relay_that_leaves_after_a_refusal_is_tried_again(tmp_path) -> None:
    """Where the refusal ends the session, the fresh token is for the next one."""

    async def refuse(reader: StreamReader, writer: StreamWriter) -> None:
        for reply in ("220 hi", "250-hi\r\n250 AUTH XOAUTH2", "535 5.7.8 expired"):
            writer.write(f"{reply}\r\n".encode())
            if not reply.startswith("535"):
                await reader.readline()
        writer.close()

    source = command(COUNTING, tmp_path)
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        relay = dialer(server.sockets[0].getsockname()[1], username="u", token=source)
        with pytest.raises(RelayError) as caught:
            await relay.dial()
    assert caught.value.temporary
    assert await source.read() == "token-2"


async def test_a_temporary_refusal_costs_no_token(tmp_path: Path) -> None:
    """454 says nothing about the token: it is kept."""
    async with ScriptedRelay(
        credentials=("u", "token-1"),
        mechanisms="XOAUTH2",
        script={"auth": "454 4.7.0 not now"},
    ) as server:
        relay = dialer(server.port, username="u", token=command(COUNTING, tmp_path))
        with pytest.raises(RelayError) as caught:
            await relay.dial()
    assert caught.value.temporary
    assert asked(tmp_path) == 1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('no \\x1b[31mnetwork')", "ended with 1: no .31mnetwork"),
        ("raise SystemExit(3)", "ended with 3: -"),
        ("print('two words')", "one word is wanted"),
        ("print()", "one word is wanted"),
        ("print('x' * 20000)", "one word is wanted"),
        ("import time; time.sleep(60)", "no answer in 0 s"),
    ],
)
async def test_a_command_that_fails_is_told(tmp_path, script: str, said: str) -> None:
    """What it said on its way out is repeated; it may do better in a moment."""
    source = command(script, tmp_path, patience=0.2 if "sleep" in script else 20)
    with pytest.raises(RelayError, match=said) as caught:
        await source.read()
    assert caught.value.temporary
    assert str(caught.value).isprintable()


async def test_a_command_or_file_that_is_not_there_is_the_operators(tmp_path) -> None:
    """Waiting brings no program and no file."""
    gone = CommandToken("no-such-program", folder=tmp_path, relay="principal")
    for source in (gone, FileToken(tmp_path / "none", relay="principal")):
        with pytest.raises(RelayError) as caught:
            await source.read()
        assert not caught.value.temporary


def test_a_login_does_not_show_its_password() -> None:
    """Neither in a log nor in a traceback."""
    assert "hunter2" not in repr(Login(username="u", password="hunter2"))
