"""A run that takes a while is sent by a process that holds no command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.relay import ScriptedRelay
from tests.system.conftest import Mailer, reached

_READERS = 500


def program_of(pid: int) -> str:
    """The words that a process was last told to run."""
    words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    return words.replace("\0", " ")


async def test_who_asked_becomes_who_sends(mailer: Mailer) -> None:
    """With the same id: signals reach it, what it says is read, and nothing is lost."""
    readers = mailer.import_readers(_READERS)
    words = ("send", "le-meridien/next", "--yes", "--expect", str(_READERS), "--json")
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="20/s")
        process = await mailer.start(*words)
        await reached(relay, 3, process)
        running = program_of(process.pid)
        assert "mailer.cli.process" in running
        assert " ".join(["send", *words[1:]]) in running
        process.terminate()
        out, err = await process.communicate()
        assert process.returncode == 75, err
        assert b"Stopping: what is on the wire is finished first" in err
        sheet = json.loads(out)
        assert (sheet["state"], sheet["accepted"]) == ("paused", len(relay.accepted))
        mailer.use_relay(relay.port, rate="5000/s")
        code, out, err = await mailer.run("resume", "--yes", "--json")
        assert code == 0, err
        (run,) = json.loads(out)["runs"]
        got = [accepted.recipient for accepted in relay.accepted]
    assert (run["state"], run["accepted"]) == ("sent", _READERS)
    assert sorted(got) == sorted(readers)
