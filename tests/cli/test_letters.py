"""What an operator sees of letters to readers, and has tried again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.errors import InputError, NotFoundError
from mailer.flows.readers.correspondence import LetterKind, LetterOrder
from mailer.store.engine import Store
from mailer.store.people.letters import SqlLetters
from tests.cli.conftest import TUESDAY, Command, said

A = "ada@lecteurs.example"


@pytest.fixture
def house(workspace: Callable[[str], Command], tmp_path: Path) -> Command:
    """A house where a letter has waited for an hour, and another is of no use now."""
    command = workspace("presse")
    paper = ("--publication", "le-meridien")
    added = command("subscribers", "add", A, "--consent", "Salon", *paper)
    assert added.exit_code == 0
    asyncio.run(_write(f"sqlite:///{tmp_path}/data/mailer.db"))
    return command


async def _write(url: str) -> None:
    store = await Store.open(url)
    for key, days in (("a", 1), ("b", 0)):
        order = LetterOrder(
            key=key,
            kind=LetterKind.CONFIRM,
            publication="le-meridien",
            subscriber=1,
            expires=TUESDAY + timedelta(days=days),
        )
        hour = TUESDAY - timedelta(hours=1)
        assert await SqlLetters(store).enqueue(order, now=hour)
    await store.close()


def test_letters_that_wait_are_told_and_tried_again(house: Command) -> None:
    """By the status and the doctor too; what is of no use any more is refused."""
    listed = json.loads(house("letters", "list", "--json").stdout)["letters"]
    assert [(each["id"], each["state"]) for each in listed] == [(1, "due"), (2, "due")]
    shown = house("letters", "list").output
    assert A in shown
    assert "please confirm" in shown
    assert "of use until" in house("letters", "show", "1").output
    assert "2 letters to readers wait" in house("status").output
    letters = json.loads(house("status", "--json").stdout)["letters"]
    assert letters == {"waiting": 2, "lost": 0, "reason": ""}
    lines = json.loads(house("doctor", "--json").stdout)["lines"]
    (line,) = [each for each in lines if each["topic"] == "letters"]
    assert line["copy"] == "mailer letters list"
    assert "1 letter is due now" in house("letters", "retry").output
    assert isinstance(said(house("letters", "retry", "2")), InputError)
    assert isinstance(said(house("letters", "show", "9")), NotFoundError)
    assert isinstance(said(house("letters", "list", "--state", "x")), InputError)
