"""`mailer db`: copies that can be trusted, and a way back that sends nothing twice."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from mailer.errors import GuardError, StoreError
from mailer.store.engine import HEAD
from mailer.wiring import SystemClock
from tests.cli.conftest import TUESDAY, Command, said


@pytest.fixture
def mailer(workspace: Callable[[str], Command]) -> Command:
    """A workspace whose database has one reader."""
    command = workspace("presse")
    add(command, "claire@lecteurs.example")
    return command


def add(command: Command, address: str) -> None:
    done = command(
        *("subscribers", "add", address, "--consent", "Salon", "-p", "le-meridien")
    )
    assert done.exit_code == 0, done.output


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def database(command: Command) -> Path:
    return command.folder.parent / "data" / "mailer.db"


def readers(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        return [row[0] for row in connection.execute("SELECT email FROM subscriber")]
    finally:
        connection.close()


def test_a_backup_is_whole_and_only_its_owner_reads_it(
    mailer: Command, tmp_path: Path
) -> None:
    """What was committed a moment ago, still in the journal, is in it."""
    writer = sqlite3.connect(database(mailer))  # keeps the journal beside the file
    writer.execute("UPDATE subscriber SET email = 'moved@lecteurs.example'")
    writer.commit()
    copy = tmp_path / "copy.db"
    assert f"schema {HEAD}, examined" in done(mailer("db", "backup", str(copy)))
    writer.close()
    assert readers(copy) == ["moved@lecteurs.example"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".new")] == []


def test_a_backup_replaces_nothing_unless_told(mailer: Command, tmp_path: Path) -> None:
    """A file that is there may be the only good copy; the database is never its own."""
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    assert isinstance(said(mailer("db", "backup", str(copy))), GuardError)
    assert copy.read_text() == "precious"
    done(mailer("db", "backup", str(copy), "--force"))
    assert readers(copy) == ["claire@lecteurs.example"]
    itself = mailer("db", "backup", str(database(mailer)), "--force")
    assert "is the database itself" in str(said(itself))


def test_backups_in_a_folder_bear_the_hour_and_only_the_newest_stay(
    mailer: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not named like a backup of ours is nobody's to delete."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "mailer-before-the-move.db").touch()
    for day in range(4):
        now = TUESDAY + timedelta(days=day)
        monkeypatch.setattr(SystemClock, "now", lambda _, now=now: now)
        report = json.loads(
            done(mailer("db", "backup", str(folder), "--keep", "2", "--json"))
        )
    assert report["version"] == HEAD
    assert len(report["deleted"]) == 1
    assert sorted(path.name for path in folder.iterdir()) == [
        "mailer-2026-03-12T090000Z.db",
        "mailer-2026-03-13T090000Z.db",
        "mailer-before-the-move.db",
    ]


def test_a_backup_of_nothing_makes_nothing(
    workspace: Callable[[str], Command], tmp_path: Path
) -> None:
    """Where no database is, none is made, and no empty backup lulls anybody."""
    command = workspace("presse")
    error = said(command("db", "backup", str(tmp_path / "copy.db")))
    assert isinstance(error, StoreError)
    assert "there is no database" in str(error)
    assert not (tmp_path / "copy.db").exists()
    assert not database(command).exists()


def test_a_damaged_database_replaces_no_backup(mailer: Command, tmp_path: Path) -> None:
    """The copy is examined before it takes the place of the last good one."""
    copy = tmp_path / "copy.db"
    done(mailer("db", "backup", str(copy)))
    good = copy.read_bytes()
    damage(database(mailer))
    assert isinstance(said(mailer("db", "backup", str(copy), "--force")), StoreError)
    assert copy.read_bytes() == good
    checked = mailer("db", "check")
    assert checked.exit_code == 1
    assert "✗" in checked.output


def damage(file: Path) -> None:
    """Overwrite every page but the first, as a failing disk may."""
    size = file.stat().st_size
    with file.open("r+b") as pages:
        pages.seek(4096)
        pages.write(b"\xa5" * (size - 4096))


def test_check_says_what_is_sound(mailer: Command, tmp_path: Path) -> None:
    """The database, or a backup; what is neither is said to be so."""
    assert "no fault found" in done(mailer("db", "check"))
    copy = tmp_path / "copy.db"
    done(mailer("db", "backup", str(copy)))
    assert f"{copy}" in done(mailer("db", "check", str(copy)))
    copy.write_bytes(b"SQLite format 3\x00" + b"\x00" * 100)
    checked = mailer("db", "check", str(copy))
    assert (checked.exit_code, checked.output[0]) == (1, "✗")


def test_check_finds_a_row_whose_other_half_is_missing(mailer: Command) -> None:
    """SQLite keeps references only where it is told to; other tools may not tell it."""
    connection = sqlite3.connect(database(mailer))
    connection.execute("DELETE FROM subscriber")
    connection.commit()
    connection.close()
    checked = mailer("db", "check")
    assert checked.exit_code == 1
    assert "has no subscriber" in checked.output


def test_a_newer_database_can_be_checked_and_copied_but_not_opened(
    mailer: Command, tmp_path: Path
) -> None:
    """An older mailer says whose it is and the way out, and changes nothing in it."""
    connection = sqlite3.connect(database(mailer))
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "a newer mailer made it" in done(mailer("db", "check"))
    assert "schema 9999" in done(mailer("db", "backup", str(tmp_path / "copy.db")))
    for words in (("subscribers", "list"), ("db", "migrate"), ("db", "vacuum")):
        assert "install the newer mailer again" in str(said(mailer(*words))), words
    assert readers(database(mailer)) == ["claire@lecteurs.example"]


def test_vacuum_gives_back_room_and_keeps_everybody(mailer: Command) -> None:
    """The file is smaller afterwards, and says the same."""
    connection = sqlite3.connect(database(mailer))
    connection.execute("CREATE TABLE waste (content BLOB)")
    connection.execute("INSERT INTO waste VALUES (zeroblob(2000000))")
    connection.execute("DROP TABLE waste")
    connection.commit()
    connection.close()
    before = database(mailer).stat().st_size
    done(mailer("db", "vacuum"))
    assert database(mailer).stat().st_size < before - 1_500_000
    assert readers(database(mailer)) == ["claire@lecteurs.example"]


def test_migrate_says_what_it_did(mailer: Command) -> None:
    """From which schema to which, or that there was nothing to do."""
    assert "nothing to do" in done(mailer("db", "migrate"))
    database(mailer).unlink()
    assert f"– → {HEAD}" in done(mailer("db", "migrate"))


def test_a_restore_puts_back_what_was_and_keeps_what_is(
    mailer: Command, tmp_path: Path
) -> None:
    """Nothing is thrown away: the database that is replaced lies beside it, whole."""
    copy = tmp_path / "copy.db"
    done(mailer("db", "backup", str(copy)))
    add(mailer, "paul@lecteurs.example")
    told = done(mailer("db", "restore", str(copy), "--yes"))
    assert readers(database(mailer)) == ["claire@lecteurs.example"]
    (kept,) = database(mailer).parent.glob("mailer.db.replaced-*")
    assert str(kept) in told
    assert readers(kept) == ["claire@lecteurs.example", "paul@lecteurs.example"]
    mode = stat.S_IMODE(database(mailer).stat().st_mode)
    assert mode == 0o600
    assert "claire" in done(mailer("subscribers", "list"))


def test_who_left_since_a_backup_is_not_brought_back(
    mailer: Command, tmp_path: Path
) -> None:
    """An exit is a reader's word, and outlives the database that it was kept in."""
    copy = tmp_path / "copy.db"
    done(mailer("db", "backup", str(copy)))
    done(mailer("subscribers", "remove", "claire@lecteurs.example", "--yes"))
    told = done(mailer("db", "restore", str(copy), "--yes"))
    assert "1 exit since the backup was made holds" in told
    shown = json.loads(
        done(mailer("subscribers", "show", "claire@lecteurs.example", "--json"))
    )
    assert [taken["state"] for taken in shown["subscriptions"]] == ["left"]


def test_a_restore_in_place_of_a_damaged_database(
    mailer: Command, tmp_path: Path
) -> None:
    """That is what backups are for."""
    copy = tmp_path / "copy.db"
    done(mailer("db", "backup", str(copy)))
    damage(database(mailer))
    done(mailer("db", "restore", str(copy), "--yes"))
    assert "no fault found" in done(mailer("db", "check"))
    assert readers(database(mailer)) == ["claire@lecteurs.example"]


def test_a_restore_of_what_is_no_backup_changes_nothing(
    mailer: Command, tmp_path: Path
) -> None:
    """Neither a text, nor another program's database, nor a newer mailer's."""
    text = tmp_path / "text.db"
    text.write_text("not a database" * 100)
    strange = tmp_path / "strange.db"
    sqlite3.connect(strange).execute("CREATE TABLE t (x)")
    newer = tmp_path / "newer.db"
    done(mailer("db", "backup", str(newer)))
    connection = sqlite3.connect(newer)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = database(mailer).read_bytes()
    for file, words in (
        (text, "not a mailer database"),
        (strange, "not a database of mailer"),
        (newer, "install the newer mailer"),
        (tmp_path / "absent.db", "there is no database"),
    ):
        error = said(mailer("db", "restore", str(file), "--yes"))
        assert words in str(error), file
    assert database(mailer).read_bytes() == before
    assert list(database(mailer).parent.glob("*.replaced-*")) == []


def test_nobody_restores_under_the_feet_of_somebody(
    mailer: Command, tmp_path: Path
) -> None:
    """Whoever works with the database would write into a file that is no more."""
    copy = tmp_path / "copy.db"
    done(mailer("db", "backup", str(copy)))
    somebody = sqlite3.connect(database(mailer))
    somebody.execute("SELECT count(*) FROM subscriber").fetchone()
    error = said(mailer("db", "restore", str(copy), "--yes"))
    somebody.close()
    assert isinstance(error, GuardError)
    assert "somebody works with the database" in str(error)
    done(mailer("db", "restore", str(copy), "--yes"))


def test_after_a_restore_nothing_leaves_that_may_have_left(
    mailer: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup of Friday, restored on Saturday at ten: seven o'clock is held."""
    copy = tmp_path / "copy.db"
    done(mailer("db", "backup", str(copy)))
    (planned,) = json.loads(
        done(mailer("schedule", "-p", "le-meridien", "--count", "1", "--json"))
    )["departures"]
    due = datetime.fromisoformat(planned["utc"])
    monkeypatch.setattr(SystemClock, "now", lambda _: due + timedelta(hours=3))
    told = done(mailer("db", "restore", str(copy), "--yes"))
    assert f"! le-meridien of {planned['date']} is held" in told
    held = json.loads(done(mailer("schedule", "--json")))["held"]
    assert [(slot["date"], slot["state"]) for slot in held] == [
        (planned["date"], "missed")
    ]
    assert "restored from a backup" in held[0]["reason"]


def test_purge_counts_before_it_takes_away(
    mailer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run changes nothing; without a yes and without anybody, nothing goes."""
    connection = sqlite3.connect(database(mailer))
    connection.execute("UPDATE subscription SET standing = 'pending'")
    connection.commit()
    connection.close()
    assert "longer than it should" in done(mailer("db", "purge"))
    monkeypatch.setattr(SystemClock, "now", lambda _: TUESDAY + timedelta(days=31))
    counted = json.loads(done(mailer("db", "purge", "--dry-run", "--json")))
    assert counted == {
        "schema": 1,
        "dry_run": True,
        "replies": 0,
        "unconfirmed": 1,
        "left": 0,
        "polls": 0,
        "measured": 0,
    }
    assert isinstance(said(mailer("db", "purge")), GuardError)
    assert readers(database(mailer)) == ["claire@lecteurs.example"]
    told = done(mailer("db", "purge", "--yes"))
    assert "1 subscription that was never confirmed" in told
    assert readers(database(mailer)) == []
    monkeypatch.setenv("MAILER_RETENTION__UNCONFIRMED", "")
    assert "longer than it should" in done(mailer("db", "purge", "--yes"))
