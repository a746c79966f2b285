"""What an operator does for a reader: chooses, hands out their data, forgets them."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.errors import NotFoundError
from tests.cli.conftest import Command

A = "ada@lecteurs.example"
PAPER = ("--publication", "le-meridien")


@pytest.fixture
def house(workspace: Callable[[str], Command]) -> Command:
    """A house that knows one reader."""
    command = workspace("presse")
    added = command(
        "subscribers", "add", A, "--consent", "Salon", "--name", "Ada", *PAPER
    )
    assert added.exit_code == 0
    return command


def test_what_a_reader_wants_can_be_chosen_for_them(house: Command) -> None:
    """Rhythm, pause, plain text and language; what is not said stays."""
    said = house(
        *("subscribers", "choose", A, *PAPER, "--rhythm", "monthly"),
        *("--pause-until", "2026-05-01", "--text-only", "--lang", "fr"),
    )
    assert said.exit_code == 0
    held = json.loads(house("subscribers", "data", A).stdout)
    assert held["subscriber"]["text_only"] is True
    assert held["subscriptions"][0]["rhythm"] == "monthly"
    assert held["subscriptions"][0]["paused_until"] == "2026-05-01"
    house("subscribers", "choose", A, *PAPER, "--resume")
    held = json.loads(house("subscribers", "data", A).stdout)
    assert "paused_until" not in held["subscriptions"][0]
    assert held["subscriptions"][0]["rhythm"] == "monthly"
    nobody = house("subscribers", "choose", "b@x.example", "--lang", "fr")
    assert isinstance(nobody.exception, NotFoundError)


def test_everything_held_goes_into_a_file_of_ones_own(
    house: Command, tmp_path: Path
) -> None:
    """As JSON, and only we may read it."""
    file = tmp_path / "ada.json"
    assert house("subscribers", "data", A, "-o", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["subscriber"]["name"] == "Ada"


def test_who_is_forgotten_is_not_imported_again(house: Command, tmp_path: Path) -> None:
    """Counted first; then nothing is left but a hash, and the import knows it."""
    counted = json.loads(
        house("subscribers", "forget", A, "--dry-run", "--json").stdout
    )
    assert counted["held"]["consents"] == 1
    assert house("subscribers", "show", A).exit_code == 0
    done = house("subscribers", "forget", A, "--yes", "--json")
    assert json.loads(done.stdout)["deleted"]["subscription"] == 1
    assert isinstance(house("subscribers", "show", A).exception, NotFoundError)
    listed = json.loads(house("suppressions", "list", "--json").stdout)
    assert [(s["email"], s["reason"]) for s in listed["suppressions"]] == [
        ("", "erased")
    ]
    again = house("subscribers", "add", A.upper(), "--consent", "Salon", *PAPER)
    assert again.exit_code == 0
    assert isinstance(house("subscribers", "show", A).exception, NotFoundError)


def test_a_purge_is_counted_before_it_is_done(house: Command) -> None:
    """`readers purge` is the purge of `[retention]`."""
    found = json.loads(house("readers", "purge", "--dry-run", "--json").stdout)
    assert (found["dry_run"], found["left"]) == (True, 0)
