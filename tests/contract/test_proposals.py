"""A run that somebody is asked about: its rows stand before it does, and nobody sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mailer.delivery.canary import Canary
from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.control import Search
from mailer.store.schema import delivery, proposal
from tests.contract.house import NOW, PAPER, House, frozen_edition

MINUTE = timedelta(minutes=1)


async def _kept(house: House) -> tuple[int, int]:
    """How many deliveries and proposals there are, of whatever run."""
    counts = [select(func.count()).select_from(t) for t in (delivery, proposal)]
    rows, proposals = await house.store.read(lambda c: [c.scalar(n) for n in counts])
    return rows, proposals


async def test_a_yes_sends_to_those_who_were_counted(house: House) -> None:
    """Who joins while the question stands is not in; who leaves is not written to."""
    await house.admit("ada@x.example", "ben@x.example")
    async with house.proposals.proposed(frozen_edition(), now=NOW) as asked:
        assert asked.plan.recipients == {Variant.FREE: 2, Variant.MEMBER: 0}
        await house.admit("cleo@x.example")
        await house.leave("ben@x.example")
        run = await house.ledger.open_run(
            frozen_edition(), now=NOW + MINUTE, proposal=asked.id
        )
    assert run.id == asked.id
    (claim,) = await house.claim(run, now=NOW + MINUTE)
    assert claim.email == "ada@x.example"
    assert await house.states(run) == {
        "ada@x.example": State.CLAIMED,
        "ben@x.example": State.WITHDRAWN,
    }
    assert await _kept(house) == (2, 0)


async def test_a_no_leaves_nothing(house: House) -> None:
    """Until then nothing that looks at runs or lines has seen one."""
    await house.admit("ada@x.example")
    edition = frozen_edition()
    async with house.proposals.proposed(edition, now=NOW):
        assert await _kept(house) == (1, 1)
        assert await house.ledger.runs() == []
        assert await house.control.latest(Search(), limit=9) == []
        assert (await house.ledger.plan(edition, now=NOW)).audience == 1
    assert await _kept(house) == (0, 0)


async def test_a_run_that_was_opened_meanwhile_makes_it_stale(house: House) -> None:
    """Two are asked about one edition: the second yes reaches nobody again."""
    edition = frozen_edition()
    await house.admit("ada@x.example")
    async with (
        house.proposals.proposed(edition, now=NOW) as first,
        house.proposals.proposed(edition, now=NOW) as second,
    ):
        run = await house.ledger.open_run(edition, now=NOW, proposal=second.id)
        await house.ledger.cancel(run, now=NOW)
        await house.admit("ben@x.example")
        again = await house.ledger.open_run(edition, now=NOW, proposal=first.id)
    assert again.id not in {first.id, second.id}
    assert set(await house.states(again)) == {"ada@x.example", "ben@x.example"}
    assert await _kept(house) == (3, 0)


@pytest.mark.parametrize(
    ("number", "wait"),
    [(118, timedelta(minutes=16)), (119, MINUTE)],
    ids=["too long ago", "another edition"],
)
async def test_what_was_counted_for_something_else_is_counted_anew(
    house: House, number: int, wait: timedelta
) -> None:
    """Another edition, or an answer that took too long: the audience is that of now."""
    await house.admit("ada@x.example")
    async with house.proposals.proposed(frozen_edition(118), now=NOW) as asked:
        await house.admit("ben@x.example")
        run = await house.ledger.open_run(
            frozen_edition(number), now=NOW + wait, proposal=asked.id
        )
    assert len(await house.states(run)) == 2
    assert await _kept(house) == (2, 0)


async def test_what_a_crash_left_is_deleted_by_whoever_comes_next(house: House) -> None:
    """An hour later; its reader is in the next run as if nothing had been."""
    await house.admit("ada@x.example")
    crashed = house.proposals.proposed(frozen_edition(), now=NOW)
    await crashed.__aenter__()
    later = NOW + timedelta(hours=2)
    async with house.proposals.proposed(frozen_edition(119), now=later):
        assert await _kept(house) == (1, 1)


async def test_the_canary_of_a_proposal_goes_ahead(house: House) -> None:
    """However long the answer took, named readers are claimed before all others."""
    await house.admit("ada@x.example", "ben@x.example")
    later = NOW + 14 * MINUTE
    async with house.proposals.proposed(frozen_edition(), now=NOW) as asked:
        run = await house.ledger.open_run(
            frozen_edition(),
            now=later,
            canary=Canary(seeds=("ben@x.example",)),
            proposal=asked.id,
        )
    (claim,) = await house.claim(run, limit=1, now=later)
    assert (run.canary, claim.email) == (1, "ben@x.example")
    assert (await house.ledger.frozen(run)).publication == PAPER
