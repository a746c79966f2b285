"""Places where bounces lie: a Maildir, a real IMAP server; emptied only after durable."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from imapclient import IMAPClient

from mailer.errors import IntakeError, StoreError
from mailer.phrases import say
from mailer.transport.imap import ImapAccount, ImapDrop
from mailer.transport.maildir import Keeper
from mailer.transport.maildrop import MaildirDrop

_QUICK = """\
import sys
from pysasl.hashing import BuiltinHash as Hash
Hash.__init__.__kwdefaults__["rounds"] = 1000  # not half a million
from pymap.main import main
sys.exit(main())
"""
_SECRET = 's e"cret'
BODY = b"Subject: returned\r\n\r\n"
Take = Callable[[bytes], Awaitable[None]]


def taker(mails: list[bytes], *, faults: list[Exception] | None = None) -> Take:
    async def take(raw: bytes) -> None:
        if faults:
            raise faults.pop()
        mails.append(raw)

    return take


# -- a Maildir ------------------------------------------------------------------


def drop_with(folder: Path, *bodies: bytes) -> MaildirDrop:
    keeper = Keeper(folder)
    for body in bodies:
        keeper.keep("", ["b+1@x.example"], body)
    return MaildirDrop(folder)


async def test_a_maildir_is_emptied(tmp_path: Path) -> None:
    """From new to cur, seen, the oldest first; a second look finds nothing."""
    drop = drop_with(tmp_path, b"one", b"two", b"three")
    mails: list[bytes] = []
    assert await drop.collect(taker(mails), limit=2) == 2
    assert await drop.collect(taker(mails), limit=9) == 1
    assert [mail[-5:] for mail in mails] == [b"\r\none", b"\r\ntwo", b"three"]
    assert await drop.collect(taker(mails), limit=9) == 0
    assert [path.name[-4:] for path in (tmp_path / "cur").iterdir()] == [":2,S"] * 3


async def test_what_was_not_taken_stays(tmp_path: Path) -> None:
    """A database that fails leaves the mail where it is."""
    drop = drop_with(tmp_path, b"one")
    with pytest.raises(StoreError):
        await drop.collect(taker([], faults=[StoreError(say("full"))]), limit=9)
    assert not list((tmp_path / "cur").iterdir())
    mails: list[bytes] = []
    assert await drop.collect(taker(mails), limit=9) == 1


async def test_two_that_empty_one_maildir_share_it(tmp_path: Path) -> None:
    """What the other has moved meanwhile is no error."""
    drop = drop_with(tmp_path, b"one", b"two")
    mails: list[bytes] = []

    async def take(raw: bytes) -> None:
        mails.append(raw)
        for path in (tmp_path / "new").iterdir():
            path.unlink()

    assert await drop.collect(take, limit=9) == 1


async def test_of_a_long_mail_the_head_is_read(tmp_path: Path) -> None:
    """A megabyte says what it is about."""
    mails: list[bytes] = []
    await drop_with(tmp_path, b"x" * 2_000_000).collect(taker(mails), limit=9)
    assert len(mails[0]) == 1024 * 1024


async def test_a_maildir_that_is_not_there_is_named(tmp_path: Path) -> None:
    """And so is one that may not be read."""
    with pytest.raises(IntakeError, match=r"gone: this Maildir cannot be emptied"):
        await MaildirDrop(tmp_path / "gone").collect(taker([]), limit=9)


# -- an IMAP mailbox ------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """An IMAP server, as its mailbox is entered, and a session of the test's own."""

    account: ImapAccount
    client: IMAPClient

    def put(self, *bodies: bytes) -> None:
        for body in bodies:
            self.client.append("INBOX", BODY + body)

    def count(self, folder: str) -> int:
        self.client.select_folder(folder)
        return len(self.client.search("ALL"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """pymap on loopback, with an empty mailbox; one for all tests here."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = f"--host 127.0.0.1 --port {port} --no-tls dict --demo-user ada"
    process = subprocess.Popen(
        [sys.executable, "-c", _QUICK, *words.split(), "--demo-password", _SECRET],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        account = ImapAccount(
            name="bounces",
            host="127.0.0.1",
            port=port,
            security="none",
            username="ada",
            secret=_SECRET,
        )
        with IMAPClient("127.0.0.1", port=port, ssl=False) as client:
            client.login(account.username, account.secret)
            yield Server(account, client)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def account(server: Server) -> Iterator[ImapAccount]:
    """The mailbox, empty again afterwards."""
    yield server.account
    for folder in ("INBOX", "Traités"):
        if server.client.folder_exists(folder):
            server.client.select_folder(folder)
            server.client.delete_messages(server.client.search("ALL") or [99])
            server.client.expunge()


def drop_of(account: ImapAccount) -> ImapDrop:
    return ImapDrop(lambda: account, name=account.name)


async def test_a_mailbox_is_read_and_marked(
    server: Server, account: ImapAccount
) -> None:
    """Without a folder for what is done it stays, as seen; what was not taken, unseen."""
    server.put(b"one\r\n", b"x" * 1_500_000)
    mails: list[bytes] = []
    fault = StoreError(say("full"))
    with pytest.raises(StoreError):
        await drop_of(account).collect(taker(mails, faults=[fault]), limit=9)
    assert await drop_of(account).collect(taker(mails), limit=9) == 2
    assert mails[0] == BODY + b"one\r\n"
    assert len(mails[1]) == 1024 * 1024  # of a long mail the head is fetched
    assert await drop_of(account).collect(taker(mails), limit=9) == 0
    assert server.count("INBOX") == 2


async def test_a_mailbox_is_emptied_into_a_folder(
    server: Server, account: ImapAccount
) -> None:
    """Which is made if need be, whatever letters its name has."""
    account = replace(account, done="Traités")
    server.put(b"one\r\n", b"two\r\n")
    mails: list[bytes] = []
    assert await drop_of(account).collect(taker(mails), limit=1) == 1
    assert await drop_of(account).collect(taker(mails), limit=9) == 1
    assert mails == [BODY + b"one\r\n", BODY + b"two\r\n"]
    assert (server.count("INBOX"), server.count("Traités")) == (0, 2)


async def test_what_keeps_us_out_is_said(
    account: ImapAccount, unused_port: int
) -> None:
    """A wrong password, a missing folder, nobody there: by the mailbox's name."""
    for poor, words in (
        (replace(account, secret="wrong"), "bounces: it does not let us in"),
        (replace(account, folder="None"), "bounces: this mailbox cannot be emptied"),
        (replace(account, port=unused_port), "cannot be emptied: .*refused"),
        (replace(account, security="tls"), "bounces: this mailbox cannot be emptied"),
    ):
        with pytest.raises(IntakeError, match=words):
            await drop_of(poor).collect(taker([]), limit=9)
