"""`mailer reconcile`: evidence first, then your word."""

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
def doubtful(workspace: Callable[..., Command], tmp_path: Path) -> Command:
    """A finished run in which anne, bob and chloe are in doubt."""

    async def story() -> None:
        house = await House.open(f"sqlite:///{tmp_path}/data/mailer.db")
        await house.admit("anne@orange.fr", "bob@free.fr", "chloe@orange.fr")
        run = await house.ledger.open_run(frozen_edition(), now=TUESDAY)
        for claim in await house.claim(run, now=TUESDAY):
            await house.hand_over(claim, now=TUESDAY)
            doubt = settlement(claim, State.IN_DOUBT)
            await house.settle(doubt, now=TUESDAY)
        await house.ledger.mark_run(run, RunState.SENT, now=TUESDAY)
        await house.store.close()

    command = workspace()
    asyncio.run(story())
    return command


def cases(command: Command, *words: str) -> dict[str, str | None]:
    """What becomes of whom, and the Message-IDs kept for the tests' mails."""
    result = command("reconcile", RUN, "--json", *words)
    assert result.exit_code in {0, 1}, result.output
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    ids.update({row["email"]: row["message_id"] for row in document["cases"]})
    return {row["email"].partition("@")[0]: row["becomes"] for row in document["cases"]}


ids: dict[str, str] = {}


def test_evidence_comes_before_any_word(doubtful: Command, tmp_path: Path) -> None:
    """Who is proved to have it is never sent it again, whatever is said."""
    assert cases(doubtful) == {"anne": None, "bob": None, "chloe": None}
    mails = tmp_path / "mails"
    mails.mkdir()
    (mails / "copy").write_text(
        f"Received: by x\nMessage-ID: {ids['anne@orange.fr']}\n\n", "utf-8"
    )
    (mails / "bounce").write_text(
        "Content-Type: multipart/report; boundary=b\n\n--b\n"
        "Content-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.2.2\n\n--b\n"
        "Content-Type: text/rfc822-headers\n\n"
        f"Message-ID: {ids['bob@free.fr']}\n\n--b--\n",
        "utf-8",
    )
    proof = ("--evidence", str(mails))
    expected = {"anne": "accepted", "bob": "bounced", "chloe": None}
    assert cases(doubtful, *proof, "--dry-run") == expected
    assert cases(doubtful) == dict.fromkeys(expected), "a dry run changed nothing"
    result = doubtful("reconcile", RUN, *proof, "--due", "--yes")
    assert result.exit_code == 0, result.output
    assert "anne@orange.fr\n" in result.stderr
    assert "→ bounced: 5.2.2 (" in result.stderr
    assert "3 = 2 accepted + 0 refused + 0 in doubt" in result.stderr
    assert f"mailer resume {RUN} sends it again" in result.stderr
    assert cases(doubtful) == {}
    (waiting,) = doubtful("log", RUN, "--state", "waiting").stdout.splitlines()
    assert "chloe@orange.fr" in waiting


def test_a_word_may_be_for_one_reader(doubtful: Command) -> None:
    """The others stay in doubt, and the exit code says that some do."""
    result = doubtful(
        "reconcile", RUN, "--accepted", "--address", "BOB@free.fr", "--yes"
    )
    assert result.exit_code == 1
    assert "1 settled" in result.stderr
    assert cases(doubtful) == {"anne": None, "chloe": None}


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (("--accepted", "--due"), "not both"),
        (("--address", "bob@free.fr"), "needs a word"),
        (("--due", "--address", "dan@free.fr"), "dan@free.fr is not in doubt in"),
        (("--evidence", "/nowhere/at/all"), "is not there"),
        (("--due",), "scripts pass --yes"),
    ],
)
def test_nothing_is_settled_by_half_a_word(
    doubtful: Command, words: tuple[str, ...], way_out: str
) -> None:
    """It is said what is missing, and all stay in doubt."""
    assert way_out in str(said(doubtful("reconcile", RUN, *words)))
    assert list(cases(doubtful).values()) == [None] * 3
