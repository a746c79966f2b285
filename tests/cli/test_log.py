"""`mailer log`: what is asked for, and how it is shown."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.delivery.ledger import State
from tests.cli.conftest import TUESDAY, Command, said
from tests.contract.house import House, frozen_edition, settlement


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four readers: accepted, refused, deferred, and one nobody asked yet."""
    file = tmp_path_factory.mktemp("ledger") / "mailer.db"

    async def story() -> None:
        house = await House.open(f"sqlite:///{file}")
        names = ("anne@orange.fr", "bob@free.fr", "chloe@orange.fr", "dan@free.fr")
        await house.admit(*names)
        run = await house.ledger.open_run(frozen_edition(), now=TUESDAY)
        claims = await house.claim(run, limit=3, now=TUESDAY)
        ends = (State.ACCEPTED, State.REFUSED, State.DUE)
        for n, (claim, state) in enumerate(zip(claims, ends, strict=True)):
            now = TUESDAY - timedelta(minutes=30 - n)
            later = TUESDAY + timedelta(hours=1) if state is State.DUE else None
            await house.hand_over(claim, now=now)
            await house.settle(settlement(claim, state, next_attempt=later), now=now)
        await house.store.close()

    asyncio.run(story())
    return file


@pytest.fixture
def sent(workspace: Callable[..., Command], ledger: Path, tmp_path: Path) -> Command:
    """A workspace with that ledger."""
    command = workspace()
    shutil.copy(ledger, tmp_path / "data" / "mailer.db")
    return command


def test_a_pipe_reads_one_line_a_delivery(sent: Command) -> None:
    """When, state, reader, relay and reason, on the site's clock, the newest below."""
    out = sent("log", "le-meridien/118", "--limit", "3").stdout
    assert out.splitlines() == [
        "2026-03-10 09:31:00  refused       bob@free.fr  principal  because refused",
        "2026-03-10 09:32:00  deferred      chloe@orange.fr  principal"
        "  because due; again 10 Mar 11:00",
        "2026-03-10 10:00:00  due           dan@free.fr  -",
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["anne", "bob", "chloe", "dan"]),
        (("--state", "accepted", "--state", "deferred"), ["anne", "chloe"]),
        (("--state", "waiting"), ["chloe", "dan"]),
        (("--domain", "@Orange.fr"), ["anne", "chloe"]),
        (("--address", "Bob <BOB@free.fr>"), ["bob"]),
        (("--relay", "principal", "--since", "29m"), ["bob", "chloe"]),
        (("--since", "2026-03-10T09:32"), ["chloe", "dan"]),
        (("--state", "in-doubt"), []),
    ],
)
def test_lines_are_chosen(
    sent: Command, words: tuple[str, ...], names: list[str]
) -> None:
    """Each choice narrows what is shown; JSON has one object a line."""
    result = sent("log", "--json", *words)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["email"].partition("@")[0] for row in rows] == names
    assert {row["run"] for row in rows} <= {"le-meridien-118-1"}
    assert {row["schema"] for row in rows} <= {1}
    assert ("No line of the ledger" in result.stderr) == (not names)


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (("--state", "acepted"), "did you mean accepted"),
        (("--since", "noon"), "write 2h, 3d"),
        (("--domain", "a b"), "not an address"),
        (("le-meridien/7",), "the newest: le-meridien-118-1"),
    ],
)
def test_what_cannot_be_asked_is_told(
    sent: Command, words: tuple[str, ...], way_out: str
) -> None:
    """With what can."""
    assert way_out in str(said(sent("log", *words)))


def test_what_is_left_out_is_mentioned(sent: Command) -> None:
    """Nobody takes the end of the log for all of it."""
    assert "--limit 0 shows all" in sent("log", "--limit", "2").stderr
    assert "--limit 0" not in sent("log", "--limit", "4").stderr
