"""What is kept too long goes away; who must not be written to is never forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer.audience.subscriber import Standing
from mailer.delivery.ledger import State
from mailer.flows.ports import Admission, RunState
from mailer.flows.readers.retention import Purged, Terms
from mailer.phrases import NOTHING
from mailer.store.people.retention import SqlRetention
from mailer.store.schema import consent, delivery, subscriber, subscription
from tests.contract.house import NOW, PAPER, House, settlement

DAY = timedelta(days=1)
TERMS = Terms(replies=90 * DAY, unconfirmed=30 * DAY)
EVER = Terms(replies=None, unconfirmed=None)


async def spoken(house: House) -> list[str]:
    rows = select(delivery.c.reply).order_by(delivery.c.subscriber_id)
    return list(await house.store.read(lambda c: c.execute(rows).scalars().all()))


async def send(house: House, *emails: str, ended: datetime | None = NOW) -> None:
    """A run to *emails*, each accepted with the relay's words; ended, or not."""
    run = await house.open_run(*emails)
    for claim in await house.claim(run):
        await house.hand_over(claim, now=NOW)
        await house.settle(settlement(claim, State.ACCEPTED), now=NOW)
    if ended is not None:
        await house.ledger.mark_run(run, RunState.SENT, now=ended, reason=NOTHING)


async def test_what_relays_said_goes_when_its_time_is_over(house: House) -> None:
    """Counted from the end of the run; outcomes and codes stay as they are."""
    await send(house, "a@x.example", "b@x.example")
    retention = SqlRetention(house.store)
    assert all(await spoken(house)), "the relay said something"
    early = NOW + 89 * DAY
    assert await retention.due(TERMS, early) == Purged()
    assert await retention.purge(TERMS, early) == Purged()
    late = NOW + 91 * DAY
    assert await retention.due(TERMS, late) == Purged(replies=2)
    assert all(await spoken(house)), "to count is not to take away"
    assert await retention.purge(TERMS, late) == Purged(replies=2)
    assert await spoken(house) == ["", ""]
    ((run),) = await house.ledger.runs()
    assert await house.states(run) == dict.fromkeys(
        ("a@x.example", "b@x.example"), State.ACCEPTED
    )
    assert await retention.purge(TERMS, late) == Purged()


@pytest.mark.parametrize("terms", [TERMS, EVER])
async def test_a_run_that_goes_on_keeps_its_words(house: House, terms: Terms) -> None:
    """However long it takes; and for ever, where that is said."""
    await send(house, "a@x.example", ended=None if terms is TERMS else NOW)
    retention = SqlRetention(house.store)
    assert await retention.purge(terms, NOW + 900 * DAY) == Purged()
    assert all(await spoken(house))


async def test_who_never_confirmed_is_forgotten(house: House) -> None:
    """The subscription, its consent, and the person if there is nothing else of them."""
    await house.admit("never@x.example", "reader@x.example", "both@x.example")
    await house.admit("both@x.example", publication="other")
    ours = subscription.c.publication == PAPER.id
    asked = select(subscriber.c.id).where(
        subscriber.c.email_key.in_(("never@x.example", "both@x.example"))
    )
    await house.store.write(
        lambda c: c.execute(
            update(subscription)
            .where(ours, subscription.c.subscriber_id.in_(asked))
            .values(standing=Standing.PENDING)
        )
    )
    retention = SqlRetention(house.store)
    assert await retention.purge(TERMS, NOW + 29 * DAY) == Purged()
    late = NOW + 31 * DAY
    assert await retention.due(TERMS, late) == Purged(unconfirmed=2)
    assert await retention.purge(EVER, late) == Purged()
    assert await retention.purge(TERMS, late) == Purged(unconfirmed=2)
    assert await house.readers.find("never@x.example") is None
    both = await house.readers.find("both@x.example")
    assert both is not None
    assert [s.publication for s in both.subscriptions] == ["other"]
    assert [c.publication for c in both.consents] == ["other"]
    reader = await house.readers.find("reader@x.example")
    assert reader is not None
    assert len(reader.subscriptions) == len(reader.consents) == 1
    left = await house.store.read(lambda c: c.execute(select(consent)).all())
    assert len(left) == 2


async def test_a_suppression_outlives_everything(house: House) -> None:
    """Whoever must not be written to is remembered when all else is gone."""
    await house.admit("never@x.example")
    await house.store.write(
        lambda c: c.execute(update(subscription).values(standing=Standing.PENDING))
    )
    await house.suppress("never@x.example")
    retention = SqlRetention(house.store)
    await retention.purge(TERMS, NOW + 4000 * DAY)
    assert [s.email for s in await house.readers.suppressions()] == ["never@x.example"]
    assert [str(a) for a in await house.admit("never@x.example")] == ["suppressed"]


async def test_who_left_long_ago_is_erased(house: House) -> None:
    """Counted from the last publication left; who reads anything stays, and the hash."""
    house.store._fingerprint = lambda key: key[::-1]
    for publication in (PAPER.id, "le-bruit"):
        await house.admit("a@x.example", "b@x.example", publication=publication)
    await house.leave("a@x.example")
    await house.leave("b@x.example")
    leave = house.readers.leave
    later = NOW + 5 * DAY
    await leave("a@x.example", publication="le-bruit", now=later)
    retention = SqlRetention(house.store)
    terms = Terms(replies=None, unconfirmed=None, left=100 * DAY)
    early, late = later + 100 * DAY, later + 101 * DAY
    assert await retention.purge(terms, early) == Purged()
    assert await retention.due(terms, late) == Purged(left=1)
    assert await retention.purge(terms, late) == Purged(left=1)
    assert await retention.purge(terms, late) == Purged()
    assert [p.email for p in await house.readers.list_subscribers()] == ["b@x.example"]
    assert await house.admit("a@x.example") == [Admission.SUPPRESSED]
