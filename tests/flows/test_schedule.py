"""The edition of a date leaves once, on time or within the patience, whatever clocks do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from mailer.edition.agenda import Dated, Departure, departures
from mailer.errors import GuardError, StoreError
from mailer.flows.departing.schedule import Kind, News, Timetable, tick
from mailer.flows.departing.slots import Slot, SlotState
from mailer.flows.ports import Run, RunState
from mailer.phrases import say
from tests.fakes.slots import FakeSlots
from tests.fakes.specimen import publication

PAPER = replace(
    publication(), id="saturday", schedule="sat 07:00", timezone="Europe/Paris"
)
SEVEN = datetime(2026, 3, 14, 6, tzinfo=UTC)
SATURDAY = date(2026, 3, 14)
QUARTER = timedelta(seconds=15)
CATCH_UP = timedelta(hours=24)


def the_118(day: date = SATURDAY) -> Dated:
    return Dated(name="saturday/118", day=day)


class Runs:
    """As much of a ledger as a tick asks for."""

    def __init__(self) -> None:
        self.opened: list[Run] = []

    async def runs(
        self, *, edition: str | None = None, limit: int | None = None
    ) -> list[Run]:
        found = [run for run in self.opened if edition in {None, run.edition}]
        return found[::-1][:limit]


@dataclass
class Tower:
    """A timetable whose runs end as soon as they are opened, unless told otherwise."""

    papers: Sequence = (PAPER,)
    editions: list[Dated] = field(default_factory=list)
    slots: FakeSlots = field(default_factory=FakeSlots)
    ledger: Runs = field(default_factory=Runs)
    fault: Exception | None = None
    state: RunState = RunState.SENT
    ahead: timedelta = timedelta(0)
    owner: str = "a"

    def agenda(self, since: datetime, until: datetime) -> list[Departure]:
        ours = partial(departures, since=since, until=until)
        return [
            each
            for paper in self.papers
            for each in ours(
                paper,
                [
                    edition
                    for edition in self.editions
                    if abs(edition.day - until.date()) < timedelta(days=40)
                    and edition.name.startswith(paper.id)
                ],
            )
        ]

    async def arm(self, departure: Departure) -> Run:
        if self.fault:
            raise self.fault
        assert departure.edition
        run = Run(
            id=len(self.ledger.opened) + 1,
            name=f"{departure.edition.replace('/', '-')}-1",
            edition=departure.edition,
            title="",
            publication=departure.publication,
            sha256="",
            state=self.state,
            started=departure.due,
        )
        self.ledger.opened.append(run)
        return run

    async def tick(self, now: datetime) -> list[News]:
        return await tick(
            now,
            Timetable(
                slots=self.slots,
                ledger=self.ledger,  # type: ignore[arg-type]  # as much as is asked for
                agenda=self.agenda,
                arm=self.arm,
                owner=self.owner,
                catch_up=CATCH_UP,
                ahead=self.ahead,
            ),
        )

    async def kinds(self, now: datetime) -> list[Kind]:
        return [news.kind for news in await self.tick(now)]

    @property
    def sent(self) -> list[str]:
        return [run.edition for run in self.ledger.opened]

    @property
    def slot(self) -> Slot:
        (slot,) = self.slots.rows.values()
        return slot


async def test_seven_o_clock_passes_and_the_edition_leaves() -> None:
    """Not a tick earlier, and never again."""
    tower = Tower(editions=[the_118()])
    assert await tower.kinds(SEVEN - QUARTER) == []
    assert await tower.kinds(SEVEN) == [Kind.DEPARTED]
    assert await tower.kinds(SEVEN + QUARTER) == []
    assert tower.sent == ["saturday/118"]
    assert (tower.slot.state, tower.slot.run) == (
        SlotState.DEPARTED,
        "saturday-118-1",
    )


async def test_a_run_may_be_opened_ahead_of_its_hour() -> None:
    """Thirty seconds in which it can still be called back."""
    tower = Tower(editions=[the_118()], ahead=timedelta(seconds=30))
    assert await tower.kinds(SEVEN - timedelta(seconds=31)) == []
    assert await tower.kinds(SEVEN - timedelta(seconds=30)) == [Kind.DEPARTED]


@pytest.mark.parametrize(
    ("late", "kind", "sent"),
    [
        (timedelta(seconds=14), Kind.DEPARTED, 1),
        (timedelta(minutes=40), Kind.LATE, 1),
        (CATCH_UP, Kind.LATE, 1),
        (CATCH_UP + QUARTER, Kind.MISSED, 0),
    ],
)
async def test_a_machine_that_slept_catches_up_or_holds(late, kind, sent) -> None:
    """Within the patience it leaves late, after that a person decides."""
    week = timedelta(days=7)
    before = Dated(name="saturday/117", day=SATURDAY - week)
    tower = Tower(editions=[before, the_118()])
    assert await tower.kinds(SEVEN - week) == [Kind.DEPARTED]
    (news,) = await tower.tick(SEVEN + late)
    assert (news.kind, tower.sent.count("saturday/118")) == (kind, sent)
    assert await tower.kinds(SEVEN + late + QUARTER) == []
    if kind is Kind.MISSED:
        assert "mailer send saturday/118" in news.reason


async def test_nobody_is_told_of_what_was_before_the_first_day() -> None:
    """A new installation has missed nothing, but what can still leave does."""
    empty = Tower()
    assert await empty.kinds(SEVEN + timedelta(hours=3)) == []
    assert empty.slots.rows == {}
    ready = Tower(editions=[the_118()])
    assert await ready.kinds(SEVEN + timedelta(hours=3)) == [Kind.LATE]


async def test_a_slot_without_an_edition_waits_and_says_so_once() -> None:
    """When the edition comes within the patience it leaves."""
    tower = Tower(ahead=QUARTER)
    (news,) = await tower.tick(SEVEN - QUARTER)
    assert (news.kind, news.reason) == (
        Kind.WAITING,
        "no edition is dated 2026-03-14",
    )
    assert await tower.kinds(SEVEN) == []
    tower.editions.append(the_118())
    assert await tower.kinds(SEVEN + timedelta(hours=1)) == [Kind.LATE]


async def test_a_slot_without_an_edition_is_missed_in_the_end() -> None:
    """The patience over, it is told, once."""
    tower = Tower(ahead=QUARTER)
    await tower.tick(SEVEN - QUARTER)
    assert await tower.kinds(SEVEN + CATCH_UP + QUARTER) == [Kind.MISSED]
    assert await tower.kinds(SEVEN + CATCH_UP + QUARTER * 2) == []


async def test_what_keeps_an_edition_is_told_until_it_is_mended() -> None:
    """Not approved at seven, approved at eight: it leaves at eight."""
    tower = Tower(
        editions=[the_118()], fault=GuardError(say("saturday/118 is not approved"))
    )
    (news,) = await tower.tick(SEVEN)
    assert (news.kind, news.reason) == (Kind.WAITING, "saturday/118 is not approved")
    assert await tower.kinds(SEVEN + QUARTER) == []
    assert tower.slot.reason == "saturday/118 is not approved"
    tower.fault = None
    assert await tower.kinds(SEVEN + timedelta(hours=1)) == [Kind.LATE]


async def test_two_editions_of_one_date_wait_for_a_person() -> None:
    """None is guessed."""
    tower = Tower(editions=[the_118(), Dated(name="saturday/119", day=SATURDAY)])
    (news,) = await tower.tick(SEVEN)
    assert news.kind is Kind.WAITING
    assert "saturday/118, saturday/119" in news.reason
    assert tower.sent == []


async def test_what_was_sent_by_hand_is_not_sent_again() -> None:
    """Its slot is over, without a word."""
    tower = Tower(editions=[the_118()])
    (departure,) = tower.agenda(SEVEN - QUARTER, SEVEN)
    await tower.arm(departure)
    assert await tower.kinds(SEVEN) == []
    assert tower.slot.state is SlotState.DEPARTED
    assert len(tower.sent) == 1


async def test_a_daemon_that_died_after_opening_the_run_opens_no_second() -> None:
    """Whoever comes next finds the run, though the slot says it is due."""
    tower = Tower(editions=[the_118()])
    (departure,) = tower.agenda(SEVEN - QUARTER, SEVEN)
    slot = await tower.slots.open(departure)
    await tower.slots.claim(slot, owner="dead", now=SEVEN, lease=timedelta(minutes=1))
    await tower.arm(departure)
    assert await tower.kinds(SEVEN + timedelta(minutes=5)) == []
    assert (tower.slot.state, tower.slot.run) == (
        SlotState.DEPARTED,
        "saturday-118-1",
    )


async def test_a_database_that_fails_changes_nothing() -> None:
    """The error is passed on, and the next tick begins anew."""
    tower = Tower(editions=[the_118()], fault=StoreError(say("the disk is full")))
    with pytest.raises(StoreError):
        await tower.tick(SEVEN)
    tower.fault = None
    assert await tower.kinds(SEVEN + QUARTER) == [Kind.DEPARTED]


async def test_editions_of_a_publication_leave_one_after_the_other() -> None:
    """After two days of sleep: one a tick, and none while another is leaving."""
    daily = replace(PAPER, schedule="mon-sun 07:00")
    friday = SATURDAY - timedelta(days=1)
    tower = Tower(
        papers=[daily],
        editions=[
            Dated(name="saturday/117", day=friday),
            the_118(),
        ],
        state=RunState.SENDING,
    )
    assert await tower.kinds(SEVEN) == [Kind.LATE]
    assert await tower.kinds(SEVEN + QUARTER) == []
    done = replace(tower.ledger.opened[0], state=RunState.SENT)
    tower.ledger.opened[0] = done
    assert await tower.kinds(SEVEN + QUARTER * 2) == [Kind.DEPARTED]
    assert tower.sent == ["saturday/117", "saturday/118"]


async def test_clocks_that_jump_make_no_second_departure() -> None:
    """An hour forward, an hour back, another zone, another hour: one."""
    tower = Tower(editions=[the_118()])
    hour = timedelta(hours=1)
    assert await tower.kinds(SEVEN + hour) == [Kind.LATE]
    assert await tower.kinds(SEVEN - hour) == []
    tower.papers = [replace(PAPER, schedule="sat 09:00", timezone="America/New_York")]
    for step in range(10):
        assert await tower.kinds(SEVEN + hour * step) == []
    assert tower.sent == ["saturday/118"]


async def test_a_year_of_saturdays() -> None:
    """Three publications in two zones, naps, two daemons: each slot exactly once."""
    papers = [
        PAPER,
        replace(PAPER, id="sunday", schedule="sun 02:30"),
        replace(
            PAPER,
            id="daily",
            schedule="mon-sun 00:00",
            timezone="America/Santiago",
            exceptions=("2026-08-01 to 2026-08-31: none",),
        ),
    ]
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    first = Tower(papers=papers)
    wanted = {(each.publication, each.day) for each in first.agenda(begin, end)}
    first.editions = [Dated(name=f"{paper}/{day}", day=day) for paper, day in wanted]
    second = replace(first, owner="b")
    chance = random.Random(118)  # noqa: S311 - a nap is no secret
    now, told = begin, Counter[Kind]()
    while now <= end + timedelta(hours=12):
        for tower in chance.sample([first, second], k=chance.randint(1, 2)):
            told.update(news.kind for news in await tower.tick(now))
        now += chance.choice([timedelta(minutes=30), timedelta(hours=20)])
        now -= timedelta(minutes=chance.choice([0, 0, 15]))  # clocks are put back
    assert Counter(first.sent) == {f"{paper}/{day}": 1 for paper, day in wanted}
    assert told[Kind.MISSED] == 0
    ended = {first.slots.rows[key].state for key in wanted}
    assert ended == {SlotState.DEPARTED}
