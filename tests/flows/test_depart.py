"""The grace: armed runs send nothing before their time, and nothing once cancelled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.delivery.ledger import State
from mailer.errors import GuardError
from mailer.flows.departing.depart import depart
from mailer.flows.ports import Run, RunState
from mailer.phrases import say
from tests.flows.conftest import Desk, frozen_edition

GRACE = timedelta(seconds=30)


async def armed(desk: Desk, *emails: str) -> Run:
    await desk.subscribe(*(emails or ("a@x.example", "b@x.example")))
    now = desk.clock.now()
    return await desk.ledger.open_run(frozen_edition(), now=now, departs=now + GRACE)


async def test_an_armed_run_leaves_at_its_time_and_not_before(desk: Desk) -> None:
    """Everything is frozen at once; the first byte goes when the grace has passed."""
    opened = desk.clock.now()
    run = await armed(desk)
    assert (run.state, run.departs) == (RunState.ARMED, opened + GRACE)
    left = await depart(run, desk.sending)
    assert left.state is RunState.SENT
    assert left.started == opened + GRACE, "patience and Date count from the departure"
    assert len(desk.relay.accepted) == 2
    assert desk.clock.now() >= opened + GRACE


async def test_cancelled_in_its_grace_it_writes_to_nobody(desk: Desk) -> None:
    """From whatever process; the balance adds up, and a later run reaches everybody."""
    run = await armed(desk)
    departing = asyncio.create_task(depart(run, desk.sending))
    await asyncio.sleep(0)
    reason = say("a wrong title")
    await desk.ledger.cancel(run, now=desk.clock.now(), reason=reason)
    left = await departing
    assert (left.state, left.reason) == (RunState.CANCELLED, "a wrong title")
    assert desk.relay.accepted == []
    tally = await desk.tally(run)
    assert tally.balanced
    assert (tally.audience, tally.withdrawn, tally.waiting) == (2, 2, 0)
    again = await desk.open_run()
    await depart(again, desk.sending)
    assert len(desk.relay.accepted) == 2


async def test_a_sender_that_stops_leaves_the_run_armed(desk: Desk) -> None:
    """Whoever resumes it waits for what is left of the grace."""
    run = await armed(desk)
    desk.sending.stop.set()
    left = await depart(run, desk.sending)
    assert left.state is RunState.ARMED
    assert desk.relay.accepted == []
    desk.sending.stop.clear()
    assert (await depart(left, desk.sending)).state is RunState.SENT


async def test_two_that_wait_for_one_run_send_it_once(desk: Desk) -> None:
    """One moves it to sending; the other finds that it is being sent, or was."""
    run = await armed(desk)
    ended = await asyncio.gather(
        depart(run, desk.sending), depart(run, desk.sending), return_exceptions=True
    )
    assert all(isinstance(end, Run | GuardError) for end in ended), ended
    recipients = [email for email, _ in desk.relay.accepted]
    assert sorted(recipients) == ["a@x.example", "b@x.example"]


async def test_a_run_without_grace_leaves_at_once(desk: Desk) -> None:
    """As it always did."""
    await desk.subscribe("a@x.example")
    before = desk.clock.now()
    run = await desk.open_run()
    assert (run.state, run.departs) == (RunState.SENDING, None)
    assert (await depart(run, desk.sending)).state is RunState.SENT
    assert desk.clock.now() - before < GRACE


async def test_nothing_departs_too_early(desk: Desk) -> None:
    """The ledger itself refuses, whatever a sender believes."""
    run = await armed(desk)
    assert (await desk.ledger.depart(run, now=desk.clock.now())).state is RunState.ARMED
    late = desk.clock.now() + GRACE
    assert (await desk.ledger.depart(run, now=late)).state is RunState.SENDING


async def test_what_left_before_a_cancel_stays_told(desk: Desk) -> None:
    """In mid-run the rest is withdrawn; a finished run cannot be cancelled."""
    await desk.subscribe("a@x.example", "b@x.example")
    run = await desk.open_run()
    (claim, _) = await desk.ledger.claim(
        run, worker="w", limit=2, now=desk.clock.now(), lease=timedelta(minutes=1)
    )
    await desk.ledger.cancel(run, now=desk.clock.now())
    entries = await desk.ledger.entries(run)
    assert {entry.state for entry in entries} == {State.WITHDRAWN}
    assert claim.fence == 1, "an older claim, which changes nothing any more"
    with pytest.raises(GuardError, match="is finished"):
        await desk.ledger.cancel(run, now=desk.clock.now())


async def test_a_run_that_a_dead_machine_left_armed_is_cancelled(desk: Desk) -> None:
    """Later than ``catch_up`` nothing leaves by itself; another run reaches everybody."""
    run = await armed(desk)
    desk.clock.advance(timedelta(hours=25))
    policy = replace(desk.sending.policy, catch_up=timedelta(hours=24))
    left = await depart(run, replace(desk.sending, policy=policy))
    assert left.state is RunState.CANCELLED
    assert "more than [send] catch_up" in left.reason
    assert desk.relay.accepted == []
    again = await desk.open_run()
    assert (await depart(again, desk.sending)).state is RunState.SENT
    assert len(desk.relay.accepted) == 2


async def test_a_run_that_was_armed_a_moment_ago_still_leaves(desk: Desk) -> None:
    """A restart within ``catch_up`` costs nothing but the time it took."""
    run = await armed(desk)
    desk.clock.advance(timedelta(hours=23))
    policy = replace(desk.sending.policy, catch_up=timedelta(hours=24))
    left = await depart(run, replace(desk.sending, policy=policy))
    assert left.state is RunState.SENT
