"""A part of ``make chaos`` in every ``make test``: each named point, and some at random."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.chaos import death
from tests.chaos.cases import ANY_MOMENT, EACH_IN_TURN, Case
from tests.chaos.stage import Stage
from tests.contract.postgres import Postgres, postgres_server

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.postgres]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server whose databases are copied for each scene."""
    with postgres_server() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(postgres: Postgres) -> AsyncIterator[Stage]:
    """Readers and their edition, made once."""
    async with Stage(postgres=postgres, readers=40) as stage:
        yield stage


CASES = [
    *(Case(kind=EACH_IN_TURN, seed=seed) for seed in range(2)),
    *(Case(kind=ANY_MOMENT, seed=seed) for seed in range(6)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.command.partition(" --")[2])
async def test_nobody_is_lost_and_nobody_written_to_twice(
    stage: Stage, case: Case
) -> None:
    """Whatever dies, and when: the copies, the ledger and the balance sheet agree."""
    verdict = await case.play(stage)
    assert verdict.broken == [], case.command


async def test_the_suite_sees_a_ledger_that_lies(stage: Stage) -> None:
    """A sender that marks nothing before the body doubles mail, and is found out."""
    async with stage.scene(connections=1) as scene:
        sender = scene.resume(forgetful=True)
        scene.relay.trap(sender.kill, **death.ON_THE_WIRE["after the dot, taken"])
        await scene.ended(sender)
        await scene.finish()
        verdict = await scene.verdict()
    assert verdict.counts["doubled"] == 1
    assert any("doubled" in line for line in verdict.broken)
