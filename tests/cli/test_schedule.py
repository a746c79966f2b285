"""`mailer schedule`: what leaves when, and what never would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailer.edition.agenda import Departure
from mailer.errors import ConfigError
from mailer.flows.departing.slots import SlotState
from mailer.phrases import say
from mailer.store.engine import Store
from mailer.store.ledger.slots import SqlSlots
from tests.cli.conftest import Command, said

Make = Callable[..., Command]


def revise(mailer: Command, old: str, new: str) -> None:
    file = mailer.folder / "config" / "mailer.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_next_departures_by_both_clocks(workspace: Make) -> None:
    """Local time with its offset, UTC, and the edition that fits."""
    done = workspace()("schedule", "--json", "-p", "le-meridien", "--count", "4")
    rows = json.loads(done.stdout)["departures"]
    assert [(row["leaves"], row["utc"]) for row in rows] == [
        ("2026-03-14T07:00:00+01:00", "2026-03-14T06:00:00+00:00"),
        ("2026-03-21T07:00:00+01:00", "2026-03-21T06:00:00+00:00"),
        ("2026-03-28T07:00:00+01:00", "2026-03-28T06:00:00+00:00"),
        ("2026-04-04T07:00:00+02:00", "2026-04-04T05:00:00+00:00"),  # summer time
    ]
    assert [row["edition"] for row in rows] == ["le-meridien/118", None, None, None]


def test_publications_take_their_turn_on_one_screen(workspace: Make) -> None:
    """In the order in which they leave, within eighty columns, nothing cut."""
    done = workspace()("schedule", "--count", "2")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0].split() == ["Leaves", "UTC", "Publication", "Edition", "State"]
    assert lines[1].split() == (
        "Sat 14 Mar 07:00 CET Sat 14 Mar 06:00 le-meridien 118 scheduled".split()
    )
    assert lines[2].split()[-3:] == ["le-meridien-bourse", "24", "scheduled"]
    assert lines[3].endswith("none yet")
    assert max(map(len, lines)) <= 80


def test_an_edition_that_would_never_leave_is_told(workspace: Make) -> None:
    """Dated a Friday where Saturdays leave, and a date that two editions bear."""
    mailer = workspace()
    begin = ("--publication", "le-meridien", "--date", "2026-03-20")
    assert mailer("new", "Un vendredi", *begin).exit_code == 0
    double = mailer.folder / "editions" / "le-meridien" / "2026-03-14-double"
    double.mkdir()
    head = "---\ntitle: Un double\ndate: 2026-03-14\nnumber: 120\n---\n"
    (double / "index.md").write_text(head, encoding="utf-8")
    shown = " ".join(mailer("schedule").stdout.split())
    assert "le-meridien/119 is dated 2026-03-20, which is no day" in shown
    assert "le-meridien/118, le-meridien/120 bear the same date, 2026-03-14" in shown


def test_an_exception_of_no_departure_names_its_key(workspace: Make) -> None:
    """The day of the slip is said; nothing is guessed."""
    mailer = workspace()
    line = 'schedule   = "sat 07:00"'
    revise(mailer, line, f'{line}\nexceptions = ["2026-03-13: none"]')
    fault = said(mailer("schedule"))
    assert isinstance(fault, ConfigError)
    assert "publications.le-meridien" in str(fault)
    assert "no departure on 2026-03-13, a fri" in str(fault)


@pytest.mark.parametrize(
    ("exception", "leaves"),
    [
        ("2026-03-14: none", "2026-03-21T07:00:00+01:00"),
        ("2026-03-14: 2026-03-16 08:00", "2026-03-16T08:00:00+01:00"),
    ],
)
def test_exceptions_are_kept(workspace: Make, exception: str, leaves: str) -> None:
    """A date without an edition, and one that moves."""
    mailer = workspace()
    line = 'schedule   = "sat 07:00"'
    revise(mailer, line, f'{line}\nexceptions = ["{exception}"]')
    done = mailer("schedule", "--json", "-p", "le-meridien", "--count", "1")
    assert json.loads(done.stdout)["departures"][0]["leaves"] == leaves


def test_what_keeps_an_edition_is_told(
    workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not approved, then approved, then edited: the state and the reason beside it."""
    mailer = workspace()
    monkeypatch.setenv("MAILER_SEND__APPROVAL", "required")

    def row() -> dict[str, object]:
        done = mailer("schedule", "--json", "-p", "le-meridien", "--count", "1")
        return json.loads(done.stdout)["departures"][0]

    assert (row()["state"], row()["reason"]) == (
        "draft",
        "le-meridien/118 is not approved",
    )
    assert mailer("approve", "le-meridien/118").exit_code == 0
    assert (row()["state"], row()["reason"]) == ("scheduled", "")
    file = next(mailer.folder.glob("editions/le-meridien/*/index.md"))
    text = file.read_text("utf-8")
    file.write_text(text.replace("rivaux", "voisins"), encoding="utf-8")
    assert row()["state"] == "draft"
    assert "is not as" in str(row()["reason"])
    file.write_text(text + "\n\n::: nix\n", encoding="utf-8")
    assert "error" in str(row()["reason"])


def test_an_edition_gets_an_hour_of_its_own(workspace: Make) -> None:
    """It is written into its file; cleared, the file is what it was."""
    mailer = workspace()
    file = next(mailer.folder.glob("editions/le-meridien/*/index.md"))
    before = file.read_bytes()
    done = mailer("schedule", "118", "--at", "2026-03-13 18:00", "--json")
    row = json.loads(done.stdout)["departures"][0]
    assert (row["leaves"], row["date"], row["planned"]) == (
        "2026-03-13T18:00:00+01:00",
        "2026-03-14",
        True,
    )
    assert b"send_at: 2026-03-13 18:00\n" in file.read_bytes()
    assert mailer("schedule", "118", "--at", "12:15").exit_code == 0
    assert file.read_bytes().count(b"send_at:") == 1
    assert b"send_at: 2026-03-14 12:15\n" in file.read_bytes()
    assert mailer("schedule", "118", "--clear").exit_code == 0
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("118", "--at", "noon"), "noon is no local time"),
        (("118", "--at", "2026-03-14"), "is no local time"),
        (("118", "--at", "2026-03-14T07:00Z"), "is no local time"),
        (("118", "--at", "2026-03-09 12:00"), "2026-03-09 12:00 has passed"),
        (("118",), "say --at TIME or --clear"),
        (("118", "--at", "12:00", "--clear"), "say --at TIME or --clear"),
        (("--clear",), "say which edition"),
        (("999", "--clear"), "no edition 999"),
    ],
)
def test_an_hour_that_is_none_changes_nothing(workspace: Make, words, fault) -> None:
    """With a way out."""
    mailer = workspace()
    file = next(mailer.folder.glob("editions/le-meridien/*/index.md"))
    before = file.read_bytes()
    assert fault in str(said(mailer("schedule", *words)))
    assert file.read_bytes() == before


async def test_a_departure_that_did_not_happen_is_told(
    workspace: Make, tmp_path: Path
) -> None:
    """Until something of the publication leaves."""
    mailer = workspace()
    store = await Store.open(f"sqlite:///{tmp_path / 'data' / 'mailer.db'}")
    slots = SqlSlots(store)
    departure = Departure(
        publication="le-meridien",
        day=date(2026, 3, 7),
        wall=datetime(2026, 3, 7, 7, 0),  # noqa: DTZ001 - local wall time
        zone="Europe/Paris",
    )
    slot = await slots.open(departure)
    now = datetime(2026, 3, 8, 9, tzinfo=UTC)
    mine = await slots.claim(slot, owner="a", now=now, lease=timedelta(minutes=1))
    assert mine
    await slots.settle(mine, SlotState.MISSED, reason=say("26 h late"))
    await store.close()
    shown = await asyncio.to_thread(mailer, "schedule")
    assert "le-meridien of 2026-03-07 is held: 26 h late" in shown.stdout
