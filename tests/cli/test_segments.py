"""Segments at the command: counted, shown before sending, and under the approval."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest

from mailer.errors import EditionError, NotFoundError
from mailer.wiring import House
from tests.cli.conftest import Command, said

ED = "le-meridien/118"
PAPER = ("--publication", "le-meridien")


@pytest.fixture
def mailer(
    workspace: Callable[[str], Command], monkeypatch: pytest.MonkeyPatch
) -> Command:
    command = workspace("presse")
    monkeypatch.delenv("MAILER_SEND__APPROVAL")
    settings = command.folder / "config" / "mailer.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        f'{text}\n[segments]\npresse = "tag:presse"\n', encoding="utf-8"
    )
    return command


def fill(mailer: Command) -> None:
    """Three readers, one of whom has a tag."""
    roster = mailer.folder / "roster.csv"
    roster.write_text("email\na@orange.fr\nb@orange.fr\nc@free.fr\n", encoding="utf-8")
    done = mailer("subscribers", "import", str(roster), *PAPER, "--consent=x", "--yes")
    assert done.exit_code == 0, done.output
    tagged = mailer("subscribers", "tag", "a@orange.fr", "--add", "Presse")
    assert tagged.stdout == "1 reader\n"


def dry_run(mailer: Command, *words: str) -> tuple[dict[str, object], str]:
    plan = mailer("send", ED, "--dry-run", "--json", *words)
    assert plan.exit_code == 0, plan.output
    return json.loads(plan.stdout), plan.stderr


def head(mailer: Command, line: str) -> None:
    (index,) = mailer.folder.glob("editions/le-meridien/*/index.md")
    text = index.read_text(encoding="utf-8")
    index.write_text(text.replace("---\n", f"---\n{line}\n", 1), encoding="utf-8")


def test_segments_are_counted_listed_tagged_and_planned(mailer: Command) -> None:
    """By name or by expression, as it was understood, before anything is sent."""
    fill(mailer)
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
    done = mailer(
        "subscribers", "tag", "--segment", "domain:orange.fr", *PAPER, "--add", "o"
    )
    assert done.stdout == "2 readers\n"
    error = said(mailer("subscribers", "tag", "x@free.fr", "--remove", "o"))
    assert isinstance(error, NotFoundError)
    assert mailer("subscribers", "tags").stdout == "o  2 readers\npresse  1 reader\n"
    plan, shown = dry_run(mailer, "--to-segment", "presse")
    assert (plan["segment"], plan["audience"]) == ("tag = presse", 1)
    assert plan["skipped"] == {"not in the segment": 2}
    assert "presse: tag = presse" in shown
    assert "2 not in the segment" in shown


def test_an_edition_may_be_for_a_segment_by_itself(mailer: Command) -> None:
    """In its head, spelt out when it is read."""
    head(mailer, "segment: domain:orange.fr and not presse")
    house = House.open(config=None, start=mailer.folder, environ={})
    edition = house.newsroom.edition(ED, today=date(2026, 3, 10))
    assert edition.segment == "domain = orange.fr and not tag = presse"


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
