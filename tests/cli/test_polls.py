"""``mailer polls``: what was answered, for people, spreadsheets and programs."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest

from mailer.errors import GuardError, InputError, NotFoundError
from mailer.flows.readers.voting import VotingDesk, cast
from mailer.wiring import SystemClock
from tests.cli.conftest import Command, said
from tests.contract.house import NOW, PAPER, House
from tests.contract.polling import BRIDGE, KEYRING, OVER, SECRET, A, B, Polling, asking

FORMULA = replace(BRIDGE, choices=("=SUM(A1)", "Non", "À deux"))
TALE = replace(SECRET, id="conte", question="Une histoire ?")


@pytest.fixture
def answered(workspace: Callable[[str], Command]) -> Command:
    """Two polls of one edition: a named one with two answers, an anonymous one with one."""
    command = workspace("presse")

    async def story() -> None:
        house = await House.open(f"sqlite:///{command.folder.parent}/data/mailer.db")
        polling = Polling(house)
        await polling.send(asking(FORMULA, TALE), A, B)
        await polling.vote(A, 1)
        await polling.vote(B, 2)
        slip = await polling.slip(A, "3", id_="conte")
        assert slip is not None
        assert await cast(VotingDesk(ballots=house.ballots, keyring=KEYRING), slip, NOW)
        await house.store.close()

    asyncio.run(story())
    return command


def test_polls_are_listed_and_shown(answered: Command) -> None:
    """By their whole name or their own; what nobody called them is told."""
    listing = json.loads(answered("polls", "list", "--json").stdout)
    assert [(p["poll"], p["answers"], p["state"]) for p in listing["polls"]] == [
        ("le-meridien/118/passerelle", 2, "open"),
        ("le-meridien/118/conte", 1, "open"),
    ]
    table = answered("polls", "list").stdout
    assert "Qui décide ?" in table
    assert "anonymous" in table
    for name in ("le-meridien/118/passerelle", "passerelle"):
        shown = answered("polls", "show", name).stdout
        assert "50%" in shown
        assert "2 answers, open until 2026-03-18" in shown
    assert isinstance(said(answered("polls", "show", "quai")), NotFoundError)
    twice = said(answered("polls", "show", "le-meridien/118"))
    assert isinstance(twice, InputError)
    assert "le-meridien/118/conte" in twice.hint


def test_an_export_is_counts_or_people(answered: Command) -> None:
    """Harmless in a spreadsheet; of an anonymous poll there is nobody to write."""
    rows = list(csv.reader(StringIO(answered("polls", "export", "passerelle").stdout)))
    assert rows[1] == ["le-meridien/118/passerelle", "1", "'=SUM(A1)", "1"]
    people = answered("polls", "export", "passerelle", "--people").stdout
    assert list(csv.reader(StringIO(people)))[2][1:4] == [B, "2", "Non"]
    told = json.loads(
        answered("polls", "export", "passerelle", "--people", "--json").stdout
    )
    assert [vote["email"] for vote in told["votes"]] == [A, B]
    refused = said(answered("polls", "export", "conte", "--people"))
    assert isinstance(refused, GuardError)
    file = answered.folder / "conte.csv"
    assert answered("polls", "export", "conte", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert A not in file.read_text("utf-8-sig")


def test_the_next_edition_prints_the_result(
    answered: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it stands; assembling opens the database for a feature that asks for it."""
    config = answered.folder / "config" / "mailer.toml"
    feature = (
        f'\n[[publications.{PAPER.id}.features]]\nname = "sondage"\n'
        'source = "poll"\ntitle = "Vous avez répondu"\nform = "prose"\n'
    )
    config.write_text(config.read_text("utf-8") + feature, "utf-8")

    def sondage() -> tuple[str, str]:
        done = answered("assemble", PAPER.id, "--date", "2026-03-21", "--json")
        assert done.exit_code == 0, done.exception
        features = json.loads(done.stdout)["features"]
        (found,) = [f for f in features if f["feature"] == "sondage"]
        return found["state"], found["note"]

    assert sondage()[0] == "empty"
    monkeypatch.setattr(SystemClock, "now", lambda _: OVER)
    assert sondage()[0] == "written"
    (part,) = answered.folder.glob(f"editions/{PAPER.id}/2026-03-21*/*-sondage.md")
    assert "Qui décide" in part.read_text("utf-8")
