"""What is told of each event, and that every event is told once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailer.daemon import herald as heralds
from mailer.daemon import tidings
from mailer.daemon.herald import Herald
from mailer.delivery.report import Tally
from mailer.delivery.switchboard import Health
from mailer.edition.agenda import Departure
from mailer.errors import StoreError
from mailer.flows.departing.schedule import Kind, News
from mailer.flows.ports import Run, RunState
from mailer.flows.sending.relaying import RelayPage, Sighting
from mailer.phrases import say

NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
RUN = Run(
    id=1,
    name="letter-1-1",
    edition="letter/1",
    title="One",
    publication="letter",
    sha256="0" * 64,
    state=RunState.SENT,
    started=NOW,
)
CLEAN = Tally(audience=3, accepted=3)
DEPARTURE = Departure(
    publication="letter",
    day=date(2026, 3, 14),
    wall=datetime(2026, 3, 14, 7),  # noqa: DTZ001 - local wall time
    zone="Europe/Paris",
    editions=("letter/1",),
)


@pytest.mark.parametrize(
    ("state", "event", "grave", "command"),
    [
        (RunState.SENT, "run.finished", False, ""),
        (RunState.PAUSED, "run.paused", True, "mailer resume letter-1-1"),
        (RunState.CANCELLED, "run.cancelled", True, "mailer send letter/1"),
    ],
)
def test_a_run_is_told_with_its_balance(
    state: RunState, event: str, grave: bool, command: str
) -> None:
    """What became of it, and what to type."""
    run = replace(RUN, state=state, reason=say("too many refusals"))
    told = tidings.of_run(run, CLEAN)
    assert told is not None
    assert told.letter is not None
    letter = told.letter("The Letter")
    assert (told.event, letter.grave) == (event, grave)
    assert "3 = 3 accepted" in told.text
    assert command in {typed for _, typed in letter.steps} | {""}
    assert json.loads(json.dumps(told.particulars))["balance"]["accepted"] == 3


def test_a_run_that_goes_on_is_no_news() -> None:
    """The next start of the daemon takes it."""
    for state in (RunState.SENDING, RunState.ARMED):
        assert tidings.of_run(replace(RUN, state=state), CLEAN) is None


def test_a_sent_run_with_doubts_says_how_to_settle_them() -> None:
    """Only then: a clean one asks for nothing."""
    told = tidings.of_run(RUN, Tally(audience=3, accepted=2, in_doubt=1))
    assert told is not None
    assert told.letter is not None
    assert "mailer reconcile letter-1-1" in dict(map(reversed, told.letter("L").steps))


@pytest.mark.parametrize(
    ("kind", "event", "by_letter"),
    [
        (Kind.LATE, "edition.late", True),
        (Kind.WAITING, "edition.waiting", False),  # the vigil writes
        (Kind.MISSED, "edition.held", False),
    ],
)
def test_a_slot_that_is_not_as_it_should_be(
    kind: Kind, event: str, by_letter: bool
) -> None:
    """One letter for each, whoever writes it."""
    run = RUN if kind is Kind.LATE else None
    news = News(kind=kind, departure=DEPARTURE, run=run, reason=say("40 min late"))
    told = tidings.of_slot(news)
    assert told is not None
    assert (told.event, told.letter is not None) == (event, by_letter)
    assert tidings.of_slot(replace(news, kind=Kind.DEPARTED)) is None


class Book:
    """Pages as we write them."""

    def __init__(self) -> None:
        self.found: list[RelayPage] = []

    def see(self, until: datetime | None) -> None:
        sighting = Sighting(
            relay="a",
            health=Health.ASIDE if until else Health.UP,
            seen=NOW,
            worker="w",
            reason=say("no answer"),
            until=until,
        )
        self.found = [RelayPage(relay="a", sighting=sighting)]

    async def pages(self) -> list[RelayPage]:
        return self.found


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes left on the disk: the last one counts."""
    left = [10**12]
    monkeypatch.setattr(heralds, "free_bytes", lambda _: left[-1])
    return left


class Listening(Herald):
    """A herald whose cries are kept."""

    def __init__(self, book: Any) -> None:
        alerts = SimpleNamespace(disk_mb=1000)
        relays = [SimpleNamespace(name="a")]
        settings = SimpleNamespace(alerts=alerts, relays=relays)
        loaded = SimpleNamespace(data_folder=lambda: Path("/data"))
        house: Any = SimpleNamespace(settings=settings, loaded=loaded)
        super().__init__(lambda: house, book)
        self.cried: list[str] = []

    def cry(self, told: tidings.Tidings) -> None:
        self.cried.append(told.event)


async def test_a_relay_set_aside_is_told_once(free: list[int]) -> None:
    """When it happens, not while it lasts; what was so at the start is old."""
    book = Book()
    herald = Listening(book)
    for until in (None, NOW, NOW + timedelta(minutes=5), None, None):
        book.see(until)
        await herald.look()
    assert herald.cried == ["relay.set_aside", "relay.back"]
    book.see(NOW)
    young = Listening(book)
    await young.look()
    assert young.cried == []


async def test_a_disk_is_told_once_until_it_has_room_again(free: list[int]) -> None:
    """Around the limit nobody is written to at every tick."""
    herald = Listening(Book())
    for left in (2e9, 9e8, 8e8, 1.05e9, 9e8, 2e9, 9e8):
        free.append(int(left))
        await herald.look()
    assert herald.cried == ["disk.low", "disk.low"]


def test_a_database_that_stumbles_is_not_one_that_fails() -> None:
    """Three ticks in a row, told once, and told when it is back."""
    herald = Listening(Book())
    error = StoreError(say("the disk is full"))
    for each in (error, error, None, error, error, error, error, None, None):
        herald.database(each)
    assert herald.cried == ["database.failing", "database.back"]
