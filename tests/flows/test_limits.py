"""A run that is worse than its limits is held; a canary goes ahead of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.delivery.canary import Canary
from mailer.delivery.ledger import State
from mailer.delivery.message import Envelope
from mailer.delivery.reply import Reply, Stage
from mailer.delivery.valve import UNLIMITED, Limits
from mailer.errors import GuardError
from mailer.flows.ports import Run, RunState
from mailer.flows.sending.send import SendingDesk, send
from mailer.flows.sending.steer import cancel
from mailer.phrases import say
from mailer.store.ledger.control import SqlControl
from tests.fakes.relay import OK
from tests.flows.conftest import Desk, frozen_edition

READERS = [f"r{n:03}@lecteurs.example" for n in range(200)]
UNKNOWN = Reply(550, "no such user", "5.1.1")
SPAM = Reply(550, "blocked as spam", "5.7.1")
MINUTE = timedelta(minutes=1)


def limited(desk: Desk, limits: Limits, **more: object) -> SendingDesk:
    policy = replace(desk.sending.policy, limits=limits, **more)  # type: ignore[arg-type]
    return replace(desk.sending, policy=policy)


def refusing(
    which: Callable[[str], bool], reply: Reply
) -> Callable[[Envelope, int], tuple[Stage, Reply | None]]:
    return lambda envelope, attempt: (
        (Stage.RCPT, reply) if which(envelope.recipient) else (Stage.DOT, OK)
    )


async def reread(desk: Desk, run: Run) -> Run:
    found = await desk.ledger.find_run(run.name)
    assert found is not None
    return found


async def test_a_relay_that_takes_nothing_costs_twenty_readers(desk: Desk) -> None:
    """The run is held with the reason; resumed it counts anew, and the rest get it."""
    desk.relay.answer = refusing(lambda _: True, UNKNOWN)
    await desk.subscribe(*READERS)
    limits = replace(UNLIMITED, max_refusals_in_row=20)
    run = await send(await desk.open_run(), limited(desk, limits))
    tally = await desk.tally(run)
    assert (run.state, run.held) == (RunState.PAUSED, True)
    assert run.reason.startswith("20 messages in a row were not taken")
    assert 20 <= tally.refused <= 20 + desk.relay.connections
    desk.relay.answer = refusing(lambda _: False, UNKNOWN)
    run = await send(await reread(desk, run), limited(desk, limits))
    assert (run.state, run.held) == (RunState.SENT, False)
    assert len(desk.relay.accepted) == 200 - tally.refused


async def test_a_dirty_list_is_found_out_in_its_first_hundred(desk: Desk) -> None:
    """Six in a hundred are dead where two may be."""
    desk.relay.answer = refusing(lambda to: int(to[1:4]) % 17 == 0, UNKNOWN)
    await desk.subscribe(*READERS)
    run = await send(await desk.open_run(), limited(desk, Limits()))
    assert run.held
    assert "(2% is the limit)" in run.reason
    assert 5 <= (await desk.tally(run)).refused <= 7


async def test_a_provider_that_rejects_us_waits_alone(desk: Desk) -> None:
    """Its readers spend no attempt, the others go; later it takes them after all."""
    strict = [f"o{n}@orange.example" for n in range(60)]
    still = True
    desk.relay.answer = lambda envelope, attempt: (
        (Stage.DOT, SPAM)
        if still and envelope.recipient.endswith("@orange.example")
        else (Stage.DOT, OK)
    )
    everybody = [e for pair in zip(strict, READERS, strict=False) for e in pair]
    await desk.subscribe(*everybody)
    limits = replace(UNLIMITED, max_domain_refusals=5, domain_wait=30 * MINUTE)
    patient = limited(desk, limits, linger=MINUTE)
    run = await send(await desk.open_run(), patient)
    tally = await desk.tally(run)
    assert run.state is RunState.PAUSED
    assert not run.held, "it goes on by itself, at the hour"
    assert tally.accepted == 60
    assert 5 <= tally.refused <= 5 + 2 * desk.relay.connections
    waiting = await desk.ledger.entries(run, states=[State.DUE])
    assert {entry.attempts for entry in waiting} == {0}
    assert waiting[0].reason == "waits: the recipient's provider rejects us"
    assert waiting[0].next_attempt is not None
    assert waiting[0].next_attempt - desk.clock.now() <= 30 * MINUTE
    still = False
    desk.clock.advance(31 * MINUTE)
    run = await send(run, patient)
    assert run.state is RunState.SENT
    assert (await desk.tally(run)).accepted == 120 - tally.refused


async def test_one_reader_asks_a_provider_again(desk: Desk) -> None:
    """In the same process the others wait for that answer, twice as long after a no."""
    strict = [f"o{n}@orange.example" for n in range(40)]
    desk.relay.answer = refusing(lambda _: True, SPAM)
    await desk.subscribe(*strict)
    limits = replace(UNLIMITED, max_domain_refusals=5, domain_wait=30 * MINUTE)
    policy = {"linger": timedelta(hours=1.5), "give_up_after": timedelta(days=1)}
    run = await send(await desk.open_run(), limited(desk, limits, **policy))
    asked = sum(desk.relay.attempts.values())
    assert asked <= 5 + 2 * desk.relay.connections + 1, "the wave, then one"
    assert (await desk.tally(run)).waiting == 40 - asked
    assert desk.clock.now() - run.started >= 30 * MINUTE


# -- the canary ---------------------------------------------------------------


async def open_canary(desk: Desk, canary: Canary) -> Run:
    now = desk.clock.now()
    return await desk.ledger.open_run(frozen_edition(), now=now, canary=canary)


async def test_a_canary_goes_ahead_and_the_others_follow(desk: Desk) -> None:
    """Ten readers, ten minutes, then everybody else, once."""
    await desk.subscribe(*READERS[:50])
    hours = []

    async def note(envelope: Envelope) -> None:
        hours.append(desk.clock.now())

    desk.relay.before_reply = note
    run = await open_canary(desk, Canary(percent=20))
    run = await send(run, limited(desk, Limits()))
    assert run.state is RunState.SENT
    ahead = [hour for hour in hours if hour - run.started < 10 * MINUTE]
    assert (len(ahead), len(hours)) == (10, 50)
    assert len(desk.relay.accepted) == 50


async def test_named_readers_go_first(desk: Desk) -> None:
    """Whenever they joined."""
    await desk.subscribe(*READERS[:20])
    run = await open_canary(desk, Canary(seeds=(READERS[19], READERS[7])))
    await send(run, limited(desk, Limits()))
    first = {email for email, _ in desk.relay.accepted[:2]}
    assert first == {READERS[19], READERS[7]}


async def test_a_canary_that_is_refused_holds_the_run(desk: Desk) -> None:
    """Nobody but the canary has paid."""
    desk.relay.answer = refusing(lambda _: True, UNKNOWN)
    await desk.subscribe(*READERS)
    run = await open_canary(desk, Canary(count=10))
    run = await send(run, limited(desk, Limits()))
    assert run.held
    assert (await desk.tally(run)).refused <= 10


async def test_what_comes_back_during_the_wait_counts(desk: Desk) -> None:
    """Accepted by the relay, and bounced: five of ten hold the run."""
    await desk.subscribe(*READERS)
    run = await open_canary(desk, Canary(count=10))
    control = SqlControl(desk.ledger._store)
    bounced = 0

    async def bounce(envelope: Envelope) -> None:
        nonlocal bounced
        bounced += 1
        if bounced == 10:
            desk.sending.stop.set()

    desk.relay.before_reply = bounce
    run = await send(run, limited(desk, Limits()))
    await desk.ledger._store.write(
        lambda c: c.exec_driver_sql(
            "UPDATE delivery SET state = 'bounced' WHERE state = 'accepted'"
            " AND subscriber_id <= 5"
        )
    )
    desk.relay.before_reply = None
    desk.sending.stop.clear()
    run = await send(await reread(desk, run), limited(desk, Limits()))
    assert run.held
    assert run.reason.endswith("the last one: r004@lecteurs.example bounced")
    assert len(desk.relay.accepted) == 10
    assert desk.clock.now() - run.started >= 10 * MINUTE, "after a restart, too"
    assert await control.doubts(run) == []


@pytest.mark.parametrize("size", [50, 80])
async def test_a_canary_of_everybody_waits_for_nobody(desk: Desk, size: int) -> None:
    """There are no others."""
    await desk.subscribe(*READERS[:50])
    run = await open_canary(desk, Canary(count=size))
    run = await send(run, limited(desk, Limits()))
    assert (run.state, desk.clock.now()) == (RunState.SENT, run.started)


async def test_a_run_paused_while_the_others_wait_stays_so(desk: Desk) -> None:
    """Somebody looked at the canary's copies, and did not like them."""
    await desk.subscribe(*READERS[:50])
    run = await open_canary(desk, Canary(count=5))
    control = SqlControl(desk.ledger._store)
    wait = desk.clock.wait

    async def pause(*args: object) -> bool:
        if desk.clock.now() - run.started > 3 * MINUTE:
            await control.pause(run, reason=say("a wrong price"))
        return await wait(*args)  # type: ignore[arg-type]

    desk.clock.wait = pause  # type: ignore[method-assign,assignment]
    left = await send(run, limited(desk, Limits()))
    assert (left.state, left.held, left.reason) == (
        RunState.PAUSED,
        True,
        "a wrong price",
    )
    assert len(desk.relay.accepted) == 5


# -- by hand, while it is being sent ------------------------------------------


async def stopped(desk: Desk, word: Callable[[Run], object], after: int) -> Run:
    """A run of fifty, to which *word* is said when *after* messages are on their way."""
    await desk.subscribe(*READERS[:50])
    run = await desk.open_run()
    count = 0

    async def say_it(envelope: Envelope) -> None:
        nonlocal count
        count += 1
        if count == after:
            await word(run)  # type: ignore[misc]

    desk.relay.before_reply = say_it
    left = await send(run, limited(desk, Limits()))
    desk.relay.before_reply = None
    assert count <= after + desk.relay.connections - 1, "one message per connection"
    return left


async def test_a_pause_is_heard_at_the_next_mark(desk: Desk) -> None:
    """Whoever says it; what is on the wire is finished, and resuming finishes the run."""
    control = SqlControl(desk.ledger._store)
    run = await stopped(desk, lambda r: control.pause(r, reason=say("wait")), after=10)
    tally = await desk.tally(run)
    assert (run.state, run.held, run.reason) == (RunState.PAUSED, True, "wait")
    assert tally.accepted == len(desk.relay.accepted) < 13
    assert (tally.in_doubt, tally.balanced) == (0, True)
    run = await send(run, desk.sending)
    assert run.state is RunState.SENT
    assert sorted(email for email, _ in desk.relay.accepted) == READERS[:50]


async def test_a_cancelled_run_never_becomes_sent(desk: Desk) -> None:
    """Its sender leaves it cancelled, and what waits is withdrawn."""
    now = desk.clock.now()
    run = await stopped(
        desk, lambda r: cancel(r, desk.ledger, reason=say("no"), now=now), after=10
    )
    tally = await desk.tally(run)
    assert run.state is RunState.CANCELLED
    assert tally.accepted == len(desk.relay.accepted) < 13
    assert (tally.withdrawn, tally.waiting) == (50 - tally.accepted, 0)
    with pytest.raises(GuardError, match="was cancelled"):
        await send(run, desk.sending)


# -- patience -----------------------------------------------------------------


async def test_a_run_held_overnight_gives_up_nobody(desk: Desk) -> None:
    """Who was never written to gets it, and time to be deferred as well."""
    await desk.subscribe(*READERS[:10])
    run = await desk.open_run()
    desk.clock.advance(timedelta(hours=20))
    greylisted = Reply(450, "greylisted", "4.7.1")
    desk.relay.answer = lambda envelope, attempt: (
        (Stage.RCPT, greylisted) if attempt == 1 else (Stage.DOT, OK)
    )
    run = await send(run, desk.sending)
    assert (run.state, len(desk.relay.accepted)) == (RunState.SENT, 10)
