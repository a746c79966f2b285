"""When a group is committed: with everybody, unless that would be waited for in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast

import pytest

from mailer.edition.model import Variant
from mailer.flows.ports import Claim, Committed, Ledger, Run, RunState
from mailer.flows.sending.bookkeeper import Bookkeeper
from mailer.flows.sending.meter import Meter
from tests.fakes.clock import SATURDAY, FakeClock

FLUSH = 30.0
"""Seconds: longer than any test may really wait."""

RUN = Run(
    id=1,
    name="weekly-42-1",
    edition="weekly/42",
    title="The Weekly",
    publication="weekly",
    sha256="",
    state=RunState.SENDING,
    started=SATURDAY,
)


class _Time:
    """The clock of the loop, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class _SlowLedger:
    """Every mark holds, after ``FLUSH``; ``groups`` are the marks of each commit."""

    def __init__(self, time: _Time) -> None:
        self.groups: list[list[str]] = []
        self._time = time

    async def commit(self, *_: object, marks: Sequence[Claim], **__: object) -> object:
        self.groups.append([claim.name for claim in marks])
        self._time.seconds += FLUSH
        return Committed(held=[True] * len(marks), state=RunState.SENDING)


class _Connection:
    """Asks when it is told to."""

    def __init__(self, name: str, books: Bookkeeper) -> None:
        self.marked_at: float | None = None
        self._books = books
        self._claim = Claim(
            run=RUN.id,
            subscriber=1,
            fence=1,
            variant=Variant.FREE,
            email="r@lecteurs.example",
            name=name,
            attempts=0,
        )

    def ask(self) -> None:
        self._books.ask(self._claim, self)

    def prepare(self) -> None: ...

    def marked(self, held: bool) -> None:
        assert held


class Scene:
    """Two connections, *a* and *b*, whose first marks have been made together."""

    def __init__(self, time: _Time) -> None:
        self._time = time
        self._ledger = _SlowLedger(time)
        self.books = Bookkeeper(
            RUN,
            cast("Ledger", self._ledger),
            FakeClock(),
            meter=Meter(),
            patience=timedelta(0),
            halt=lambda _: None,
        )
        self.a, self.b = (_Connection(name, self.books) for name in "ab")
        self.books.busy = 2

    async def groups(self) -> list[list[str]]:
        """Those whose marks were committed since the last question."""
        for _ in range(10):
            await asyncio.sleep(0)
        found = list(self._ledger.groups)
        self._ledger.groups.clear()
        return found

    def goes_by(self, seconds: float) -> None:
        self._time.seconds += seconds


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    time = _Time()
    with monkeypatch.context() as moved:
        moved.setattr(asyncio.get_running_loop(), "time", time)
        scene = Scene(time)
        keeping = asyncio.create_task(scene.books.keep())
        scene.a.ask()
        scene.b.ask()
        assert await scene.groups() == [["a", "b"]]
        yield scene
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_who_is_soon_back_is_waited_for(scene: Scene) -> None:
    """A slow disk and a relay that is near: one flush for both, not one for each."""
    scene.goes_by(1)
    scene.a.ask()
    assert await scene.groups() == []
    scene.b.ask()
    assert await scene.groups() == [["a", "b"]]


async def test_nobody_is_waited_for_longer_than_a_commit_takes(scene: Scene) -> None:
    """One connection that is held up does not hold up the others."""
    scene.a.ask()
    assert await scene.groups() == []
    scene.goes_by(FLUSH - 1)
    assert await scene.groups() == []
    scene.goes_by(1)
    assert await scene.groups() == [["a"]]


@pytest.mark.parametrize("away", [3.1 * FLUSH, 100 * FLUSH])
async def test_a_relay_that_is_far_is_not_waited_for(scene: Scene, away: float) -> None:
    """Whoever is on a way that is long beside a commit would not be back in time."""
    scene.goes_by(away)
    scene.a.ask()
    assert await scene.groups() == [["a"]]
    scene.b.ask()
    assert await scene.groups() == [["b"]]


async def test_who_is_new_says_nothing_about_the_way(scene: Scene) -> None:
    """How far it is, only those know who have been there."""
    new = _Connection("c", scene.books)
    scene.goes_by(100 * FLUSH)
    new.ask()
    assert await scene.groups() == []
    scene.a.ask()
    assert await scene.groups() == [["c", "a"]]


async def test_the_last_one_back_says_how_far_it_is(scene: Scene) -> None:
    """A relay that was slow for once is waited for again as soon as it is quick."""
    scene.goes_by(100 * FLUSH)
    scene.a.ask()
    assert await scene.groups() == [["a"]]
    scene.goes_by(1)
    scene.a.ask()
    assert await scene.groups() == []
    scene.b.ask()
    assert await scene.groups() == [["a", "b"]]
