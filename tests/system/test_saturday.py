"""A whole Saturday through the command line: import, check, send, balance."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import resource
import signal
import sqlite3
from pathlib import Path

from mailer.trial import TrialInbox
from tests.relay import ScriptedRelay
from tests.system.conftest import Mailer, reached


async def test_everybody_gets_the_edition(mailer: Mailer, inbox: TrialInbox) -> None:
    """One message per reader, each variant to whom it is for, and a zero exit."""
    readers = mailer.import_readers(60)
    mailer.use_relay(inbox.smtp_port)
    code, out, err = await mailer.run(
        "send", "le-meridien/next", "--yes", "--expect", "60", "--json"
    )
    assert code == 0, err
    sheet = json.loads(out)
    assert sheet["audience"] == sheet["accepted"] == 60
    assert sheet["balanced"] is True
    assert sheet["state"] == "sent"
    assert sorted(inbox.mailbox.recipients()) == sorted(readers)
    status = mailer.json("status", "--json")
    assert status["schema"] == 1
    assert status["runs"][0]["run"] == sheet["run"]


async def test_the_message_carries_what_providers_demand(
    mailer: Mailer, inbox: TrialInbox, tmp_path: Path
) -> None:
    """One-click unsubscribe stands on the wire exactly as written, per reader."""
    readers = mailer.import_readers(3)
    mailer.use_relay(inbox.smtp_port)
    code, _, err = await mailer.run(
        "send", "le-meridien/next", "--yes", "--expect", "3"
    )
    assert code == 0, err
    mails = [path.read_bytes() for path in (tmp_path / "inbox" / "new").iterdir()]
    assert len(mails) == 3
    seen = set()
    for raw in mails:
        head = raw.split(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n", 1)[0]
        assert b"List-Unsubscribe: <https://" in head
        assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
        message = email.message_from_bytes(raw, policy=email.policy.default)
        seen.add(message["Message-ID"])
        assert message["To"].addresses[0].addr_spec in readers
        assert message.get_body(("plain",)) is not None
        assert message.get_body(("html",)) is not None
    assert len(seen) == 3


async def test_the_pace_is_what_was_asked_for(mailer: Mailer) -> None:
    """At a rate of 100 a second, 150 readers take a second and a half, and no less.

    By the sender's own clock: a relay that stumbles sees messages closer together than
    they left. How exactly the pace is held is proved where time is moved (test_pace).
    """
    mailer.import_readers(150)
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="100/s")
        code, out, err = await mailer.run(
            "send", "le-meridien/next", "--yes", "--expect", "150", "--json"
        )
        assert code == 0, err
        assert len(relay.accepted) == 150
    assert json.loads(out)["seconds"] >= 1.4


async def test_kill_9_loses_nobody_and_doubles_nobody(mailer: Mailer) -> None:
    """Killed in mid-run and resumed: one copy each, at most one doubt a connection."""
    readers = mailer.import_readers(120)
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="200/s", connections=4)
        process = await mailer.start(
            "send", "le-meridien/next", "--yes", "--expect", "120"
        )
        await reached(relay, 40, process)
        process.kill()
        await process.wait()
        assert process.returncode == -signal.SIGKILL
        code, out, err = await mailer.run("resume", "--yes", "--json")
        (sheet,) = json.loads(out)["runs"]
        got = [accepted.recipient for accepted in relay.accepted]
    assert sheet["balanced"] is True
    assert sheet["waiting"] == 0
    assert sheet["in_doubt"] <= 4
    assert code == (1 if sheet["in_doubt"] else 0), err
    assert len(got) == len(set(got)), "nobody twice"
    assert len(set(readers) - set(got)) <= sheet["in_doubt"], "nobody lost"


async def test_a_term_signal_drains(mailer: Mailer) -> None:
    """SIGTERM finishes what is on the wire, exits 75, and resume completes the run."""
    mailer.import_readers(80)
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="100/s")
        process = await mailer.start(
            "send", "le-meridien/next", "--yes", "--expect", "80"
        )
        await reached(relay, 10, process)
        process.terminate()
        await process.communicate()
        assert process.returncode == 75
        (paused,) = mailer.json("status", "--json")["runs"]
        assert paused["state"] == "paused"
        assert paused["in_doubt"] == 0
        assert paused["accepted"] == len(relay.accepted)
        code, _, err = await mailer.run("resume", "--yes")
        assert code == 0, err
        assert len({accepted.recipient for accepted in relay.accepted}) == 80
        assert len(relay.accepted) == 80


async def test_a_second_send_writes_to_nobody_twice(
    mailer: Mailer, inbox: TrialInbox
) -> None:
    """Sending the same edition again is refused when everybody has it."""
    mailer.import_readers(5)
    mailer.use_relay(inbox.smtp_port)
    code, _, err = await mailer.run(
        "send", "le-meridien/next", "--yes", "--expect", "5"
    )
    assert code == 0, err
    code, _, err = await mailer.run(
        "send", "le-meridien/next", "--yes", "--expect", "5"
    )
    assert code == 4
    assert "nobody" in err
    assert len(inbox.mailbox.recipients()) == 5


async def test_the_bytes_shown_are_the_bytes_sent(
    mailer: Mailer, inbox: TrialInbox, tmp_path: Path
) -> None:
    """`render --format eml --for` gives what that reader gets, but for the Date."""
    (reader,) = mailer.import_readers(1)
    mailer.use_relay(inbox.smtp_port)
    shown = tmp_path / "shown.eml"
    done = mailer(
        "render",
        "le-meridien/next",
        "--format",
        "eml",
        "--for",
        reader,
        "-o",
        str(shown),
    )
    assert done.returncode == 0, done.stderr
    code, _, err = await mailer.run(
        "send", "le-meridien/next", "--yes", "--expect", "1"
    )
    assert code == 0, err
    (sent,) = (tmp_path / "inbox" / "new").iterdir()

    def lines(raw: bytes) -> list[bytes]:
        own = (b"Date:", b"Return-Path:", b"Delivered-To:")
        return [x for x in raw.splitlines() if not x.startswith(own)]

    assert lines(shown.read_bytes()) == lines(sent.read_bytes())


async def test_a_proof_reaches_its_address_only(
    mailer: Mailer, inbox: TrialInbox
) -> None:
    """`--test` sends every variant, marked, and leaves no run behind."""
    mailer.import_readers(5)
    mailer.use_relay(inbox.smtp_port)
    code, _, err = await mailer.run(
        "send", "le-meridien/next", "--test", "claire@essai.example"
    )
    assert code == 0, err
    assert set(inbox.mailbox.recipients()) == {"claire@essai.example"}
    assert len(inbox.mailbox.recipients()) == 2
    assert mailer.json("status", "--json")["runs"] == []


def test_the_ledger_refuses_a_wrong_count(mailer: Mailer) -> None:
    """A count that differs from the plan sends nothing and exits 4."""
    mailer.import_readers(5)
    done = mailer("send", "le-meridien/next", "--yes", "--expect", "4")
    assert done.returncode == 4
    assert "5" in done.stderr
    assert mailer.json("status", "--json")["runs"] == []


def test_without_a_terminal_nothing_is_sent_unasked(mailer: Mailer) -> None:
    """No terminal and no --yes: refused, nothing sent."""
    mailer.import_readers(2)
    done = mailer("send", "le-meridien/next")
    assert done.returncode == 4
    assert "--yes --expect 2" in done.stderr


def test_a_closed_port_changes_nothing(mailer: Mailer, unused_port: int) -> None:
    """When nobody listens at the relay's port, no run is made and the exit is 69."""
    mailer.import_readers(2)
    mailer.use_relay(unused_port)
    mailer.environ["MAILER_RELAYS__PRINCIPAL__CONNECT_PATIENCE"] = "0s"
    done = mailer("send", "le-meridien/next", "--yes", "--expect", "2")
    assert done.returncode == 69, done.stderr
    assert str(unused_port) in done.stderr
    assert mailer.json("status", "--json")["runs"] == []


async def test_a_full_disk_is_waited_for_and_loses_nothing(mailer: Mailer) -> None:
    """While the ledger cannot grow nothing leaves; with room, everybody gets it."""
    readers = mailer.import_readers(40)
    journal = Path(mailer.environ["MAILER_STORAGE__FOLDER"]) / "mailer.db-wal"
    plenty = resource.RLIM_INFINITY
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="20/s", connections=1)
        words = ("-v", "send", "le-meridien/next", "--yes", "--expect", "40")
        process = await mailer.start(*words)
        await reached(relay, 5, process)
        # The system lets no file grow beyond: what a full disk does.
        full = journal.stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, plenty))
        assert process.stderr is not None
        async with asyncio.timeout(60):
            while b"ledger.waits" not in await process.stderr.readline():
                assert process.returncode is None
        frozen_at = len(relay.accepted)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (plenty, plenty))
        _, err = await process.communicate()
        assert process.returncode == 0, err
        assert frozen_at < 40
        got = [accepted.recipient for accepted in relay.accepted]
    assert sorted(got) == readers, "one copy each: the outcome was kept in memory"


async def test_a_locked_ledger_is_waited_for(mailer: Mailer) -> None:
    """Another process that keeps the ledger costs time, and nobody their copy."""
    readers = mailer.import_readers(60)
    database = Path(mailer.environ["MAILER_STORAGE__FOLDER"]) / "mailer.db"
    async with ScriptedRelay() as relay:
        mailer.use_relay(relay.port, rate="100/s", connections=2)
        process = await mailer.start(
            "send", "le-meridien/next", "--yes", "--expect", "60"
        )
        await reached(relay, 20, process)
        blocker = sqlite3.connect(database, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        frozen_at = len(relay.accepted)
        blocker.execute("ROLLBACK")
        blocker.close()
        _, err = await process.communicate()
        assert process.returncode == 0, err
    assert frozen_at < 60
    assert sorted(accepted.recipient for accepted in relay.accepted) == readers


async def test_nothing_of_a_run_is_cut_at_eighty_columns(
    mailer: Mailer, inbox: TrialInbox
) -> None:
    """Names, states and counts of a run stand whole on a narrow terminal."""
    mailer.import_readers(3)
    mailer.use_relay(inbox.smtp_port)
    await mailer.run("send", "le-meridien/next", "--yes", "--expect", "3")
    mailer.environ["COLUMNS"] = "80"
    lines = mailer("status").stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    (row,) = [line for line in lines if line.startswith("le-meridien-118-1")]
    assert row.split()[:2] == ["le-meridien-118-1", "sent"]
    assert "…" not in row


async def test_the_demo_plays_a_whole_saturday(mailer: Mailer, tmp_path: Path) -> None:
    """What a newcomer types first ends well, wherever they stand."""
    place = tmp_path / "demo"
    code, out, err = await mailer.run("demo", "--folder", str(place))
    assert code == 0, err
    assert "200 readers, 200 messages, each to another reader" in out
    assert len(list((place / "data" / "inbox" / "new").iterdir())) == 200
