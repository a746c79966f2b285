"""A backup made in the middle of a send, the machine lost, and the way back.

A backup does not know what left after it was made; what it knows is never sent twice.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.system.test_daemon import PATIENCE_SECONDS, SATURDAY, Port
from tests.system.test_daemon import port as port

READERS = 60


def accepted(file: Path) -> set[str]:
    """Whom the database in *file* knows to have the edition."""
    connection = sqlite3.connect(file)
    try:
        rows = connection.execute("SELECT email FROM delivery WHERE state = 'accepted'")
        return {email for (email,) in rows}
    finally:
        connection.close()


def do(port: Port, *words: str) -> str:
    """A command that succeeds; what it said."""
    command = port.mailer(*words)
    said, _ = command.communicate(timeout=PATIENCE_SECONDS)
    assert command.returncode == 0, said
    return said


@pytest.mark.slow
def test_a_machine_that_is_lost_in_the_middle_of_a_send(
    port: Port, tmp_path: Path
) -> None:
    """Restored, nothing leaves by itself; resumed, nobody the backup knew gets two."""
    port.build(SATURDAY, readers=READERS, rate="4/s")
    port.set("2026-03-14T07:00:00+01:00")
    daemon = port.start()
    port.until(lambda: len(port.copies()) > 3)
    copy = tmp_path / "backup.db"
    assert "examined" in do(port, "db", "backup", str(copy))
    knew = accepted(copy)
    assert 0 < len(knew) < READERS
    refused = port.mailer("db", "restore", str(copy), "--yes")
    assert "the daemon runs" in refused.communicate(timeout=PATIENCE_SECONDS)[0]
    assert refused.returncode == 4
    port.until(lambda: len(port.copies()) > len(knew) + 4)  # it does not know of these
    daemon.kill()
    daemon.wait()
    for file in port.data.glob("mailer.db*"):
        file.unlink()  # the disk is gone
    told = do(port, "db", "restore", str(copy), "--yes")
    assert "letter-1-1 is held" in told
    port.rate = ""
    port.configure()
    daemon = port.start()
    port.says("found letter-1-1 paused")
    port.still()
    assert set(port.copies().values()) == {1}
    port.stop(daemon)

    resumed = port.mailer("resume", "letter-1-1", "--yes")
    said, _ = resumed.communicate(timeout=PATIENCE_SECONDS)
    ((_, tally),) = port.runs()
    assert (tally.audience, tally.waiting) == (READERS, 0), said
    assert tally.in_doubt <= 2, "what the backup saw on the wire: one a connection"
    assert resumed.returncode == (1 if tally.in_doubt else 0), said
    copies = port.copies()
    assert {copies[email] for email in knew} == {1}
    assert len(copies) >= READERS - tally.in_doubt
    assert max(copies.values()) == 2, "those who got it after the backup"
