"""`mailer pause` and `mailer cancel`: a run stopped by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.delivery.ledger import State
from mailer.flows.ports import RunState
from tests.cli.conftest import TUESDAY, Command, said
from tests.contract.house import House, frozen_edition, settlement

RUN = "le-meridien-118-1"


@pytest.fixture
def sending(
    workspace: Callable[..., Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """A run whose sender died: one accepted, one being handed over, two wait."""
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__KIND", "maildir")
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PATH", str(tmp_path / "box"))

    async def story() -> None:
        house = await House.open(f"sqlite:///{tmp_path}/data/mailer.db")
        names = ("anne@orange.fr", "bob@free.fr", "chloe@orange.fr", "dan@free.fr")
        await house.admit(*names)
        run = await house.ledger.open_run(frozen_edition(), now=TUESDAY)
        one, two, _ = await house.claim(run, limit=3, now=TUESDAY)
        for claim in (one, two):
            await house.hand_over(claim, now=TUESDAY)
        await house.settle(settlement(one, State.ACCEPTED), now=TUESDAY)
        other = await house.ledger.open_run(frozen_edition(119), now=TUESDAY)
        await house.ledger.mark_run(other, RunState.SENT, now=TUESDAY)
        await house.store.close()

    command = workspace()
    asyncio.run(story())
    return command


def test_a_held_run_goes_on_at_somebodys_word_only(
    sending: Command, tmp_path: Path
) -> None:
    """`resume` without a name leaves it alone, as a line of cron must; named it goes."""
    result = sending("pause", "--reason", "a typo in the title")
    assert result.exit_code == 0, result.output
    assert f"{RUN} is held" in result.stderr
    assert "4 = 1 accepted" in result.stderr
    assert "held by the operator: a typo in the title" in sending("status").stdout
    result = sending("resume", "--yes", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["runs"] == []
    assert f"mailer resume {RUN} goes on" in result.stderr
    result = sending("resume", RUN, "--yes", "--json")
    sheet = json.loads(result.stdout)
    assert (sheet["accepted"], sheet["in_doubt"], sheet["held"]) == (3, 1, False)
    assert len(list((tmp_path / "box" / "new").iterdir())) == 2


def test_a_cancelled_run_adds_up_and_stays_so(sending: Command) -> None:
    """It says who has it; the rest is withdrawn, the dead sender's one in doubt."""
    result = sending("cancel", RUN, "--reason", "wrong file", "--yes", "--json")
    assert result.exit_code == 0, result.output
    assert "1 accepted, they keep it; 3 waiting, they would not" in result.stderr
    sheet = json.loads(result.stdout)
    assert (sheet["state"], sheet["reason"]) == ("cancelled", "wrong file")
    counts = [sheet[key] for key in ("accepted", "in_doubt", "withdrawn", "waiting")]
    assert counts == [1, 1, 2, 0]
    (line,) = sending("log", RUN, "--address", "dan@free.fr").stdout.splitlines()
    assert line.endswith("withdrawn     dan@free.fr  -  cancelled: wrong file")
    for words in (
        ("resume", RUN),
        ("retry", RUN, "--refused"),
        ("retry", RUN, "--missing"),
    ):
        error = said(sending(*words, "--yes"))
        assert error.exit_code == 4
        assert "mailer send le-meridien/118" in str(error)
    assert sending("cancel", RUN, "--yes").exit_code == 0, "once more changes nothing"


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (("pause", "le-meridien-119-1"), "is finished (sent)"),
        (("cancel", "le-meridien-119-1"), "is finished (sent)"),
        (("cancel", RUN), "scripts pass --yes"),
        (("pause", "le-meridien/7"), "no run le-meridien/7"),
    ],
)
def test_what_cannot_be_stopped_is_told(
    sending: Command, words: tuple[str, ...], way_out: str
) -> None:
    """And nothing is changed."""
    assert way_out in str(said(sending(*words)))
    rows = json.loads(sending("status", "--json").stdout)["runs"]
    assert [row["state"] for row in rows] == ["sent", "sending"]
