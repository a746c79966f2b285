"""`mailer retry --missing`: who joined since gets what went out, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command, said

LETTER = "le-meridien"


@pytest.fixture
def rehearsal(
    workspace: Callable[..., Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """A workspace whose relay is a folder, with two readers who have the edition."""
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__KIND", "maildir")
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PATH", str(tmp_path / "box"))
    command = workspace()
    for email in ("anne@orange.fr", "bob@free.fr"):
        join(command, email)
    result = command("send", f"{LETTER}/next", "--yes", "--expect", "2", "--json")
    assert result.exit_code == 0, result.output
    return command


def join(command: Command, email: str) -> None:
    done = command("subscribers", "add", email, "--consent", "t", "-p", LETTER)
    assert done.exit_code == 0, done.output


def mails(tmp_path: Path) -> list[tuple[str, bytes]]:
    """Who was written to, and the subject they got."""
    found = []
    for path in (tmp_path / "box" / "new").iterdir():
        lines = path.read_bytes().splitlines()
        to = next(x for x in lines if x.startswith(b"Delivered-To: "))
        subject = next(x for x in lines if x.startswith(b"Subject: "))
        found.append((to.removeprefix(b"Delivered-To: ").decode(), subject))
    return sorted(found)


def test_who_joined_since_gets_the_frozen_edition(
    rehearsal: Command, tmp_path: Path
) -> None:
    """In a run of their own, byte for byte, once; the edition may have changed since."""
    join(rehearsal, "chloe@orange.fr")
    index = next((rehearsal.folder / "editions").glob("*/*/index.md"))
    text = index.read_text("utf-8")
    title = next(x for x in text.splitlines() if x.startswith("title:"))
    index.write_text(text.replace(title, "title: Tout autre chose"), "utf-8")
    for wanted in (1, 0):
        result = rehearsal("retry", "le-meridien/118", "--missing", "--yes", "--json")
        assert result.exit_code == 0, result.output
        sheet = json.loads(result.stdout)
        assert (sheet["run"], sheet["accepted"]) == ("le-meridien-118-2", 1)
        assert ("is in no run" in result.stderr) == bool(wanted)
        assert "Skipped: 2 already sent" in result.stderr or not wanted
    assert "Nobody is missing from le-meridien/118" in result.stderr
    got = mails(tmp_path)
    assert [to for to, _ in got] == ["anne@orange.fr", "bob@free.fr", "chloe@orange.fr"]
    assert len({subject for _, subject in got}) == 1


def test_nobody_is_missing_who_may_not_be_written_to(
    rehearsal: Command, tmp_path: Path
) -> None:
    """Who joined and left again, or is suppressed; nor anybody without a clear word."""
    join(rehearsal, "chloe@orange.fr")
    rehearsal("subscribers", "remove", "chloe@orange.fr", "--yes")
    join(rehearsal, "dan@free.fr")
    rehearsal("suppressions", "add", "dan@free.fr")
    result = rehearsal("retry", "le-meridien/118", "--missing", "--yes")
    assert result.exit_code == 0
    assert "Nobody is missing" in result.stderr
    join(rehearsal, "eve@free.fr")
    for words, way_out in (
        (("--missing", "--refused", "--yes"), "say it alone"),
        (("--missing",), "scripts pass --yes"),
        ((), "--deferred, --refused, --in-doubt or --missing"),
    ):
        result = rehearsal("retry", "le-meridien/118", *words)
        assert way_out in str(said(result))
    assert len(mails(tmp_path)) == 2
