"""Segments at the command: counted, shown before sending, and under the approval."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.errors import EditionError, NotFoundError
from tests.cli.conftest import Command, said

ED = "le-meridien/118"
PAPER = ("--publication", "le-meridien")


@pytest.fixture
def mailer(
    workspace: Callable[[str], Command], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    command = workspace("presse")
    monkeypatch.delenv("MAILER_SEND__APPROVAL")
    settings = command.folder / "config" / "mailer.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        f'{text}\n[segments]\npresse = "tag:presse"\n', encoding="utf-8"
    )
    roster = tmp_path / "roster.csv"
    roster.write_text("email\na@orange.fr\nb@orange.fr\nc@free.fr\n", encoding="utf-8")
    done = command("subscribers", "import", str(roster), *PAPER, "--consent=x", "--yes")
    assert done.exit_code == 0, done.output
    tagged = command("subscribers", "tag", "a@orange.fr", "--add", "Presse")
    assert tagged.stdout == "1 reader\n"
    return command


def dry_run(mailer: Command, *words: str) -> tuple[dict[str, object], str]:
    plan = mailer("send", ED, "--dry-run", "--json", *words)
    assert plan.exit_code == 0, plan.output
    return json.loads(plan.stdout), plan.stderr


def head(mailer: Command, line: str) -> None:
    (index,) = mailer.folder.glob("editions/le-meridien/*/index.md")
    text = index.read_text(encoding="utf-8")
    index.write_text(text.replace("---\n", f"---\n{line}\n", 1), encoding="utf-8")


def test_segments_are_counted_and_listed(mailer: Command) -> None:
    """By name or by expression, as it was understood; readers one by one too."""
    counted = mailer("segments", "count", "domain:orange.fr and not presse", *PAPER)
    assert counted.stdout == "1 reader of 3: domain = orange.fr and not tag = presse\n"
    listed = mailer("segments", "list", *PAPER, "--json")
    assert json.loads(listed.stdout)["segments"] == [
        {"name": "presse", "rule": "tag = presse", "readers": 1}
    ]
    assert "tag:presse" in mailer("segments", "list", *PAPER).stdout
    people = mailer("subscribers", "list", "--segment", "presse", *PAPER, "--json")
    (person,) = json.loads(people.stdout)["subscribers"]
    assert (person["email"], person["tags"]) == ("a@orange.fr", ["presse"])
    assert json.loads(mailer("subscribers", "tags", "--json").stdout)["tags"] == {
        "presse": 1
    }


def test_a_whole_segment_is_tagged(mailer: Command) -> None:
    """And an address that nobody has tags nobody."""
    done = mailer(
        "subscribers", "tag", "--segment", "domain:orange.fr", *PAPER, "--add", "o"
    )
    assert done.stdout == "2 readers\n"
    error = said(mailer("subscribers", "tag", "x@free.fr", "--remove", "o"))
    assert isinstance(error, NotFoundError)
    assert mailer("subscribers", "tags").stdout == "o  2 readers\npresse  1 reader\n"


def test_what_is_approved_for_some_goes_to_them(mailer: Command) -> None:
    """The plan says so, though nobody says it again."""
    done = mailer("approve", ED, "--by", "claire", "--to-segment", "presse")
    assert "Segment  tag = presse" in done.stderr
    plan, shown = dry_run(mailer)
    assert plan["segment"] == "tag = presse"
    assert plan["skipped"] == {"not in the segment": 2}
    assert "presse: tag = presse" in shown
    assert "2 not in the segment" in shown
    assert "unchanged since approval" in shown


def test_an_edition_may_be_for_a_segment_by_itself(mailer: Command) -> None:
    """In its head, spelt out when it is read."""
    head(mailer, "segment: domain:orange.fr and not presse")
    plan, _ = dry_run(mailer)
    assert plan["segment"] == "domain = orange.fr and not tag = presse"
    assert plan["audience"] == 1


def test_a_slip_in_the_head_is_told_at_its_line(mailer: Command) -> None:
    """As every other fault of an edition."""
    head(mailer, "segment: domaine = orange.fr")
    error = said(mailer("approve", ED))
    assert isinstance(error, EditionError)
    (finding,) = error.findings
    assert finding.place == "index.md:2"
    assert "there is no field domaine" in finding.message
    assert finding.hint == "did you mean domain?"


def test_a_named_segment_that_cannot_be_read_is_told_in_its_file(
    mailer: Command,
) -> None:
    """With its line in mailer.toml."""
    settings = mailer.folder / "config" / "mailer.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("tag:presse", "teg:presse"), encoding="utf-8")
    error = said(mailer("segments", "list", *PAPER))
    line = text[: text.index('presse = "tag')].count("\n") + 1
    assert f"mailer.toml:{line}: segments.presse: segment presse, character 1" in str(
        error
    )
    assert "did you mean tag?" in str(error)
