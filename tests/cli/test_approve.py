"""``mailer approve, unapprove``, and what ``send`` refuses without them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.errors import EditionError, GuardError
from tests.cli.conftest import Command, said

ED = "le-meridien/118"


@pytest.fixture
def mailer(
    workspace: Callable[[str], Command], monkeypatch: pytest.MonkeyPatch
) -> Command:
    command = workspace("presse")
    monkeypatch.delenv("MAILER_SEND__APPROVAL")
    return command


def edit(mailer: Command, old: str, new: str) -> None:
    (index,) = mailer.folder.glob("editions/le-meridien/*/index.md")
    text = index.read_text(encoding="utf-8")
    assert old in text
    index.write_text(text.replace(old, new, 1), encoding="utf-8")


def send(mailer: Command, *words: str):
    return mailer("send", ED, "--yes", "--expect", "1", *words)


def test_what_nobody_approved_does_not_leave(mailer: Command) -> None:
    """Exit 4, and the command that lets it leave."""
    error = said(send(mailer))
    assert isinstance(error, GuardError)
    assert error.exit_code == 4
    assert error.message == "le-meridien/118 is not approved"
    assert "mailer approve le-meridien/118" in error.hint


def test_an_approval_says_what_was_frozen_and_by_whom(mailer: Command) -> None:
    """For people on stderr, for programs on stdout."""
    done = mailer("approve", ED, "--by", "claire", "--json")
    assert done.exit_code == 0, done.output
    assert "le-meridien/118 is approved: Tue 10:00, claire" in done.stderr
    assert "free, member, web, feed" in done.stderr
    row = json.loads(done.stdout)
    assert (row["schema"], row["edition"], row["by"]) == (1, ED, "claire")
    assert row["sha256"][:12] in done.stderr


def test_the_plan_says_whose_word_stands_for_it(mailer: Command) -> None:
    """Before, after, and after an edit; a dry run is never refused."""
    plan = mailer("send", ED, "--dry-run", "--json")
    assert "not approved" in plan.stderr
    assert json.loads(plan.stdout)["approval"] is None
    mailer("approve", ED, "--by", "claire")
    plan = mailer("send", ED, "--dry-run", "--json")
    assert "unchanged since approval (Tue 10:00," in plan.stderr
    assert json.loads(plan.stdout)["approval"]["by"] == "claire"
    edit(mailer, "title: Les ports", "title: Les quais")
    plan = mailer("send", ED, "--dry-run", "--json")
    assert "edited since its approval" in plan.stderr
    (changed,) = json.loads(plan.stdout)["changed"]
    assert changed["part"] == "subject"


def test_an_edit_takes_the_approval_back_and_says_what_changed(mailer: Command) -> None:
    """At file and line; put back word for word, it is approved as it was."""
    mailer("approve", ED, "--by", "claire")
    edit(mailer, "title: Les ports", "title: Les quais")
    error = said(send(mailer))
    assert error.exit_code == 4
    assert "not as claire approved it" in error.message
    assert "subject: “Les ports" in error.hint
    edit(mailer, "title: Les quais", "title: Les ports")
    assert "nobody to send" in str(said(send(mailer))), "approved, only without readers"
    again = mailer("approve", ED, "--by", "marc")
    assert "approved already" in again.stderr
    assert "claire" in again.stderr


def test_an_edited_edition_is_approved_anew_under_another_name(mailer: Command) -> None:
    """Whoever approves again sees what changed since the last time."""
    mailer("approve", ED, "--by", "claire")
    edit(mailer, "title: Les ports", "title: Les quais")
    done = mailer("approve", ED, "--by", "marc")
    assert "Since Tue 10:00, claire:" in done.stderr
    assert "→ “Les quais" in done.stderr
    plan = mailer("send", ED, "--dry-run", "--json")
    assert json.loads(plan.stdout)["approval"]["by"] == "marc"


def test_another_theme_or_sender_takes_the_approval_back_too(mailer: Command) -> None:
    """What the files of the edition do not say changes what readers get all the same."""
    mailer("approve", ED, "--by", "claire")
    config = mailer.folder / "config" / "mailer.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("lettre@", "autre@"), encoding="utf-8")
    error = said(send(mailer))
    assert "From: “Le Méridien <lettre@meridien.example>” →" in error.hint
    config.write_text(text, encoding="utf-8")
    theme = mailer.folder / "templates" / "themes" / "presse"
    theme.mkdir(parents=True, exist_ok=True)
    (theme / "theme.toml").write_text('[color]\nink = ["#111111", "#eeeeee"]\n')
    assert "theme presse: its templates or colours" in said(send(mailer)).hint


def test_unapprove_makes_it_a_draft_again(mailer: Command) -> None:
    """Even if it cannot be read any more; a second time changes nothing."""
    mailer("approve", ED, "--by", "claire")
    edit(mailer, "# ", "::: nonsense\n# ")
    done = mailer("unapprove", ED, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["withdrawn"] is True
    again = mailer("unapprove", ED)
    assert "was not approved" in again.stderr
    edit(mailer, "::: nonsense\n# ", "# ")
    assert "is not approved" in str(said(send(mailer)))


def test_an_error_blocks_approval_until_somebody_answers_for_it(
    mailer: Command,
) -> None:
    """The rule and the name are kept with the approval, and hold when it is sent."""
    edit(mailer, "\n# ", "\nTODO\n\n# ")
    refused = said(mailer("approve", ED, "--by", "claire"))
    assert isinstance(refused, EditionError)
    done = mailer(
        "approve", ED, "--accept", "placeholder-left", "--by", "claire", "--json"
    )
    assert done.exit_code == 0, done.output
    kept = [{"rule": "placeholder-left", "by": "claire"}]
    assert json.loads(done.stdout)["accepted_rules"] == kept
    plan = json.loads(mailer("send", ED, "--dry-run", "--json").stdout)
    assert plan["accepted_rules"] == kept


def test_the_checks_suffice_where_the_settings_say_so(
    mailer: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``approval = "auto"``: a clean edition leaves, and an approval says so."""
    monkeypatch.setenv("MAILER_SEND__APPROVAL", "auto")
    roster = tmp_path / "r.csv"
    roster.write_text("email\na@lecteurs.example\n")
    mailer(
        "subscribers",
        "import",
        str(roster),
        "--publication",
        "le-meridien",
        "--consent",
        "x",
        "--yes",
    )
    plan = mailer("send", ED, "--dry-run")
    assert "approved by the checks" in plan.stderr
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__KIND", "maildir")
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PATH", str(tmp_path / "out"))
    done = send(mailer)
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "out" / "new").iterdir())) == 1
    row = json.loads(mailer("send", ED, "--dry-run", "--json").stdout)
    assert row["approval"]["by"] == "auto"
