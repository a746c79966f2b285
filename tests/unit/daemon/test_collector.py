"""The daemon and what comes back: a fault is told once, and stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mailer.daemon import collector
from mailer.daemon.collector import Collector
from mailer.daemon.tidings import Tidings
from mailer.errors import IntakeError
from mailer.flows.returning.arrivals import Toll
from mailer.flows.sending.meter import Meter
from mailer.phrases import say
from tests.fakes.clock import SATURDAY

TOLL = Toll(
    publication="letter", edition="letter/1", accepted=100, hard=9, complaints=5
)


class Drop:
    """A mailbox; fails as often as it is told to."""

    way = "imap"
    name = "bounces"

    def __init__(self, *faults: str) -> None:
        self.faults = list(faults)
        self.visits = 0

    async def collect(
        self, take: Callable[[bytes], Awaitable[None]], *, limit: int
    ) -> int:
        self.visits += 1
        if self.faults and (fault := self.faults.pop(0)):
            raise IntakeError(say("{fault}", fault=fault), way=self.name)
        return 0


class Home:
    """A collector whose clock is set by hand, over one mailbox."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, drop: Drop) -> None:
        self.now: datetime = SATURDAY
        self.cried: list[Tidings] = []
        self.told: list[str] = []
        self.open = 0
        self.tolls = 0
        intake = SimpleNamespace(
            every=timedelta(minutes=1),
            listen="",
            keep_mails=None,
            keep=None,
            alert_blocked=10,
            alert_ratio=0.05,
        )
        house = SimpleNamespace(
            clock=SimpleNamespace(now=lambda: self.now),
            settings=SimpleNamespace(intake=intake),
        )
        arrivals = SimpleNamespace(tolls=self._tolls, forget=self._forget)
        stores = SimpleNamespace(
            arrivals=arrivals, ledger=SimpleNamespace(runs=self._runs)
        )
        monkeypatch.setattr(collector, "intake_desk", lambda *_, **__: None)
        monkeypatch.setattr(collector, "maildrops", lambda _: [drop])
        monkeypatch.setattr(collector, "settle_open", self._settle)
        self.collector = Collector(
            lambda: cast("Any", house),
            cast("Any", stores),
            herald=cast("Any", SimpleNamespace(cry=self.cried.append)),
            meter=Meter(),
            tell=lambda words: self.told.append(str(words)),
        )

    async def _settle(self, _: object) -> int:
        settled, self.open = self.open, 0
        return settled

    async def _tolls(self, *, since: datetime) -> list[Toll]:
        self.tolls += 1
        return [TOLL]

    async def _forget(self, **_: object) -> tuple[int, int]:
        return 0, 0

    async def _runs(self, **_: object) -> list[Any]:
        return []

    async def look(self, **later: float) -> None:
        self.now += timedelta(**later)
        self.collector.look()
        for _ in range(20):
            await asyncio.sleep(0)


async def test_a_mailbox_that_fails_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Again when it fails anew; and it is asked again each time."""
    drop = Drop("refused", "refused", "", "refused")
    home = Home(monkeypatch, drop)
    await home.look()
    await home.look(seconds=30)
    assert drop.visits == 1
    await home.look(minutes=1)
    assert (drop.visits, home.told) == (2, ["! bounces: refused"])
    await home.look(minutes=1)
    await home.look(minutes=1)
    assert home.told == ["! bounces: refused"] * 2
    assert [each.event for each in home.cried] == ["intake.failing"] * 2
    await home.collector.stop()


async def test_operators_hear_of_an_edition_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When something came back, and not more often than an edition can be counted."""
    home = Home(monkeypatch, Drop())
    await home.look()
    assert home.tolls == 0
    home.open = 3
    await home.look(seconds=15)
    assert [each.event for each in home.cried] == ["bounces.high", "complaints.high"]
    home.open = 2
    await home.look(seconds=15)
    assert home.tolls == 1
    await home.look(minutes=1)
    assert home.tolls == 2
    assert len(home.cried) == 2
    assert home.cried[0].particulars["hard"] == 9
    assert home.cried[0].letter is not None
    assert "letter/1" in home.cried[0].letter("Letter").subject
    await home.collector.stop()
