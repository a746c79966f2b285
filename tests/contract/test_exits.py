"""The Exits port: who leaves is not written to again, and may come back for a while."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from mailer.audience.subscriber import Action, How, Standing, Subscriber
from mailer.delivery.ledger import State
from mailer.flows.readers.leaving import Exit, Farewell
from mailer.store.people.exits import SqlExits
from mailer.store.schema import consent
from tests.contract.house import NOW, PAPER, House, settlement

LATER = NOW + timedelta(days=1)
LATEST = NOW + timedelta(days=2)


async def person(house: House, email: str) -> Subscriber:
    found = await house.readers.find(email)
    assert found is not None
    return found


async def leave(
    house: House, *emails: str, publication: str | None = PAPER.id, now=LATER
) -> list[Farewell | None]:
    exits = [
        Exit(
            subscriber=(await person(house, email)).id,
            publication=publication,
            how=How.ONE_CLICK,
        )
        for email in emails
    ]
    return await SqlExits(house.store).end(exits, now=now)


async def test_many_leave_at_once_and_the_log_says_how(house: House) -> None:
    """Each is answered in their order; the log has the way and the hour."""
    await house.admit("a@x.example", "b@x.example", "c@x.example")
    await house.admit("a@x.example", publication="le-bruit")
    farewells = await leave(house, "b@x.example", "a@x.example")
    assert [f and (f.ended, f.active, f.since) for f in farewells] == [
        ((PAPER.id,), 1, LATER)
    ] * 2
    a = await person(house, "a@x.example")
    assert [s.standing for s in a.subscriptions] == [Standing.ACTIVE, Standing.LEFT]
    last = a.consents[-1]
    assert (last.action, last.publication, last.source, last.at) == (
        Action.LEFT,
        PAPER.id,
        "one-click",
        LATER,
    )
    c = await person(house, "c@x.example")
    assert c.subscriptions[0].standing is Standing.ACTIVE


async def test_leaving_twice_is_leaving_once(house: House) -> None:
    """In one group or later: nothing ends again, the hour stays, the log has one line."""
    await house.admit("a@x.example")
    twice = await leave(house, "a@x.example", "a@x.example")
    again = await leave(house, "a@x.example", now=LATEST)
    assert [f and (f.ended, f.since) for f in (*twice, *again)] == [
        ((PAPER.id,), LATER),
        ((), LATER),
        ((), LATER),
    ]
    left = select(func.count()).where(consent.c.action == Action.LEFT)
    assert await house.store.read(lambda c: c.execute(left).scalar_one()) == 1


async def test_leaving_everything_ends_every_publication(house: House) -> None:
    """Without a publication named, all of them."""
    await house.admit("a@x.example")
    await house.admit("a@x.example", publication="le-bruit")
    (farewell,) = await leave(house, "a@x.example", publication=None)
    assert farewell is not None
    assert set(farewell.ended) == {PAPER.id, "le-bruit"}


async def test_who_takes_nothing_of_it_gets_no_answer(house: House) -> None:
    """Neither a stranger's number nor another publication is an error."""
    await house.admit("a@x.example")
    unknown = Exit(subscriber=4711, publication=PAPER.id, how=How.PAGE)
    assert await SqlExits(house.store).end([unknown], now=LATER) == [None]
    assert await leave(house, "a@x.example", publication="le-bruit") == [None]


async def test_what_was_not_handed_over_is_withdrawn(house: House) -> None:
    """Due and claimed deliveries go, what is on the wire and what arrived stay."""
    names = ("due", "claimed", "on-the-wire", "had-it", "stays")
    emails = [f"{name}@x.example" for name in names]
    run = await house.open_run(*emails)
    claims = {claim.email: claim for claim in await house.claim(run)}
    await house.ledger.release([claims["due@x.example"]])
    for email in ("on-the-wire@x.example", "had-it@x.example"):
        assert await house.hand_over(claims[email], now=NOW)
    await house.settle(settlement(claims["had-it@x.example"], State.ACCEPTED), now=NOW)
    await leave(house, *emails[:-1])
    assert await house.states(run) == {
        "due@x.example": State.WITHDRAWN,
        "claimed@x.example": State.WITHDRAWN,
        "on-the-wire@x.example": State.HANDING_OVER,
        "had-it@x.example": State.ACCEPTED,
        "stays@x.example": State.CLAIMED,
    }
    assert not await house.hand_over(claims["claimed@x.example"], now=LATER)


async def test_other_publications_go_on(house: House) -> None:
    """A run of another publication is not touched."""
    run = await house.open_run("a@x.example")
    await house.admit("a@x.example", publication="le-bruit")
    await leave(house, "a@x.example", publication="le-bruit")
    assert set((await house.states(run)).values()) == {State.DUE}


async def test_senders_and_leavers_never_wait_in_a_circle(
    house: House, other: House
) -> None:
    """While another process marks and settles in groups, everybody who leaves is out."""
    emails = [f"r{n:03}@x.example" for n in range(120)]
    run = await house.open_run(*emails)
    everybody = await house.readers.list_subscribers()
    exits = [
        Exit(subscriber=each.id, publication=PAPER.id, how=How.ONE_CLICK)
        for each in everybody
    ]

    async def send() -> None:
        while claims := await other.claim(run, limit=40):
            for part in (claims[:20][::-1], claims[20:][::-1]):
                committed = await other.ledger.commit(run, marks=part, now=NOW)
                went = [
                    settlement(claim, State.ACCEPTED)
                    for claim, held in zip(part, committed.held, strict=True)
                    if held
                ]
                await other.ledger.commit(run, settlements=went, now=NOW)

    async def let_out() -> None:
        for at in range(0, len(exits), 30):
            await SqlExits(house.store).end(exits[at : at + 30], now=LATER)

    await asyncio.gather(send(), let_out())
    assert set((await house.states(run)).values()) <= {State.ACCEPTED, State.WITHDRAWN}
    people = await house.readers.list_subscribers(standing=Standing.LEFT)
    assert len(people) == len(emails)


async def test_an_exit_can_be_taken_back(house: House) -> None:
    """Its hour names it; the log says so; asked twice it is done once."""
    await house.admit("a@x.example")
    exits = SqlExits(house.store)
    await leave(house, "a@x.example")
    before = await person(house, "a@x.example")
    assert await exits.rejoin(before.id, PAPER.id, left=LATER, now=LATEST)
    assert await exits.rejoin(before.id, PAPER.id, left=LATER, now=LATEST)
    after = await person(house, "a@x.example")
    assert (after.subscriptions[0].standing, after.subscriptions[0].since) == (
        Standing.ACTIVE,
        LATEST,
    )
    assert [c.action for c in after.consents] == [
        Action.JOINED,
        Action.LEFT,
        Action.REJOINED,
    ]


async def test_a_later_exit_is_not_undone_by_an_older_word(house: House) -> None:
    """Who left again since, was suppressed or never came stays away."""
    await house.admit("a@x.example", "b@x.example")
    exits = SqlExits(house.store)
    a, b = await person(house, "a@x.example"), await person(house, "b@x.example")
    await leave(house, "a@x.example", "b@x.example")
    await exits.rejoin(a.id, PAPER.id, left=LATER, now=LATER)
    await leave(house, "a@x.example", now=LATEST)
    await house.suppress("b@x.example")
    assert not await exits.rejoin(a.id, PAPER.id, left=LATER, now=LATEST)
    assert not await exits.rejoin(b.id, PAPER.id, left=LATER, now=LATEST)
    assert not await exits.rejoin(4711, PAPER.id, left=LATER, now=LATEST)
    for email in ("a@x.example", "b@x.example"):
        left = await person(house, email)
        assert left.subscriptions[0].standing is Standing.LEFT
