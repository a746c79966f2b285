"""Two processes on one ledger: each reader once, whoever lives and whoever dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from mailer.delivery.message import Envelope
from mailer.flows.ports import RunState
from mailer.flows.sending.send import SendingDesk, lend_a_hand, send
from mailer.flows.sending.traffic import Traffic
from tests.fakes.relay import FakeRelay
from tests.flows.conftest import Desk

READERS = [f"r{n}@lecteurs.example" for n in range(80)]


def _helper(desk: Desk) -> tuple[FakeRelay, SendingDesk]:
    """Another process: its own relay, stop and name, the same ledger."""
    relay = FakeRelay(name="fake")
    traffic = Traffic([relay], clock=desk.clock)
    return relay, replace(
        desk.sending, traffic=traffic, stop=asyncio.Event(), worker="helper"
    )


def _shared(desk: Desk) -> SendingDesk:
    return replace(desk.sending, is_shared=True)


async def test_two_carry_a_run_and_everybody_gets_it_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both claim from the same rows, and the sender alone ends the run."""
    monkeypatch.setattr("mailer.flows.sending.round.BATCH", 10)
    relay, helping = _helper(desk)
    await desk.subscribe(*READERS)
    run = await desk.open_run()
    helped = asyncio.Event()

    async def tell(envelope: Envelope) -> None:
        helped.set()

    async def wait(envelope: Envelope) -> None:
        await helped.wait()

    relay.before_reply, desk.relay.before_reply = tell, wait
    helper = asyncio.create_task(lend_a_hand(run, helping))
    ended = await send(run, _shared(desk))
    await helper
    assert ended.state is RunState.SENT
    copies = Counter(email for email, _ in (*desk.relay.accepted, *relay.accepted))
    assert copies == Counter(READERS)
    assert min(len(desk.relay.accepted), len(relay.accepted)) > 0
    assert (await desk.tally(run)).accepted == 80


async def test_what_a_dead_helper_held_is_settled_when_its_lease_ends(
    desk: Desk,
) -> None:
    """Claimed goes out again; what it was handing over is in doubt, and not repeated."""
    await desk.subscribe(*READERS[:10])
    run = await desk.open_run()
    claims = await desk.ledger.claim(
        run,
        worker="helper",
        limit=3,
        now=desk.clock.now(),
        lease=desk.sending.policy.lease,
    )
    await desk.ledger.commit(run, marks=claims[:1], now=desk.clock.now())
    before = desk.clock.elapsed

    class Living:
        """The ledger of a sender that believes the helper alive when it begins."""

        def __getattr__(self, name: str) -> object:
            return getattr(desk.ledger, name)

        async def recover(self, *args: object, **named: object) -> object:
            return await desk.ledger.recover(*args, **{**named, "all_leases": False})

    run = await send(run, replace(_shared(desk), ledger=Living()))
    tally = await desk.tally(run)
    assert (tally.accepted, tally.in_doubt) == (9, 1)
    assert claims[0].email not in dict(desk.relay.accepted)
    lease = desk.sending.policy.lease.total_seconds()
    assert desk.clock.elapsed - before >= lease, "not before its lease has ended"


async def test_a_limit_that_a_helper_meets_stops_everybody(desk: Desk) -> None:
    """Held is held, whichever process found out."""
    relay, helping = _helper(desk)
    await desk.subscribe(*READERS)
    run = await desk.open_run()
    await desk.ledger.mark_run(run, RunState.PAUSED, now=desk.clock.now(), held=True)
    await lend_a_hand(run, helping)
    assert relay.accepted == [], "a run that is not being sent is not helped with"
