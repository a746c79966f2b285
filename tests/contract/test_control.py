"""The Control port: what an operator does to the ledger, and asks of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailer.delivery.ledger import State
from mailer.flows.control import Search
from mailer.flows.ports import Run, RunState
from mailer.store.schema import frozen
from tests.contract.house import NOW, House, settlement

LATER = NOW + timedelta(hours=1)
A, B, C, D = "a@orange.fr", "b@free.fr", "c@Orange.fr", "d@nOTorange.fr"


async def settle(house: House, run: Run, **ends: State) -> None:
    """Bring the deliveries of a, b, c … to their ends, a minute apart."""
    claims = await house.claim(run)
    for n, claim in enumerate(claims):
        state = ends.get(claim.email[0])
        if state is None:
            continue
        now = NOW + timedelta(minutes=n)
        await house.ledger.hand_over(claim, now=now)
        later = LATER if state is State.DUE else None
        written = settlement(claim, state, next_attempt=later)
        await house.ledger.settle(written, now=now)
    await house.ledger.release([c for c in claims if c.email[0] not in ends])


async def found(house: House, **wanted: object) -> list[str]:
    """Whose lines are found, and whether both ways of asking agree."""
    search = Search(**wanted)  # type: ignore[arg-type]  # as the command does
    paged = [line async for page in house.control.lines(search) for line in page]
    latest = await house.control.latest(search, limit=1000)
    assert sorted(map(repr, paged)) == sorted(map(repr, latest))
    return [line.entry.email for line in paged]


# -- looking ------------------------------------------------------------------


async def test_lines_are_found_by_what_is_known_of_them(house: House) -> None:
    """State, domain, relay, reader, hour and run, alone and together."""
    run = await house.open_run(A, B, C, D)
    await settle(house, run, a=State.ACCEPTED, b=State.REFUSED, c=State.DUE)
    other = await house.open_run(A, number=119)
    assert await found(house, run=run) == [A, B, C, D]
    assert await found(house, run=other) == [A, B, C, D]
    assert await found(house) == [A, B, C, D] * 2, "the newest run first"
    assert await found(house, run=run, states=frozenset({State.REFUSED})) == [B]
    assert await found(house, run=run, deferred=True) == [C]
    assert await found(
        house, run=run, deferred=True, states=frozenset({State.ACCEPTED})
    ) == [A, C]
    assert await found(house, run=run, states=frozenset({State.DUE})) == [C, D]
    assert await found(house, run=run, domain="orange.fr") == [A, C]
    assert await found(house, run=run, domain="_range.fr") == []
    assert await found(house, relay="principal") == [A, B, C]
    assert await found(house, relay="secours") == []
    assert await found(house, address="A@ORANGE.fr") == [A, A]
    since = NOW + timedelta(minutes=1)
    assert await found(house, run=run, since=since) == [B, C]
    assert await found(house, run=run, since=since, domain="free.fr") == [B]


async def test_a_line_says_what_the_ledger_knows(house: House) -> None:
    """Its run and edition, and the entry as it stands there."""
    run = await house.open_run(A)
    await settle(house, run, a=State.REFUSED)
    (line,) = await house.control.latest(Search(), limit=5)
    (entry,) = await house.ledger.entries(run)
    assert (line.run, line.edition) == (run.name, run.edition)
    assert replace(line.entry) == entry


async def test_the_latest_lines_end_with_the_newest(house: House) -> None:
    """As a log on paper does: the last one is at the bottom."""
    run = await house.open_run(A, B, C)
    await settle(house, run, a=State.ACCEPTED, b=State.ACCEPTED, c=State.ACCEPTED)
    latest = await house.control.latest(Search(run=run), limit=2)
    assert [line.entry.email for line in latest] == [B, C]


async def test_every_page_is_read_and_none_twice(house: House) -> None:
    """More lines than a page, one more, and just as many."""
    emails = [f"r{n:04}@x.example" for n in range(2000)]
    run = await house.open_run(*emails)
    pages = [page async for page in house.control.lines(Search(run=run))]
    assert [len(page) for page in pages] == [1000, 1000]
    assert [line.entry.email for page in pages for line in page] == emails
    await house.admit("last@x.example")
    other = await house.open_run("one@x.example", number=119)
    pages = [page async for page in house.control.lines(Search(run=other))]
    assert [len(page) for page in pages] == [1000, 1000, 2]


# -- who joined since ---------------------------------------------------------


async def test_a_further_run_has_the_frozen_bytes_and_other_readers(
    house: House,
) -> None:
    """One delivery per run and reader; what was frozen is kept once."""
    run = await house.open_run(A, B)
    await settle(house, run, a=State.ACCEPTED)
    await house.leave(B)
    await house.claim(run, now=LATER)  # b has left: withdrawn
    done = await house.ledger.mark_run(run, RunState.SENT, now=LATER)
    await house.admit(C)
    kept = await house.ledger.frozen(done)
    assert (await house.ledger.plan(kept)).audience == 1
    further = await house.ledger.open_run(kept, now=LATER, accepted=done.accepted)
    assert (further.name, further.sha256) == ("le-meridien-118-2", run.sha256)
    assert await found(house, run=further) == [C]
    assert await house.ledger.frozen(further) == kept
    rows = await house.store.read(lambda c: c.execute(frozen.select()).all())
    assert len(rows) == 1
