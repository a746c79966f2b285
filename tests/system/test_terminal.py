"""At a terminal: what is asked, what Ctrl-C does, and how either leaves."""

from __future__ import annotations

import asyncio
import os
import pty
import shlex
import signal
import subprocess

import pytest

from mailer.trial import TrialInbox
from tests.relay import ScriptedRelay
from tests.system.conftest import Mailer, reached


class Terminal:
    """The command at a pseudo-terminal: what it shows, and a keyboard."""

    def __init__(self, screen: int, process: asyncio.subprocess.Process) -> None:
        self.screen, self.process = screen, process
        self.shown = ""
        self._new = asyncio.Event()
        asyncio.get_running_loop().add_reader(screen, self._read)

    @classmethod
    async def run(cls, mailer: Mailer, *words: str) -> Terminal:
        screen, line = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *mailer.command(*words),
            env=mailer.environment(),
            stdin=line,
            stdout=line,
            stderr=line,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(line)
        return cls(screen, process)

    def _read(self) -> None:
        try:
            got = os.read(self.screen, 65536)
        except OSError:  # the other side is closed
            got = b""
        if not got:
            asyncio.get_running_loop().remove_reader(self.screen)
        self.shown += got.decode("utf-8", "replace")
        self._new.set()

    async def until(self, words: str) -> None:
        """Come back when *words* stand on the screen."""
        async with asyncio.timeout(30):
            while words not in self.shown:
                self._new.clear()
                await self._new.wait()

    def type(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    async def end(self) -> int:
        async with asyncio.timeout(30):
            code = await self.process.wait()
        asyncio.get_running_loop().remove_reader(self.screen)
        os.close(self.screen)
        return code


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that ^C becomes a signal


async def test_the_count_is_typed_and_the_edition_leaves(
    mailer: Mailer, inbox: TrialInbox
) -> None:
    """Whoever types the number of readers sends; progress and balance are shown."""
    mailer.import_readers(5)
    mailer.use_relay(inbox.smtp_port)
    terminal = await Terminal.run(mailer, "send", "le-meridien/next")
    await terminal.until("to confirm: ")
    terminal.type("5\n")
    assert await terminal.end() == 0, terminal.shown
    assert "5 accepted" in terminal.shown
    assert len(inbox.mailbox.recipients()) == 5


async def test_ctrl_c_at_the_prompt_leaves_at_once(mailer: Mailer) -> None:
    """One Ctrl-C is enough where nothing is under way; no run is made."""
    mailer.import_readers(5)
    terminal = await Terminal.run(mailer, "send", "le-meridien/next")
    await terminal.until("to confirm: ")
    await asyncio.sleep(
        0.3
    )  # a person's haste: a signal just before a read waits for a key
    terminal.type("\x03")
    assert await terminal.end() == 130, terminal.shown
    assert "Traceback" not in terminal.shown
    assert mailer.json("status", "--json")["runs"] == []


async def test_what_can_be_answered_is_shown(mailer: Mailer) -> None:
    """A question shows its answers, and no answer at all is a no."""
    mailer.import_readers(1)
    address = "lecteur0000@lecteurs.example"
    terminal = await Terminal.run(mailer, "subscribers", "remove", address)
    await terminal.until("[y/N] ")
    terminal.type("\x04")
    assert await terminal.end() == 4, terminal.shown
    found = mailer.json("subscribers", "show", address, "--json")
    assert found["subscriptions"][0]["state"] == "active"


async def test_ctrl_c_in_mid_run_drains_and_resume_goes_on(mailer: Mailer) -> None:
    """What is on the wire is finished, the exit code is 130, and nobody is doubted."""
    mailer.import_readers(60)
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="50/s")
        process = await mailer.start(
            "send", "le-meridien/next", "--yes", "--expect", "60"
        )
        await reached(relay, 5, process)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert process.returncode == 130, err
        assert b"A second Ctrl-C leaves at once" in err
        assert b"mailer resume le-meridien-118-1 goes on" in err
        (paused,) = mailer.json("status", "--json")["runs"]
        assert (paused["state"], paused["in_doubt"]) == ("paused", 0)
        code, _, again = await mailer.run("resume", "--yes")
        assert code == 0, again
        assert len(relay.accepted) == 60
        assert len({accepted.recipient for accepted in relay.accepted}) == 60


async def test_a_second_ctrl_c_leaves_what_hangs_in_doubt(mailer: Mailer) -> None:
    """A relay that says nothing after the dot does not hold anybody at the screen."""
    mailer.import_readers(3)
    async with ScriptedRelay(script={"dot": "stall"}) as relay:
        mailer.use_relay(relay.port, connections=1)
        process = await mailer.start(
            "send", "le-meridien/next", "--yes", "--expect", "3"
        )
        async with asyncio.timeout(30):
            await relay.stalled.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        async with asyncio.timeout(30):
            while b"A second Ctrl-C" not in await process.stderr.readline():
                pass
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            _, err = await process.communicate()
        assert process.returncode == 130, err
        assert b"Traceback" not in err
    (left,) = mailer.json("status", "--json")["runs"]
    assert left["balanced"] is True
    assert left["accepted"] == 0


async def test_trying_again_what_is_not_there_leaves_a_run_alone(
    mailer: Mailer, inbox: TrialInbox
) -> None:
    """`retry` without anything to try keeps the finished run as it was."""
    mailer.import_readers(2)
    mailer.use_relay(inbox.smtp_port)
    await mailer.run("send", "le-meridien/next", "--yes", "--expect", "2")
    before = mailer.json("status", "--json")
    code, _, err = await mailer.run("retry", "le-meridien/118", "--refused", "--yes")
    assert code == 0, err
    assert "Nothing to try again" in err
    assert mailer.json("status", "--json") == before
    assert mailer("retry", "le-meridien/118").returncode == 2


async def test_who_did_not_get_it_is_named_with_the_reason(mailer: Mailer) -> None:
    """`status RUN` lists doubts and refusals; JSON has them for programs."""
    mailer.import_readers(4)

    def silent(recipient: str, _: int) -> str | None:
        return "accept-drop" if recipient.startswith("lecteur0001") else None

    def unknown(recipient: str, _: int) -> str | None:
        return "550 5.1.1 no such user" if "0002" in recipient else None

    def huge(recipient: str, _: int) -> str | None:
        return "552 5.3.4 too big for me" if "0003" in recipient else None

    def dot(recipient: str, number: int) -> str | None:
        return silent(recipient, number) or huge(recipient, number)

    async with ScriptedRelay(script={"dot": dot, "rcpt": unknown}) as relay:
        mailer.use_relay(relay.port)
        code, _, err = await mailer.run(
            "send", "le-meridien/next", "--yes", "--expect", "4"
        )
    assert code == 1
    assert "mailer status le-meridien-118-1 says who, and why" in err
    (run,) = mailer.json("status", "le-meridien/118", "--json")["runs"]
    assert [(e["email"][:11], e["state"]) for e in run["not_accepted"]] == [
        ("lecteur0001", "in doubt"),
        ("lecteur0002", "refused"),
        ("lecteur0003", "refused"),
    ]
    shown = mailer("status", "le-meridien-118-1").stdout
    assert "no such user" in shown
    assert "lecteur0000" not in shown
    assert "1 was too big. A run keeps its content" in shown
    assert "mailer retry le-meridien-118-1 --refused" in shown


async def test_a_message_no_relay_takes_is_known_before_anybody_is_written_to(
    mailer: Mailer,
) -> None:
    """An edition beyond the relay's SIZE makes no run and refuses nobody."""
    mailer.import_readers(2)
    async with ScriptedRelay(extensions=("SIZE 20000",)) as relay:
        mailer.use_relay(relay.port)
        code, _, err = await mailer.run(
            "send", "le-meridien/next", "--yes", "--expect", "2"
        )
    assert code == 69
    assert "takes messages of 20000 bytes" in err
    assert mailer.json("status", "--json")["runs"] == []


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_who_is_started_without_streams_writes_into_no_file_of_ours(
    mailer: Mailer, closed: str
) -> None:
    """An unknown edition is an exit code, not a message in the ledger or a crash."""
    mailer.import_readers(1)
    line = shlex.join(mailer.command("send", "le-meridien/999", "--yes"))
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {line} {closed}"],
        env=mailer.environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")
    assert mailer("db", "check").returncode == 0
