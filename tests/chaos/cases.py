"""Every scene there is: its family, its name, its seed, and how to play it alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.chaos import (
    audience,
    clicks,
    clocks,
    daemons,
    death,
    failover,
    moods,
    several,
    storage,
)
from tests.chaos.judge import Verdict
from tests.chaos.stage import Stage
from tests.chaos.victim import POINTS

Play = Callable[[Stage, str, Random], Awaitable[Verdict]]
BOTH = ("sqlite", "postgres")
SQLITE, POSTGRES = BOTH[:1], BOTH[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Scenes of one kind: one for each of *seeds*, on *backends* in turn."""

    family: str
    name: str
    how: Play
    seeds: int = 2
    backends: tuple[str, ...] = BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One scene. The same seed draws the same lots again."""

    kind: Programme
    seed: int

    @property
    def backend(self) -> str:
        """The database it is played on."""
        return self.kind.backends[self.seed % len(self.kind.backends)]

    @property
    def command(self) -> str:
        """What plays this one alone."""
        return f"python -m tests.chaos --scene '{self.kind.name}' --seed {self.seed}"

    async def play(self, stage: Stage) -> Verdict:
        """Play it and be judged."""
        lots = Random(f"{self.kind.name} {self.seed}")  # noqa: S311 - drawn again at will
        return await self.kind.how(stage, self.backend, lots)


def _storage(name: str, how: Play, seeds: int = 4) -> Programme:
    """A scene about SQLite's files."""
    return Programme(family="storage", name=name, how=how, seeds=seeds, backends=SQLITE)


ANY_MOMENT = Programme(
    family="any moment", name="kill -9", how=death.at_any_moment, seeds=200
)
EACH_IN_TURN = Programme(
    family="named point", name="each in turn", how=death.at_every_point
)
PROGRAMMES = (
    *(
        Programme(family="named point", name=point, how=partial(death.at_point, point))
        for point in (*POINTS, *death.ON_THE_WIRE)
    ),
    EACH_IN_TURN,
    ANY_MOMENT,
    _storage("locked", storage.locked),
    _storage("full disk", storage.full, seeds=6),
    _storage("read-only", storage.read_only, seeds=1),
    _storage("damaged page", storage.damaged, seeds=3),
    _storage("power lost", storage.power_lost, seeds=12),
    Programme(
        family="storage",
        name="PostgreSQL restarted",
        how=storage.restarted,
        seeds=6,
        backends=POSTGRES,
    ),
    Programme(family="time", name="clock jumps", how=clocks.jumps, seeds=10),
    Programme(family="time", name="suspended", how=clocks.suspended, seeds=4),
    Programme(family="several senders", name="at once", how=several.two, seeds=4),
    Programme(family="several senders", name="an heir", how=several.heir, seeds=4),
    Programme(family="several senders", name="fenced", how=several.fenced, seeds=10),
    Programme(family="daemon", name="killed", how=daemons.together, seeds=20),
    Programme(family="daemon", name="stopped", how=daemons.stopped, seeds=6),
    Programme(family="audience", name="readers leave", how=audience.leaving, seeds=6),
    Programme(family="audience", name="one clicks", how=clicks.clicks, seeds=6),
    Programme(family="audience", name="edited", how=audience.edited, seeds=2),
    Programme(family="relay", name="bad moods", how=moods.moody, seeds=40),
    Programme(family="relay", name="dead a while", how=moods.dead_for_a_while, seeds=6),
    Programme(family="relay", name="failover", how=failover.failover, seeds=30),
)
"""The order in which ``make chaos`` plays them."""


def cases(
    *, family: str | None = None, scene: str | None = None, seeds: range | None = None
) -> Iterator[Case]:
    """The scenes that are asked for; *seeds* takes the place of their own number."""
    for kind in PROGRAMMES:
        if family in {None, kind.family} and scene in {None, kind.name}:
            for seed in seeds or range(kind.seeds):
                yield Case(kind=kind, seed=seed)
