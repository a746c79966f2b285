"""The pace is kept and shared: every keeper, on every database."""

from __future__ import annotations

import asyncio

import pytest

from mailer.delivery.limiter import Slowness
from mailer.delivery.quota import Account, Quotas
from mailer.delivery.sharing import Drawn, PaceReport, PaceState
from mailer.flows.sending.pacing import PaceKeeper
from tests.contract.house import House
from tests.fakes.pace import MemoryPaceKeeper

NOW = 1_773_468_000.25
QUOTAS = Quotas(hourly=100, daily=500)
SLOW = Slowness(rate=2.5, aim=20.0, slowed_at=NOW - 1, paused_until=NOW + 4, streak=1)


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def dialect(request: pytest.FixtureRequest) -> str:
    """Where the pace is kept; in memory by the fake that the flows are tested with."""
    name: str = request.param
    return name


@pytest.fixture
def keeper(dialect: str, request: pytest.FixtureRequest) -> PaceKeeper:
    if dialect == "memory":
        return MemoryPaceKeeper()
    house: House = request.getfixturevalue("house")
    return house.pace


def report(
    worker: str, *, spent: int = 0, held: int = 0, wanted: int = 0
) -> PaceReport:
    drawn = Drawn(quotas=QUOTAS, spent=spent, held=held, wanted=wanted)
    return PaceReport(worker=worker, now=NOW, drawn={"principal": drawn})


async def test_nothing_is_kept_at_first(keeper: PaceKeeper) -> None:
    """A new database knows of no message and of nobody who was slowed."""
    assert await keeper.load() == PaceState()


async def test_what_was_said_is_kept(keeper: PaceKeeper) -> None:
    """Accounts, slow-downs, buckets and workers come back as they were, to the number."""
    said = PaceReport(
        worker="a",
        now=NOW,
        drawn=report("a", spent=7, wanted=10).drawn,
        relays={"principal": SLOW},
        lanes={"orange": Slowness(**{**_fields(SLOW), "rate": None})},
        full_at={"relay principal": NOW + 30},
    )
    answer = await keeper.exchange(said)
    kept = await keeper.load()
    assert kept == answer.state
    assert kept.accounts["principal"] == Account(
        minutes={int(NOW // 60): 7},
        quarters={int(NOW // 900): 7},
        booked={"a": 10},
        day_began=NOW,
        day=7,
    )
    assert kept.relays == {"principal": SLOW}
    assert kept.lanes["orange"].rate is None
    assert kept.full_at == {"relay principal": NOW + 30}
    assert kept.workers == {"a": NOW}


async def test_what_is_booked_is_booked_once(keeper: PaceKeeper) -> None:
    """Ten processes that ask at the same time get the quota between them, and no more."""
    answers = await asyncio.gather(
        *(keeper.exchange(report(f"w{n}", wanted=60)) for n in range(10))
    )
    granted = [answer.granted["principal"][0] for answer in answers]
    assert sum(granted) <= 100
    assert (await keeper.load()).accounts["principal"].held == sum(granted)


def _fields(slowness: Slowness) -> dict[str, float | int | None]:
    return {name: getattr(slowness, name) for name in Slowness.__slots__}
