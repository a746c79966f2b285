"""The Arrivals port: kept once, settled once, and counted against whom they are about."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailer.audience.subscriber import Reason as Bar
from mailer.audience.subscriber import Suppression
from mailer.delivery.bounce.model import Kind, Reason
from mailer.delivery.ledger import State
from mailer.delivery.reply import Attempt, Fault, Outcome, Reply, Stage, Verdict
from mailer.flows.ports import Run, Settlement
from mailer.flows.returning.arrivals import (
    Arrival,
    Proof,
    Settling,
    Toll,
    Upshot,
    Wanted,
)
from mailer.phrases import say
from mailer.store.people.arrivals import SqlArrivals
from tests.contract.house import NOW, PAPER, House, settlement

A = "a@lecteurs.example"
B = "b@lecteurs.example"
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def arrivals(house: House) -> SqlArrivals:
    return SqlArrivals(house.store)


async def sent(house: House, *emails: str, number: int = 118) -> Run:
    """A run whose every message was taken."""
    run = await house.open_run(*emails, number=number)
    for claim in await house.claim(run):
        await house.hand_over(claim, now=NOW)
        await house.settle(settlement(claim, State.ACCEPTED), now=NOW)
    return run


async def number_of(house: House, email: str) -> int:
    person = await house.readers.find(email)
    assert person is not None
    return person.id


def bounce(
    run: Run, subscriber: int, *, digest: str = "d1", at: datetime = NOW
) -> Arrival:
    return Arrival(
        digest=digest,
        at=at,
        way="lmtp",
        kind=Kind.HARD,
        recipient=A,
        reason=Reason.UNKNOWN_USER,
        status="5.1.1",
        said="550 5.1.1 no such user",
        evidence=("Status: 5.1.1",),
        proof=Proof.RETURN_PATH,
        subscriber=subscriber,
        run=run.id,
        publication=run.publication,
        edition=run.edition,
        raw=b"Subject: x\r\n\r\n\xff",
    )


def end(
    arrival: Arrival,
    *,
    state: State | None = State.BOUNCED,
    suppression: Suppression | None = None,
) -> Settling:
    return Settling(
        arrival=arrival,
        upshot=Upshot.SUPPRESSED if suppression else Upshot.COUNTED,
        words=say("counted {count}", count=1),
        state=state,
        suppression=suppression,
    )


async def settle(arrivals: SqlArrivals, settling: Settling, *, now: datetime) -> bool:
    """Settle one, as a group of one."""
    (done,) = await arrivals.settle([settling], now=now)
    return done


async def test_the_same_mail_is_kept_once(
    house: House, other: House, arrivals: SqlArrivals
) -> None:
    """However often it comes, by whichever ways, to whichever process."""
    run = await sent(house, A)
    new = bounce(run, await number_of(house, A))
    second = SqlArrivals(other.store)
    kept = await asyncio.gather(*(x.keep([new, new]) for x in [arrivals, second] * 3))
    (one,) = [each for group in kept for each in group]
    assert one.id > 0
    assert await arrivals.open(limit=9) == [one]
    assert await arrivals.find(one.id) == replace(one, raw=new.raw)
    assert await arrivals.find(one.id + 1) is None
    assert await arrivals.keep([]) == []


async def test_settling_moves_the_delivery_once(
    house: House, arrivals: SqlArrivals
) -> None:
    """The second of two finds it done, and whoever asks sees why."""
    run = await sent(house, A, B)
    (kept,) = await arrivals.keep([bounce(run, await number_of(house, A))])
    assert await settle(arrivals, end(kept), now=LATER)
    assert not await settle(arrivals, end(kept), now=LATER)
    assert await house.states(run) == {A: State.BOUNCED, B: State.ACCEPTED}
    assert await arrivals.open(limit=9) == []
    (found,) = await arrivals.latest(Wanted(), limit=9)
    assert (found.upshot, found.words) == (Upshot.COUNTED, "counted 1")
    (entry,) = await house.ledger.entries(run, states=[State.BOUNCED])
    assert entry.reason == "550 5.1.1 no such user"
    assert entry.updated == LATER


async def test_a_report_ends_a_doubt(house: House, arrivals: SqlArrivals) -> None:
    """What comes back had been taken; a notice of delay says no more than that."""
    run = await house.open_run(A, B)
    for claim in await house.claim(run):
        await house.hand_over(claim, now=NOW)
        await house.settle(settlement(claim, State.IN_DOUBT), now=NOW)
    states = {A: State.BOUNCED, B: State.ACCEPTED}
    for n, (email, state) in enumerate(states.items()):
        arrival = bounce(run, await number_of(house, email), digest=f"d{n}")
        (kept,) = await arrivals.keep([arrival])
        assert await settle(arrivals, end(kept, state=state), now=LATER)
    assert await house.states(run) == states


@pytest.mark.parametrize("state", [State.DUE, State.REFUSED, State.BOUNCED])
async def test_a_report_moves_nothing_that_it_does_not_fit(
    house: House, arrivals: SqlArrivals, state: State
) -> None:
    """Who was not sent anything cannot have bounced; who bounced does not complain."""
    run = await house.open_run(A)
    (claim,) = await house.claim(run)
    if state is State.DUE:
        await house.ledger.release([claim])
    else:
        await house.hand_over(claim, now=NOW)
        first = State.REFUSED if state is State.REFUSED else State.ACCEPTED
        await house.settle(settlement(claim, first), now=NOW)
    number = await number_of(house, A)
    for n, after in enumerate((State.BOUNCED, State.COMPLAINED)):
        (kept,) = await arrivals.keep([bounce(run, number, digest=f"d{n}")])
        assert await settle(arrivals, end(kept, state=after), now=LATER)
    assert await house.states(run) == {A: state}


async def test_who_is_suppressed_is_withdrawn_from_what_is_under_way(
    house: House, arrivals: SqlArrivals
) -> None:
    """Settling and suppression are one: nobody is written to in between."""
    run = await sent(house, A, number=118)
    following = await house.open_run(A, B, number=119)
    (kept,) = await arrivals.keep([bounce(run, await number_of(house, A))])
    barred = Suppression(email=A, reason=Bar.BOUNCED, at=LATER, note="5.1.1")
    assert await settle(arrivals, end(kept, suppression=barred), now=LATER)
    assert await house.states(following) == {A: State.WITHDRAWN, B: State.DUE}
    assert await house.readers.suppressions() == [barred]
    (again,) = await arrivals.keep([replace(kept, digest="d2")])
    assert await settle(arrivals, end(again, suppression=barred), now=LATER)
    assert await house.readers.suppressions() == [barred]


async def test_what_counts_is_what_is_proved_since_they_joined(
    house: House, arrivals: SqlArrivals
) -> None:
    """Unproved reports, notices of delay and other publications weigh nothing."""
    run = await sent(house, A)
    number = await number_of(house, A)
    counts = bounce(run, number)
    await arrivals.keep(
        [
            counts,
            replace(counts, digest="d2", proof=Proof.NONE),
            replace(counts, digest="d3", kind=Kind.DELAYED),
            replace(counts, digest="d4", publication="le-bruit"),
            replace(counts, digest="d5", at=NOW - timedelta(seconds=1)),
            replace(counts, digest="d6", subscriber=number + 1),
            replace(counts, digest="d7", at=LATER, reason="of-a-later-mailer"),
        ]
    )
    found = await arrivals.incidents(number, PAPER.id)
    assert [(i.kind, i.reason, i.at) for i in found] == [
        (Kind.HARD, Reason.UNKNOWN_USER, NOW),
        (Kind.HARD, Reason.NONE, LATER),
    ]
    assert {i.edition for i in found} == {run.edition}


async def test_copies_are_found_by_reader_and_by_address(
    house: House, arrivals: SqlArrivals
) -> None:
    """Oldest or newest first, as each asks."""
    first = await sent(house, A, B, number=118)
    second = await house.open_run(number=119)
    number = await number_of(house, A)
    newest = await arrivals.copies(A.upper(), limit=9)
    assert [copy.run for copy in newest] == [second.id, first.id]
    assert [c.run for c in await arrivals.copies(A, limit=1)] == [second.id]
    assert [c.run for c in await arrivals.copies_to(number, PAPER.id)] == [
        first.id,
        second.id,
    ]
    assert await arrivals.copies_to(number, "le-bruit") == []
    copy = await arrivals.copy(first.id, number)
    assert copy == newest[1]
    assert copy is not None
    assert (copy.edition, copy.email, copy.state) == (first.edition, A, State.ACCEPTED)
    assert await arrivals.copy(first.id, 999_999) is None


async def test_refusals_come_in_pages(house: House, arrivals: SqlArrivals) -> None:
    """What a relay refused at once, with its words, until it is an arrival."""
    run = await house.open_run(A, B)
    for claim in await house.claim(run):
        await house.hand_over(claim, now=NOW)
        refused = Settlement(
            claim=claim,
            state=State.REFUSED,
            attempt=Attempt(
                relay="principal",
                stage=Stage.RCPT,
                reply=Reply(550, "no such user", "5.1.1"),
            ),
            verdict=Verdict(
                outcome=Outcome.REFUSED, fault=Fault.RECIPIENT, reason=say("no")
            ),
        )
        await house.settle(refused, now=NOW)
    (one,) = await arrivals.refusals(run.id, after=0, limit=1)
    (two,) = await arrivals.refusals(run.id, after=one.copy.subscriber, limit=9)
    assert (one.copy.email, two.copy.email) == (A, B)
    assert (one.status, one.said, one.at) == ("5.1.1", "550 5.1.1 no such user", NOW)
    known = bounce(run, one.copy.subscriber)
    await arrivals.keep([replace(known, way="relay", proof=Proof.LEDGER)])
    assert await arrivals.refusals(run.id, after=0, limit=9) == [two]


async def test_the_toll_of_the_newest_edition(
    house: House, arrivals: SqlArrivals
) -> None:
    """What came back, beside what was taken; the sender's own fault apart."""
    await sent(house, A, number=117)
    run = await sent(house, A, B, number=118)
    counts = bounce(run, await number_of(house, A))
    ours = next(reason for reason in Reason if reason.is_ours)
    await arrivals.keep(
        [
            counts,
            replace(counts, digest="d2", kind=Kind.SOFT, reason=Reason.MAILBOX_FULL),
            replace(counts, digest="d3", kind=Kind.SOFT, reason=ours),
            replace(counts, digest="d4", kind=Kind.COMPLAINT, reason=Reason.COMPLAINT),
            replace(counts, digest="d5", edition=f"{PAPER.id}/117"),
        ]
    )
    assert await arrivals.tolls(since=NOW - timedelta(days=1)) == [
        Toll(
            publication=PAPER.id,
            edition=run.edition,
            accepted=2,
            hard=1,
            soft=1,
            complaints=1,
            ours=1,
        )
    ]
    assert await arrivals.tolls(since=LATER) == []


async def test_arrivals_are_found_by_what_is_known_of_them(
    house: House, arrivals: SqlArrivals
) -> None:
    """Kind, upshot, publication, address, domain, age."""
    run = await sent(house, A)
    first = bounce(run, await number_of(house, A))
    stranger = replace(
        first,
        digest="d2",
        kind=Kind.SOFT,
        recipient="x@100%.example",
        subscriber=None,
        publication="",
        at=LATER,
    )
    one, two = await arrivals.keep([first, stranger])
    await settle(arrivals, end(one), now=LATER)

    async def ids(wanted: Wanted) -> list[int]:
        return [each.id for each in await arrivals.latest(wanted, limit=9)]

    assert await ids(Wanted()) == [two.id, one.id]
    assert await ids(Wanted(kinds=frozenset({Kind.SOFT}))) == [two.id]
    assert await ids(Wanted(upshots=frozenset({Upshot.COUNTED}))) == [one.id]
    assert await ids(Wanted(publication=PAPER.id)) == [one.id]
    assert await ids(Wanted(address=A)) == [one.id]
    assert await ids(Wanted(domain="100%.example")) == [two.id]
    assert await ids(Wanted(domain="0_%.example")) == []
    assert await ids(Wanted(since=LATER)) == [two.id]


async def test_raw_mail_is_forgotten_and_then_the_rest(
    house: House, arrivals: SqlArrivals
) -> None:
    """What was settled, when its time is over; what is open stays."""
    run = await sent(house, A)
    number = await number_of(house, A)
    one, two = await arrivals.keep(
        [bounce(run, number), bounce(run, number, digest="d2")]
    )
    await settle(arrivals, end(one), now=NOW)
    day = timedelta(days=1)
    assert await arrivals.forget(mails=day, arrivals=9 * day, now=NOW + day) == (0, 0)
    assert await arrivals.forget(mails=day, arrivals=9 * day, now=NOW + 2 * day) == (
        1,
        0,
    )
    blank, kept = await arrivals.find(one.id), await arrivals.find(two.id)
    assert blank is not None
    assert blank.raw is None
    assert kept is not None
    assert kept.raw is not None
    assert await arrivals.forget(mails=None, arrivals=None, now=NOW + 99 * day) == (
        0,
        0,
    )
    assert await arrivals.forget(mails=day, arrivals=9 * day, now=NOW + 10 * day) == (
        0,
        1,
    )
    assert await arrivals.find(one.id) is None
    assert await arrivals.find(two.id) is not None
