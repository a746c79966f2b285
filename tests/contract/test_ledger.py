"""The Ledger port: runs opened, deliveries claimed, handed over and settled."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from mailer.audience.subscriber import Standing, Tier
from mailer.delivery.ledger import State
from mailer.delivery.reply import Attempt, Fault, Reply, Stage, judge
from mailer.delivery.report import Tally
from mailer.edition.model import Variant
from mailer.errors import GuardError
from mailer.flows.approvals import Acceptance
from mailer.flows.ports import Claim, Plan, RunState
from mailer.phrases import say
from mailer.store.codec import without_blocks
from mailer.store.schema import frozen, picture, rendering, subscription
from tests.contract.house import (
    LEASE,
    MAILS,
    NOW,
    PAPER,
    House,
    frozen_edition,
    settlement,
)

SOON = NOW + timedelta(minutes=1)
LATER = NOW + timedelta(hours=1)
WHY = say(
    "{relay} {why} until {day}, {count} times",
    relay="r",
    why=say("is {how}", how="full"),
    day=NOW.date(),
    count=1234,
)
A, B, C = "a@x.example", "b@x.example", "c@x.example"


# -- planning and opening -----------------------------------------------------


async def _mixed_company(house: House) -> None:
    """Somebody of every kind takes the paper."""
    await house.admit(A, B)
    await house.admit("m@x.example", tier=Tier.MEMBER)
    await house.admit("left@x.example", "barred@x.example", "new@x.example")
    await house.admit("elsewhere@x.example", publication="le-bruit")
    await house.leave("left@x.example")
    await house.suppress("Barred@x.example")
    new = await house.readers.find("new@x.example")
    assert new is not None
    await house.store.write(
        lambda c: c.execute(
            subscription.update()
            .where(subscription.c.subscriber_id == new.id)
            .values(standing=Standing.PENDING)
        )
    )


async def test_the_plan_counts_everybody_with_a_reason(house: House) -> None:
    """Who is written to by variant, who is not by reason, and nothing is written."""
    await _mixed_company(house)
    assert await house.ledger.plan(frozen_edition(), now=NOW) == Plan(
        recipients={Variant.FREE: 2, Variant.MEMBER: 1},
        skipped={"suppressed": 1, "unconfirmed": 1, "left": 1},
    )
    assert await house.ledger.runs() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"number": 119},
            "2026-03-14-ports was sent as le-meridien/118, and is called",
        ),
        (
            {"slug": "quais"},
            "le-meridien/118 was sent with the slug ports, and has quai",
        ),
        (
            {"number": 119, "folder": "2026-03-21-ports"},
            "the slug ports belongs to le-meridien/118, which was sent",
        ),
    ],
)
async def test_what_was_sent_keeps_its_number_and_its_slug(
    house: House, changed: dict[str, object], said: str
) -> None:
    """With another name everybody would get it again; with another slug links die."""
    await house.open_run(A)
    frozen = frozen_edition()
    renamed = replace(frozen, edition=replace(frozen.edition, **changed))  # type: ignore[arg-type]
    for refused in (house.ledger.plan, house.ledger.open_run):
        with pytest.raises(GuardError, match=said) as caught:
            await refused(renamed, now=NOW)
        assert caught.value.hint
    assert len(await house.ledger.runs()) == 1


async def test_another_edition_or_another_paper_is_free(house: House) -> None:
    """A folder may be renamed; other publications count and name for themselves."""
    await house.open_run(A)
    frozen = frozen_edition()
    moved = replace(frozen, edition=replace(frozen.edition, folder="moved"))
    assert await house.ledger.plan(moved, now=NOW)
    other = replace(PAPER, id="le-bruit")
    assert await house.ledger.plan(
        frozen_edition(7, publication=other, slug="ports"), now=NOW
    )


@pytest.mark.parametrize(
    ("variants", "recipients"),
    [
        (MAILS, {A: "free", B: "free", "m@x.example": "member"}),
        ([Variant.FREE], {A: "free", B: "free", "m@x.example": "free"}),
        ([Variant.MEMBER, Variant.WEB], {"m@x.example": "member"}),
    ],
)
async def test_everybody_gets_the_variant_of_their_tier(
    house: House, variants: list[Variant], recipients: dict[str, str]
) -> None:
    """Members get theirs or the free one; free readers never the members'."""
    await _mixed_company(house)
    edition = frozen_edition(variants=variants)
    plan = await house.ledger.plan(edition, now=NOW)
    run = await house.ledger.open_run(edition, now=NOW)
    entries = await house.ledger.entries(run)
    assert {e.email: str(e.variant) for e in entries} == recipients
    assert plan.audience == len(recipients)
    assert plan.skipped.get("not for their tier", 0) == 3 - len(recipients)
    assert {(e.state, e.attempts, e.next_attempt, e.updated) for e in entries} == {
        (State.DUE, 0, NOW, NOW)
    }


async def test_a_run_tells_what_it_is(house: House) -> None:
    """Its name, edition and state come back from the database as they were given."""
    run = await house.open_run(A)
    edition = frozen_edition()
    assert (run.name, run.edition) == ("le-meridien-118-1", "le-meridien/118")
    assert (run.publication, run.title) == (PAPER.id, edition.edition.title)
    assert (run.state, run.started, run.finished) == (RunState.SENDING, NOW, None)
    assert run.sha256 == edition.sha256
    assert await house.ledger.find_run(run.name) == run
    assert await house.ledger.find_run("le-meridien/118") == run
    assert await house.ledger.find_run("le-meridien/119") is None


async def test_a_run_keeps_what_was_accepted_and_by_whom(house: House) -> None:
    """Who took an error upon themselves is found beside the run for ever."""
    await house.admit(A)
    accepted = (Acceptance("date-past", "claire"), Acceptance("link-dead", "élodie"))
    run = await house.ledger.open_run(frozen_edition(), now=NOW, accepted=accepted)
    assert run.accepted == accepted
    assert (await house.ledger.find_run(run.name)) == run
    ended = await house.ledger.mark_run(run, RunState.CANCELLED, now=LATER)
    assert ended.accepted == accepted
    other = await house.ledger.open_run(frozen_edition(119), now=NOW)
    assert other.accepted == ()


async def test_an_edition_without_a_number_goes_by_its_slug(house: House) -> None:
    """Two editions whose names would run together get runs of different names."""
    bruit = replace(PAPER, id="le-meridien-ports")
    await house.admit(A)
    await house.admit(A, publication=bruit.id)
    first = await house.ledger.open_run(frozen_edition(None, slug="ports-118"), now=NOW)
    second = await house.ledger.open_run(frozen_edition(publication=bruit), now=NOW)
    assert first.name == "le-meridien-ports-118-1"
    assert second.name == "le-meridien-ports-118-2"


async def test_a_run_to_nobody_is_refused_and_leaves_nothing(house: House) -> None:
    """Opening is one transaction: no run, no frozen edition stays behind."""
    await house.admit(A)
    await house.leave(A)
    with pytest.raises(GuardError, match="nobody to send le-meridien/118 to"):
        await house.ledger.open_run(frozen_edition(), now=NOW)
    assert await house.ledger.runs() == []
    for table in (frozen, rendering, picture):
        rows = await house.store.read(lambda c, t=table: c.execute(t.select()).all())
        assert rows == []


async def test_an_unfinished_run_is_resumed_not_repeated(house: House) -> None:
    """The refusal names the run and the way out; other editions go."""
    run = await house.open_run(A)
    with pytest.raises(GuardError, match=f"mailer resume {run.name}"):
        await house.ledger.open_run(frozen_edition(), now=LATER)
    assert (await house.open_run(A, number=119)).name == "le-meridien-119-1"


async def test_a_second_run_is_only_for_who_has_no_copy(house: House) -> None:
    """Whatever became of the first delivery, only a withdrawn one is made again."""
    emails = [f"{state.replace(' ', '-')}@x.example" for state in State]
    run = await house.open_run(*emails)
    for state, email in zip(State, emails, strict=True):
        await _force(house, email, state)
    await house.ledger.mark_run(run, RunState.CANCELLED, now=SOON)
    await house.admit(B)
    plan = await house.ledger.plan(frozen_edition(), now=NOW)
    again = await house.ledger.open_run(frozen_edition(), now=LATER)
    assert again.name == "le-meridien-118-2"
    assert set(await house.states(again)) == {"withdrawn@x.example", B}
    assert plan.skipped == {"already sent in an earlier run": len(State) - 1}
    assert await house.ledger.runs(edition="le-meridien/118") == [
        again,
        await house.ledger.find_run(run.name),
    ]
    assert await house.ledger.find_run("le-meridien/118") == again


async def _force(house: House, email: str, state: State) -> None:
    """Put a delivery into *state* as years of use might have."""
    await house.store.write(
        lambda c: c.exec_driver_sql(
            f"UPDATE delivery SET state = '{state}' WHERE email = '{email}'"  # noqa: S608
        )
    )


async def test_two_that_open_the_same_edition_open_one_run(
    house: House, other: House
) -> None:
    """Whoever comes second is refused; everybody has one delivery."""
    await house.admit(*(f"r{n}@x.example" for n in range(50)))
    opened = await asyncio.gather(
        *(h.ledger.open_run(frozen_edition(), now=NOW) for h in (house, other) * 2),
        return_exceptions=True,
    )
    assert sum(isinstance(each, GuardError) for each in opened) == 3
    (run,) = await house.ledger.runs()
    assert (await house.ledger.tally(run)) == Tally(audience=50, waiting=50)


async def test_what_was_frozen_comes_back_whole(house: House) -> None:
    """Renderings, pictures and metadata are equal; only the tree of blocks is gone."""
    run = await house.open_run(A)
    edition = frozen_edition()
    assert await house.ledger.frozen(run) == replace(
        edition, edition=without_blocks(edition.edition)
    )


async def test_a_new_sender_is_frozen_with_the_new_run(house: House) -> None:
    """Each run keeps the publication as it was then, even if no reader's text differs."""
    first = await house.open_run(A)
    await house.ledger.mark_run(first, RunState.SENT, now=NOW)
    await house.admit(B)
    paper = replace(PAPER, sender="Rédaction <redaction@meridien.example>")
    second = await house.ledger.open_run(frozen_edition(publication=paper), now=LATER)
    assert (await house.ledger.frozen(first)).publication == PAPER
    assert (await house.ledger.frozen(second)).publication == paper


async def test_a_hundred_thousand_readers_are_opened_at_once(house: House) -> None:
    """The rows are made in the database: audience and tally agree to the last one."""
    await house.store.write(_crowd)
    plan = await house.ledger.plan(frozen_edition(), now=NOW)
    run = await house.ledger.open_run(frozen_edition(), now=NOW)
    assert plan.recipients == {Variant.FREE: 75_000, Variant.MEMBER: 25_000}
    assert await house.ledger.tally(run) == Tally(audience=100_000, waiting=100_000)
    assert len(await house.claim(run, limit=500)) == 500


def _crowd(connection: Connection) -> None:
    for table, columns, values in (
        (
            "subscriber",
            "id, email, email_key, name, created_at",
            "i, 'r' || i || '@x.example', 'r' || i || '@x.example', '', 0",
        ),
        (
            "subscription",
            "subscriber_id, publication, tier, standing, since",
            "i, 'le-meridien', CASE i % 4 WHEN 0 THEN 'member' ELSE 'free' END,"
            " 'active', 0",
        ),
    ):
        connection.execute(
            text(
                f"INSERT INTO {table} ({columns}) WITH RECURSIVE n(i) AS (SELECT 1"  # noqa: S608
                " UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
                f" SELECT {values} FROM n"
            )
        )


# -- claiming -----------------------------------------------------------------


async def test_a_claim_carries_what_a_message_needs(house: House) -> None:
    """Recipient, name and variant as they were when the run was opened."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    assert (claim.email, claim.name, claim.variant) == (A, "A", Variant.FREE)
    assert (claim.run, claim.attempts) == (run.id, 0)


async def test_what_is_claimed_is_not_claimed_again(house: House) -> None:
    """The oldest first, up to the limit, each once, until nothing is due."""
    run = await house.open_run(A, B, C)
    first = await house.claim(run, limit=1)
    await house.settle(settlement(first[0], State.DUE, next_attempt=SOON), now=NOW)
    assert [c.email for c in await house.claim(run, now=SOON)] == [B, C, A]
    assert await house.claim(run, now=SOON) == []


async def test_nothing_is_claimed_before_its_time(house: House) -> None:
    """A deferred delivery waits for its next attempt, to the microsecond."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    await house.settle(settlement(claim, State.DUE, next_attempt=SOON), now=NOW)
    assert await house.claim(run, now=SOON - timedelta(microseconds=1)) == []
    (again,) = await house.claim(run, now=SOON)
    assert (again.attempts, again.fence) == (1, claim.fence + 1)


async def test_claimers_side_by_side_never_share_a_row(
    house: House, other: House
) -> None:
    """Everybody is claimed, each by one, however many claim at once."""
    run = await house.open_run(*(f"r{n}@x.example" for n in range(120)))
    taken: list[Claim] = []

    async def work(house: House) -> None:
        while batch := await house.claim(run, limit=7):
            taken.extend(batch)

    await asyncio.gather(*(work(h) for h in (house, other) * 3))
    assert len(taken) == 120
    assert len({claim.subscriber for claim in taken}) == 120


async def test_who_left_or_was_suppressed_is_withdrawn_at_the_claim(
    house: House,
) -> None:
    """They get a reason instead of a message, even when a whole batch is gone."""
    run = await house.open_run(A, B, C)
    await house.leave(A)
    await house.suppress(B)
    assert [c.email for c in await house.claim(run, limit=2)] == [C]
    assert await house.states(run) == {
        A: State.WITHDRAWN,
        B: State.WITHDRAWN,
        C: State.CLAIMED,
    }
    gone = await house.ledger.entries(run, states=[State.WITHDRAWN])
    assert {e.reason for e in gone} == {"left or suppressed meanwhile"}


async def test_who_leaves_just_before_mail_is_not_written_to(house: House) -> None:
    """Leaving takes the claim away at once: no mark holds on it any more."""
    run = await house.open_run(A, B, C)
    one, two, three = await house.claim(run)
    await house.leave(one.email)
    await house.suppress(three.email)
    committed = await house.ledger.commit(run, marks=[one, two, three], now=SOON)
    assert list(committed.held) == [False, True, False]
    await house.settle(settlement(one, State.REFUSED), now=SOON)
    assert await house.states(run) == {
        A: State.WITHDRAWN,
        B: State.HANDING_OVER,
        C: State.WITHDRAWN,
    }


async def test_who_leaves_while_being_written_to_keeps_their_row(house: House) -> None:
    """They may have the message already; the outcome is what counts."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    assert await house.hand_over(claim, now=NOW)
    await house.leave(A)
    await house.settle(settlement(claim, State.ACCEPTED), now=SOON)
    assert await house.states(run) == {A: State.ACCEPTED}


async def test_leaving_is_for_every_run_of_the_paper(house: House) -> None:
    """Whatever waits anywhere is withdrawn, what was accepted stays."""
    first = await house.open_run(A, B)
    claim = (await house.claim(first, limit=1))[0]
    await house.hand_over(claim, now=NOW)
    await house.settle(settlement(claim, State.ACCEPTED), now=NOW)
    second = await house.open_run(number=119)
    await house.leave(A)
    assert await house.states(first) == {A: State.ACCEPTED, B: State.DUE}
    assert await house.states(second) == {A: State.WITHDRAWN, B: State.DUE}


async def test_leaving_another_publication_changes_nothing(house: House) -> None:
    """Only the run's own publication counts."""
    run = await house.open_run(A)
    await house.admit(A, publication="le-bruit")
    await house.readers.leave(A, publication="le-bruit", now=NOW)
    assert await house.hand_over(await house.one_claim(run), now=NOW)


async def test_who_still_takes_another_publication_has_left_this_one(
    house: House,
) -> None:
    """A second subscription does not keep the first alive."""
    run = await house.open_run(A)
    await house.admit(A, publication="le-bruit")
    claim = await house.one_claim(run)
    await house.leave(A)
    assert not await house.hand_over(claim, now=NOW)


async def test_something_else_is_done_while_the_disk_is_waited_for(
    house: House,
) -> None:
    """Once, by the loop, and before the commit returns."""
    run = await house.open_run(A)
    done: list[int] = []
    committed = await house.ledger.commit(
        run,
        marks=await house.claim(run),
        now=NOW,
        meanwhile=lambda: done.append(threading.get_ident()),
    )
    assert list(committed.held) == [True]
    assert done == [threading.get_ident()]


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.CANCELLED])
async def test_nothing_is_handed_over_of_a_run_that_does_not_send(
    house: House, state: RunState
) -> None:
    """Whoever pauses a run, in whatever process, is obeyed at the very next mark."""
    run = await house.open_run(A, B)
    one, two = await house.claim(run)
    assert await house.hand_over(one, now=NOW)
    await house.ledger.mark_run(run, state, now=NOW, reason=WHY)
    accepted = settlement(one, State.ACCEPTED)
    committed = await house.ledger.commit(
        run, settlements=[accepted], marks=[two], now=SOON
    )
    assert (list(committed.held), committed.state) == ([False], state)
    assert committed.reason == WHY
    assert await house.states(run) == {A: State.ACCEPTED, B: State.CLAIMED}


# -- handing over, settling, fencing ------------------------------------------


async def test_a_delivery_is_handed_over_once(house: House) -> None:
    """The second time the claim is no longer one that may send."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    assert await house.hand_over(claim, now=NOW)
    assert not await house.hand_over(claim, now=NOW)
    assert await house.states(run) == {A: State.HANDING_OVER}


@pytest.mark.parametrize(
    "state",
    [State.ACCEPTED, State.DUE, State.REFUSED, State.IN_DOUBT, State.EXPIRED],
)
async def test_an_outcome_is_kept_with_its_evidence(house: House, state: State) -> None:
    """State, relay, code, reason and the attempt spent stand in the entry."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    await house.hand_over(claim, now=NOW)
    later = LATER if state is State.DUE else None
    written = settlement(claim, state, next_attempt=later)
    await house.settle(written, now=SOON)
    (entry,) = await house.ledger.entries(run)
    reply = written.attempt.reply
    assert (entry.state, entry.relay, entry.attempts) == (state, "principal", 1)
    assert (entry.reason, entry.code) == (f"because {state}", reply and reply.code)
    assert (entry.next_attempt, entry.updated) == (later, SOON)


async def test_what_is_accepted_is_told_in_the_words_of_the_relay(house: House) -> None:
    """No reason is written beside the reply, and yet the entry says one."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    await house.hand_over(claim, now=NOW)
    reply = Reply(250, "queued as 7", "2.0.0")
    attempt = Attempt(relay="principal", stage=Stage.DOT, reply=reply)
    verdict = judge(attempt)
    assert verdict.reason == ""
    written = settlement(claim, State.ACCEPTED)
    await house.settle(replace(written, attempt=attempt, verdict=verdict), now=SOON)
    (entry,) = await house.ledger.entries(run)
    assert entry.reason == "250 2.0.0 queued as 7"


async def test_nothing_is_accepted_that_was_not_handed_over(house: House) -> None:
    """The table of moves holds for outcomes too."""
    run = await house.open_run(A, B)
    for claim, state in zip(
        await house.claim(run), (State.ACCEPTED, State.IN_DOUBT), strict=True
    ):
        await house.settle(settlement(claim, state), now=NOW)
    assert set((await house.states(run)).values()) == {State.CLAIMED}


@pytest.mark.parametrize("state", [State.CLAIMED, State.HANDING_OVER, State.BOUNCED])
async def test_an_attempt_ends_where_an_attempt_can_end(
    house: House, state: State
) -> None:
    """A settlement to a state of the way is a defect, and said so."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    with pytest.raises(ValueError, match="does not leave a delivery"):
        await house.settle(settlement(claim, state), now=NOW)


async def test_due_needs_a_date_and_an_end_has_none(house: House) -> None:
    """A row due at no time would wait for ever."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    for wrong in (
        settlement(claim, State.DUE),
        settlement(claim, State.REFUSED, next_attempt=LATER),
    ):
        with pytest.raises(ValueError, match="due needs one"):
            await house.settle(wrong, now=NOW)


async def test_our_own_fault_spends_no_attempt(house: House) -> None:
    """A setting that the relay refuses is not paid for by the reader."""
    run = await house.open_run(A)
    claim = await house.one_claim(run)
    await house.settle(
        settlement(claim, State.DUE, next_attempt=NOW, fault=Fault.RUN), now=NOW
    )
    assert (await house.one_claim(run)).attempts == 0


async def test_a_fenced_off_claim_changes_nothing(house: House, other: House) -> None:
    """Who slept beyond the lease finds every door closed."""
    run = await house.open_run(A)
    old = await house.one_claim(run)
    await other.ledger.recover(run, now=NOW + LEASE, all_leases=False)
    (new,) = await other.claim(run, now=NOW + LEASE)
    before = await house.ledger.entries(run)
    assert not await house.hand_over(old, now=LATER)
    await house.settle(settlement(old, State.REFUSED), now=LATER)
    await house.ledger.release([old])
    assert await house.ledger.entries(run) == before
    assert await other.hand_over(new, now=LATER)


async def test_what_is_being_handed_over_is_never_claimed_again(house: House) -> None:
    """Its lease may end: only a recovery decides what it is."""
    run = await house.open_run(A)
    await house.hand_over(await house.one_claim(run), now=NOW)
    assert await house.claim(run, now=LATER) == []
    assert await house.states(run) == {A: State.HANDING_OVER}


async def test_what_is_given_back_is_due_at_once(house: House) -> None:
    """No attempt is spent, and what was begun is not given back."""
    run = await house.open_run(A, B)
    one, two = await house.claim(run)
    await house.hand_over(two, now=NOW)
    await house.ledger.release([])
    await house.ledger.release([one, two])
    assert await house.states(run) == {A: State.DUE, B: State.HANDING_OVER}
    assert not await house.hand_over(one, now=NOW)
    (again,) = await house.claim(run)
    assert (again.email, again.attempts) == (A, 0)


# -- recovery, the operator's word, the end -----------------------------------


async def test_a_dead_sender_leaves_due_and_doubt(house: House) -> None:
    """What was only claimed goes out again; what was being handed over is in doubt."""
    run = await house.open_run(A, B, C)
    one, two, three = await house.claim(run)
    await house.hand_over(two, now=NOW)
    await house.hand_over(three, now=NOW)
    await house.settle(settlement(three, State.ACCEPTED), now=NOW)
    found = await house.ledger.recover(run, now=SOON, all_leases=True)
    assert (found.released, found.in_doubt) == (1, 1)
    assert await house.states(run) == {
        A: State.DUE,
        B: State.IN_DOUBT,
        C: State.ACCEPTED,
    }
    (doubt,) = await house.ledger.entries(run, states=[State.IN_DOUBT])
    assert (doubt.attempts, doubt.next_attempt) == (1, None)
    assert doubt.reason == "the sender died while handing over"
    # The dead sender was only asleep: it can neither send nor write.
    assert not await house.hand_over(one, now=SOON)
    await house.settle(settlement(two, State.ACCEPTED), now=SOON)
    assert (await house.states(run))[B] is State.IN_DOUBT


async def test_a_living_lease_is_left_alone(house: House) -> None:
    """Where another sender may live, only what has ended is settled."""
    run = await house.open_run(A, B)
    _, two = await house.claim(run)
    await house.hand_over(two, now=NOW)
    ledger = house.ledger
    before = NOW + LEASE - timedelta(microseconds=1)
    quiet = await ledger.recover(run, now=before, all_leases=False)
    assert (quiet.released, quiet.in_doubt) == (0, 0)
    found = await ledger.recover(run, now=NOW + LEASE, all_leases=False)
    assert (found.released, found.in_doubt) == (1, 1)


async def test_a_recovery_is_for_one_run(house: House) -> None:
    """Another run's claims are its own sender's."""
    run = await house.open_run(A)
    another = await house.open_run(A, number=119)
    claim = await house.one_claim(another)
    await house.ledger.recover(run, now=LATER, all_leases=True)
    assert await house.hand_over(claim, now=NOW)


async def test_the_operator_reopens_what_was_not_accepted(house: House) -> None:
    """Refused, doubtful, expired and deferred become due now; accepted never."""
    run = await house.open_run(*(f"{s.name.lower()}@x.example" for s in State))
    for state in State:
        await _force(house, f"{state.name.lower()}@x.example", state)
    states = [State.DUE, State.REFUSED, State.IN_DOUBT, State.EXPIRED]
    assert await house.ledger.reopen(run, states=states, now=LATER) == 4
    due = await house.ledger.entries(run, states=[State.DUE])
    assert {(e.next_attempt, e.updated) for e in due} == {(LATER, LATER)}
    assert len(due) == 4
    for never in set(State) - set(states):
        with pytest.raises(GuardError):
            await house.ledger.reopen(run, states=[never], now=LATER)


async def test_reopening_nothing_reopens_nothing(house: House) -> None:
    """Zero is an answer."""
    run = await house.open_run(A)
    assert await house.ledger.reopen(run, states=[State.REFUSED], now=NOW) == 0
    assert await house.ledger.reopen(run, states=[], now=NOW) == 0


async def test_giving_up_ends_what_waits(house: House) -> None:
    """What was deferred expires and keeps its reason; on the wire or untried does not."""
    run = await house.open_run(A, B, C)
    one, two = await house.claim(run, limit=2)
    await house.settle(settlement(one, State.DUE, next_attempt=LATER), now=NOW)
    await house.hand_over(two, now=NOW)
    assert await house.ledger.expire(run, now=LATER) == 1
    entries = {e.email: e for e in await house.ledger.entries(run)}
    assert entries[A].state is State.EXPIRED
    assert entries[A].reason == "because due"
    assert entries[A].next_attempt is None
    assert entries[C].state is State.DUE, "who was never written to gets their chance"
    assert entries[B].state is State.HANDING_OVER


async def test_a_run_is_finished_when_sent_or_cancelled(house: House) -> None:
    """Paused and sending runs are open; the reason goes with the state."""
    run = await house.open_run(A)
    for state, finished in [
        (RunState.PAUSED, None),
        (RunState.SENT, LATER),
        (RunState.SENDING, None),
        (RunState.CANCELLED, LATER),
    ]:
        marked = await house.ledger.mark_run(run, state, now=LATER, reason=WHY)
        assert (marked.state, marked.finished, marked.reason) == (state, finished, WHY)
        assert marked.reason.values == WHY.values, "said again in any language"
        assert await house.ledger.find_run(run.name) == marked


async def test_runs_are_listed_from_the_newest(house: House) -> None:
    """All of them, one edition's, or the last few."""
    first = await house.open_run(A)
    second = await house.open_run(number=119)
    assert await house.ledger.runs() == [second, first]
    assert await house.ledger.runs(limit=1) == [second]
    assert await house.ledger.runs(edition=first.edition) == [first]


async def test_the_tally_counts_every_state_once(house: House) -> None:
    """Later bounces were accepted once; whatever has no end yet is waiting."""
    run = await house.open_run(*(f"{s.name.lower()}@x.example" for s in State))
    for state in State:
        await _force(house, f"{state.name.lower()}@x.example", state)
    assert await house.ledger.tally(run) == Tally(
        audience=10,
        accepted=3,
        refused=1,
        in_doubt=1,
        withdrawn=1,
        expired=1,
        waiting=3,
    )


async def test_the_deferred_are_those_who_wait_after_an_attempt(house: House) -> None:
    """Somebody never tried is waiting, not deferred."""
    run = await house.open_run(A, B)
    claim = (await house.claim(run, limit=1))[0]
    await house.settle(settlement(claim, State.DUE, next_attempt=LATER), now=NOW)
    tally = await house.ledger.tally(run)
    assert (tally.waiting, tally.deferred) == (2, 1)


async def test_the_next_attempt_is_the_earliest(house: House) -> None:
    """A delivery on its way counts with its lease; nothing waiting is None."""
    run = await house.open_run(A, B)
    assert await house.ledger.next_attempt(run) == NOW
    one, two = await house.claim(run)
    assert await house.ledger.next_attempt(run) == NOW + LEASE
    await house.settle(settlement(one, State.DUE, next_attempt=SOON), now=NOW)
    assert await house.ledger.next_attempt(run) == SOON
    await house.ledger.expire(run, now=NOW)
    await house.settle(settlement(two, State.REFUSED), now=NOW)
    assert await house.ledger.next_attempt(run) is None


async def test_entries_are_by_address(house: House) -> None:
    """All, some states, or the first few."""
    run = await house.open_run(C, A, B)
    await _force(house, B, State.REFUSED)

    async def emails(**narrowed: object) -> list[str]:
        return [e.email for e in await house.ledger.entries(run, **narrowed)]

    assert await emails() == [A, B, C]
    assert await emails(limit=2) == [A, B]
    assert await emails(states=[State.REFUSED, State.ACCEPTED]) == [B]


async def test_one_group_has_outcomes_and_marks(house: House) -> None:
    """Each row gets its own, whatever else is in the commit."""
    run = await house.open_run(*(f"r{n:02}@x.example" for n in range(30)))
    claims = await house.claim(run)
    await house.ledger.commit(run, marks=claims[:20], now=NOW)
    for claim in claims[20::2]:
        await house.leave(claim.email)
    ends = [State.ACCEPTED, State.REFUSED, State.IN_DOUBT, State.DUE]
    committed = await house.ledger.commit(
        run,
        settlements=[
            settlement(claim, state, next_attempt=LATER if state is State.DUE else None)
            for claim, state in zip(claims[:20], ends * 5, strict=True)
        ],
        marks=claims[20:],
        now=SOON,
    )
    assert list(committed.held) == [False, True] * 5
    assert await house.ledger.tally(run) == Tally(
        audience=30,
        accepted=5,
        refused=5,
        in_doubt=5,
        withdrawn=5,
        waiting=10,
        deferred=5,
    )
