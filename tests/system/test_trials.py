"""Trials with the real command: a run into a folder, an inbox that misbehaves."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from mailer.transport.inbox import Mailbox
from tests.system.conftest import Mailer


def test_a_whole_run_goes_into_a_folder(mailer: Mailer, tmp_path: Path) -> None:
    """Plan and balance as on the day; the plan says that nothing leaves."""
    readers = mailer.import_readers(12)
    mailer.use_relay(1, kind="maildir", path=tmp_path / "out")
    plan = mailer("send", "le-meridien/next", "--dry-run")
    assert "nothing leaves this machine" in plan.stderr
    assert not (tmp_path / "out").exists()
    said = mailer.json("send", "le-meridien/next", "--dry-run", "--json")
    assert said["relays"] == [{"name": "principal", "kind": "maildir"}]
    done = mailer("send", "le-meridien/next", "--yes", "--expect", "12")
    assert done.returncode == 0, done.stderr
    assert sorted(Mailbox(tmp_path / "out").recipients()) == readers


async def test_the_inbox_misbehaves_as_it_was_told(
    mailer: Mailer, tmp_path: Path
) -> None:
    """The command says what it will do and does it; a slip of the pen is exit 2."""
    wrong = mailer("inbox", "--chaos", "rctp:550")
    assert wrong.returncode == 2
    assert "did you mean rcpt?" in wrong.stderr
    ports = ("--port", "0", "--http-port", "0", "--folder", str(tmp_path / "box"))
    process = await mailer.start(
        "inbox", *ports, "--chaos", "connect:554 5.3.2 go away"
    )
    assert process.stderr is not None
    async with asyncio.timeout(60):
        told = (await process.stderr.readuntil(b"go away\n")).decode()
        port = int(told.split("127.0.0.1:", 1)[1].split(" ", 1)[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.readline() == b"554 5.3.2 go away\r\n"
        writer.close()
        process.send_signal(signal.SIGINT)
        await process.wait()
