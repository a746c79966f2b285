"""`mailer bounces parse`: what came back, in one line each."""

from __future__ import annotations

import json
import mailbox
from pathlib import Path

from tests.cli.conftest import Command

MAILS = Path(__file__).parents[1] / "data" / "bounces"
MAILER = Command(Path())  # it needs no workspace


def rows(*paths: Path) -> list[dict[str, object]]:
    result = MAILER("bounces", "parse", "--json", *map(str, paths))
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_mail_is_one_line_of_json() -> None:
    """File, kind, recipient, reason and evidence, and nothing else."""
    found = rows(MAILS)
    assert len(found) == len([*MAILS.iterdir()])
    (full,) = [row for row in found if str(row["file"]).endswith("yahoo-full.eml")]
    assert full == {
        "file": str(MAILS / "yahoo-full.eml"),
        "kind": "soft",
        "recipient": "claire@lecteurs.example",
        "reason": "mailbox full",
        "evidence": [
            "552: 5.2.2 The mailbox is full and can't accept messages now.",
            "<claire@lecteurs.example>:",
        ],
    }


def test_what_cannot_be_read_is_a_line_and_stops_nothing(tmp_path: Path) -> None:
    """The mails behind it are told of as well."""
    last = MAILS / "yahoo-full.eml"
    found = rows(Path("/proc/self/mem"), tmp_path, last)
    assert [row["kind"] for row in found] == ["none", "soft"]
    assert str(found[0]["reason"]).startswith("unreadable: ")


def test_a_mailbox_has_a_line_for_each_of_its_mails(tmp_path: Path) -> None:
    """An mbox is read like a folder."""
    box = mailbox.mbox(tmp_path / "box")
    for name in ("yahoo-full", "abuse-report"):
        box.add((MAILS / f"{name}.eml").read_bytes())
    box.close()
    found = rows(tmp_path / "box")
    assert [row["kind"] for row in found] == ["soft", "complaint"]


def test_people_read_it_in_their_language() -> None:
    """Kind, who, why, and the lines that say so; then how many of each."""
    result = MAILER("bounces", "parse", str(MAILS / "orange-invalid.eml"))
    shown = result.output
    assert "hard" in shown
    assert "claire@orange.example  unknown address" in shown
    assert "Invalid recipient. OFR_416" in shown
    assert "hard: 1" in shown
