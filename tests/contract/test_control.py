"""The Control port: what an operator does to the ledger, and asks of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from mailer.delivery.canary import Canary
from mailer.delivery.ledger import State
from mailer.errors import GuardError
from mailer.flows.control import Doubt, Resolution, Search
from mailer.flows.ports import Run, RunState
from mailer.phrases import NOTHING, say
from mailer.store.ledger import steering
from mailer.store.schema import frozen
from tests.contract.house import NOW, House, frozen_edition, settlement

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
        await house.hand_over(claim, now=now)
        later = LATER if state is State.DUE else None
        written = settlement(claim, state, next_attempt=later)
        await house.settle(written, now=now)
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
    assert (await house.ledger.plan(kept, now=NOW)).audience == 1
    further = await house.ledger.open_run(kept, now=LATER, accepted=done.accepted)
    assert (further.name, further.sha256) == ("le-meridien-118-2", run.sha256)
    assert await found(house, run=further) == [C]
    assert await house.ledger.frozen(further) == kept
    rows = await house.store.read(lambda c: c.execute(frozen.select()).all())
    assert len(rows) == 1


# -- doubts -------------------------------------------------------------------


async def _doubtful(house: House) -> Run:
    """A finished run: a was accepted, b, c and d are in doubt."""
    run = await house.open_run(A, B, C, D)
    doubt = dict.fromkeys("bcd", State.IN_DOUBT)
    await settle(house, run, a=State.ACCEPTED, **doubt)
    return await house.ledger.mark_run(run, RunState.SENT, now=NOW)


def _ends(doubts: list[Doubt], *states: State) -> list[Resolution]:
    return [
        Resolution(doubt=doubt, state=state, words=say("because"))
        for doubt, state in zip(doubts, states, strict=True)
    ]


async def test_doubts_end_as_they_are_told_to(house: House) -> None:
    """Accepted, bounced, or due again: then the run waits for being resumed."""
    run = await _doubtful(house)
    doubts = await house.control.doubts(run)
    assert [each.email for each in doubts] == [B, C, D]
    assert {each.relay for each in doubts} == {"principal"}
    ends = _ends(doubts, State.ACCEPTED, State.BOUNCED, State.DUE)
    assert await house.control.resolve(run, ends, now=LATER) == 3
    assert await house.states(run) == {
        A: State.ACCEPTED,
        B: State.ACCEPTED,
        C: State.BOUNCED,
        D: State.DUE,
    }
    again = await house.ledger.find_run(run.name)
    assert again is not None
    assert (again.state, again.finished) == (RunState.PAUSED, None)
    assert again.reason == "1 delivery is due again at the operator's word"
    assert [claim.email for claim in await house.claim(run, now=LATER)] == [D]
    assert await house.control.doubts(run) == []


async def test_what_is_no_doubt_any_more_is_left_alone(house: House) -> None:
    """Somebody settled it meanwhile: the second word changes nothing."""
    run = await _doubtful(house)
    doubts = await house.control.doubts(run)
    accepted = _ends(doubts, *[State.ACCEPTED] * 3)
    due = _ends(doubts, *[State.DUE] * 3)
    assert await house.control.resolve(run, accepted, now=LATER) == 3
    assert await house.control.resolve(run, due, now=LATER) == 0
    assert set((await house.states(run)).values()) == {State.ACCEPTED}
    again = await house.ledger.find_run(run.name)
    assert again is not None
    assert again.state is RunState.SENT


async def test_nothing_of_a_cancelled_run_is_due_again(house: House) -> None:
    """All or none: what was to be accepted beside it stays in doubt too."""
    run = await _doubtful(house)
    run = await house.ledger.mark_run(run, RunState.CANCELLED, now=LATER)
    ends = _ends(
        await house.control.doubts(run), State.ACCEPTED, State.ACCEPTED, State.DUE
    )
    with pytest.raises(GuardError, match="was cancelled"):
        await house.control.resolve(run, ends, now=LATER)
    assert len(await house.control.doubts(run)) == 3
    with pytest.raises(ValueError, match="does not end as refused"):
        await house.control.resolve(
            run, _ends(await house.control.doubts(run), *[State.REFUSED] * 3), now=LATER
        )


# -- stopping by hand ---------------------------------------------------------


async def test_a_held_run_says_so_and_hands_nothing_over(house: House) -> None:
    """Whoever sends it: nothing is marked any more, until somebody goes on."""
    run = await house.open_run(A, B)
    held = await house.control.pause(run, reason=say("a typo"))
    assert (held.state, held.held, held.reason) == (RunState.PAUSED, True, "a typo")
    assert await house.ledger.find_run(run.name) == held
    again = await house.control.pause(run, reason=say("two typos"))
    assert again.reason == "two typos"
    done = await house.ledger.mark_run(run, RunState.PAUSED, now=LATER)
    assert done == again, "its sender, who stops for that, does not take it away"
    with pytest.raises(GuardError, match="is held"):
        await house.ledger.mark_run(run, RunState.SENDING, now=LATER)
    on = await house.ledger.mark_run(again, RunState.SENDING, now=LATER)
    assert (on.state, on.held, on.reason) == (RunState.SENDING, False, "")


async def test_a_cancelled_run_adds_up(house: House) -> None:
    """Who was not written to is withdrawn; who may have it stays where they are."""
    run = await house.open_run(A, B, C, D)
    await settle(house, run, a=State.ACCEPTED, b=State.DUE)
    claims = await house.claim(run)
    assert [claim.email for claim in claims] == [C, D]
    await house.hand_over(claims[0], now=LATER)
    reason = say("wrong edition")
    cancelled = await house.ledger.cancel(run, reason=reason, now=LATER)
    assert (cancelled.state, cancelled.finished) == (RunState.CANCELLED, LATER)
    assert await house.states(run) == {
        A: State.ACCEPTED,
        B: State.WITHDRAWN,
        C: State.HANDING_OVER,
        D: State.WITHDRAWN,
    }
    (line, _) = await house.ledger.entries(run, states=[State.WITHDRAWN])
    assert line.reason == "cancelled: wrong edition"
    assert await house.ledger.withdraw(run, now=LATER) == 0
    deferred = settlement(claims[0], State.DUE, next_attempt=LATER)
    await house.settle(deferred, now=LATER)
    assert await house.ledger.withdraw(run, now=LATER) == 1, "and waits for nothing"
    plan = await house.ledger.plan(frozen_edition(), now=NOW)
    assert plan.audience == 3, "a new run is for who has no copy"


async def test_what_is_finished_is_not_stopped(house: House) -> None:
    """A run that was sent is neither held nor cancelled; a cancelled one stays so."""
    run = await house.open_run(A)
    done = await house.ledger.mark_run(run, RunState.SENT, now=LATER)
    for stop in (
        house.control.pause(done, reason=say("late")),
        house.ledger.cancel(done, reason=say("late"), now=LATER),
    ):
        with pytest.raises(GuardError, match="is finished"):
            await stop
    other = await house.open_run(B, number=119)
    first = await house.ledger.cancel(other, reason=say("one"), now=NOW)
    with pytest.raises(GuardError, match="is finished"):
        await house.ledger.cancel(other, reason=say("two"), now=LATER)
    for state in (RunState.SENT, RunState.PAUSED):
        assert await house.ledger.mark_run(other, state, now=LATER) == first
    with pytest.raises(GuardError, match="was cancelled"):
        await house.ledger.mark_run(first, RunState.SENDING, now=LATER)
    with pytest.raises(GuardError, match="is finished"):
        await house.control.pause(other, reason=say("late"))


async def test_nothing_is_withdrawn_from_a_run_that_goes_on(house: House) -> None:
    """Only cancelling gives readers up."""
    run = await house.open_run(A, B)
    assert await house.ledger.withdraw(run, now=LATER) == 0
    assert set((await house.states(run)).values()) == {State.DUE}


async def test_a_great_run_is_withdrawn_in_parts(house: House) -> None:
    """Each part is short, so that nobody else waits long for the database."""
    emails = [f"r{n}@x.example" for n in range(25)]
    run = await house.open_run(*emails)
    await house.store.write(lambda c: steering.cancel(c, run, NOTHING, LATER))
    part = partial(steering.withdraw, which=run, now=LATER, limit=10)
    counts = [await house.store.write(part) for _ in range(4)]
    assert counts == [10, 10, 5, 0]
    (first, *_) = await house.ledger.entries(run)
    assert first.reason == "cancelled"


async def test_patience_begins_when_all_had_their_chance(house: House) -> None:
    """A run held overnight gives nobody up who was never written to."""
    run = await house.open_run(A, B)
    assert run.patient_from == NOW
    run = await house.ledger.mark_run(run, RunState.SENDING, now=LATER)
    assert run.patient_from == LATER
    await settle(house, run, a=State.REFUSED, b=State.DUE)
    much_later = LATER + timedelta(hours=9)
    run = await house.ledger.mark_run(run, RunState.PAUSED, now=much_later)
    run = await house.ledger.mark_run(run, RunState.SENDING, now=much_later)
    assert run.patient_from == LATER
    await house.ledger.reopen(run, states=[State.REFUSED], now=much_later)
    known = await house.ledger.find_run(run.name)
    assert known is not None
    assert known.patient_from == much_later, "tried again means waited for again"


# -- who goes ahead -----------------------------------------------------------


async def test_named_readers_are_claimed_first(house: House) -> None:
    """The canary's readers, whenever they joined; the run knows how many."""
    await house.admit(A, B, C, D)
    canary = Canary(seeds=("d@noTorange.fr", "B@free.fr", "nobody@x.example"))
    run = await house.ledger.open_run(frozen_edition(), now=NOW, canary=canary)
    assert run.canary == 2
    assert [claim.email for claim in await house.claim(run)] == [B, D, A, C]


async def test_a_share_goes_ahead_in_the_order_of_joining(house: House) -> None:
    """Rounded up."""
    await house.admit(A, B, C, D)
    canary = Canary(percent=30)
    run = await house.ledger.open_run(frozen_edition(), now=NOW, canary=canary)
    assert run.canary == 2
    found_again = await house.ledger.find_run(run.name)
    assert found_again == run


async def test_a_canary_of_strangers_opens_no_run(house: House) -> None:
    """Nobody would go ahead, and everybody at once."""
    await house.admit(A)
    canary = Canary(seeds=(B,))
    with pytest.raises(GuardError, match="nobody of the canary"):
        await house.ledger.open_run(frozen_edition(), now=NOW, canary=canary)
    assert await house.ledger.runs() == []
