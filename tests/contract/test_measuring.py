"""The Measures port: only of those who agree, and told in the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from mailer.audience.measuring import Kind, Trace
from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.readers.measuring import Measured, Opened, Reach
from mailer.flows.readers.retention import Purged, Terms
from mailer.store.people.measuring import SqlMeasures
from mailer.store.people.retention import SqlRetention
from mailer.store.schema import subscriber
from tests.contract.house import NOW, PAPER, House, settlement

A, B = "a@lecteurs.example", "b@lecteurs.example"
ED = "le-meridien/118"


@pytest.fixture
async def measures(house: House) -> SqlMeasures:
    await house.admit(A, B)
    await house.store.write(
        lambda c: c.execute(
            update(subscriber).where(subscriber.c.email == A).values(tracking=True)
        )
    )
    return SqlMeasures(house.store)


def trace(reader: int, **changed: object) -> Trace:
    made = Trace(
        kind=Kind.CLICK,
        subscriber=reader,
        publication=PAPER.id,
        edition=ED,
        target="https://port.example/é",
        at=NOW,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


async def test_only_those_who_agree_are_written_down(measures: SqlMeasures) -> None:
    """Asked at that moment; who is unknown agrees to nothing."""
    other = "https://quai.example/"
    traces = [
        trace(1),
        trace(1, at=NOW + timedelta(hours=1)),
        trace(1, automatic=True),
        trace(1, target=other, automatic=True),
        trace(1, kind=Kind.OPEN, target=""),
        trace(1, edition="le-meridien/119"),
        trace(2),
        trace(99),
    ]
    assert await measures.write(traces) == 6
    assert await measures.links(ED) == [
        Measured("https://port.example/é", 1, 2, 1),
        Measured(other, 0, 0, 1),
    ]
    assert await measures.opened(ED) == Opened(people=1, automatic=0)
    assert await measures.write([]) == 0


async def test_a_click_is_kept_for_its_time(
    measures: SqlMeasures, house: House
) -> None:
    """And counted by a dry run first."""
    await measures.write([trace(1), trace(1, at=NOW + timedelta(days=2))])
    retention = SqlRetention(house.store)
    terms = Terms(replies=None, unconfirmed=None, measured=timedelta(days=10))
    late = NOW + timedelta(days=11)
    assert await retention.due(terms, late) == Purged(measured=1)
    assert await retention.purge(terms, late) == Purged(measured=1)
    assert await retention.purge(terms, late) == Purged()
    assert [link.clicks for link in await measures.links(ED)] == [1]


async def test_the_reach_of_an_edition_is_what_was_accepted(
    measures: SqlMeasures, house: House
) -> None:
    """By variant, with those who had agreed when the run opened."""
    run = await house.open_run(A, B)
    claims = await house.claim(run)
    assert [claim.measured for claim in claims] == [True, False]
    assert await measures.reach(ED) == Reach(accepted={}, measured={})
    for claim in claims:
        await house.hand_over(claim, now=NOW)
        later = NOW + timedelta(seconds=claim.subscriber)
        await house.settle(settlement(claim, State.ACCEPTED), now=later)
    reach = await measures.reach(ED)
    assert reach.accepted == {Variant.FREE: 2}
    assert reach.measured == {Variant.FREE: 1}
    moments = await measures.accepted([(ED, 1), (ED, 2), (ED, 3)])
    assert moments == {(ED, n): NOW + timedelta(seconds=n) for n in (1, 2)}
