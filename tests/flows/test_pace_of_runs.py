"""A run keeps the pace: of relays, of lanes, of quotas; and nobody waits in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from mailer.delivery.lanes import SHIPPED
from mailer.delivery.message import Envelope
from mailer.delivery.pace import LanePace, Pace, RelayPace
from mailer.delivery.quota import Quotas
from mailer.delivery.reply import Reply, Stage
from mailer.delivery.throttle import read_rate
from mailer.flows.ports import RunState
from mailer.flows.sending.send import SendingDesk, send
from mailer.flows.sending.traffic import Traffic
from tests.fakes.pace import MemoryPaceKeeper
from tests.fakes.relay import OK
from tests.flows.conftest import Desk


class Stopwatch:
    """When each reader's message went, in seconds from the start, by the fake clock."""

    def __init__(self, desk: Desk) -> None:
        self.went: dict[str, float] = {}
        self.first = asyncio.Event()
        self._desk = desk
        desk.relay.before_reply = self.note

    async def note(self, envelope: Envelope) -> None:
        self.went[envelope.recipient] = self._desk.clock.elapsed
        self.first.set()

    def at(self, domain: str) -> list[float]:
        """The moments for *domain*, in order."""
        return sorted(t for reader, t in self.went.items() if reader.endswith(domain))


def paced(
    desk: Desk,
    *,
    rate: str = "",
    quotas: Quotas | None = None,
    lanes: Mapping[str, str] | None = None,
    keeper: MemoryPaceKeeper | None = None,
    worker: str = "w",
) -> SendingDesk:
    """The desk, with a pace."""
    relay = RelayPace(rate=read_rate(rate) if rate else None, quotas=quotas or Quotas())
    pace = Pace(
        relays={desk.relay.name: relay},
        lanes={
            name: LanePace(domains=domains, rate=_rate((lanes or {}).get(name)))
            for name, domains in SHIPPED.items()
        },
        worker=worker,
    )
    traffic = Traffic([desk.relay], clock=desk.clock, pace=pace, keeper=keeper)
    return replace(desk.sending, traffic=traffic)


def _rate(text: str | None):
    return read_rate(text) if text else None


def readers(domain: str, many: int) -> list[str]:
    return [f"r{n}@{domain}" for n in range(many)]


async def test_a_pause_that_ends_between_two_looks_at_the_clock(desk: Desk) -> None:
    """Time goes on while it is read: whoever waits is not left until news comes."""
    chance = Random(1)  # noqa: S311 - no secret
    desk.clock.look = 100e-6
    await desk.subscribe(*readers("example.org", 600))
    watch = Stopwatch(desk)

    async def answered_after_a_while(envelope: Envelope) -> None:
        desk.clock.advance(timedelta(milliseconds=chance.uniform(0, 4)))
        await watch.note(envelope)

    desk.relay.before_reply = answered_after_a_while
    async with asyncio.timeout(30):
        await send(await desk.open_run(), paced(desk, rate="200/s"))
    went = watch.at("example.org")
    assert went[-1] - went[0] == pytest.approx(599 / 200, rel=0.02)


async def test_the_excess_of_a_slow_lane_is_put_off_and_comes(desk: Desk) -> None:
    """Longer than a claim is held: given back with a date, no attempt is spent."""
    await desk.subscribe(*readers("orange.fr", 60), *readers("gmail.com", 5))
    watch = Stopwatch(desk)
    run = await send(await desk.open_run(), paced(desk, lanes={"orange": "6/min"}))
    assert run.state is RunState.SENT
    went = watch.at("orange.fr")
    assert watch.at("gmail.com")[-1] < 1
    assert went[-1] == pytest.approx(590, rel=0.15)
    assert went[29] == pytest.approx(290, rel=0.15)
    entries = await desk.ledger.entries(run)
    assert {entry.attempts for entry in entries} == {1}


@pytest.mark.parametrize(("many", "rate"), [(400, "4/s"), (2_200, "30/s")])
async def test_a_slow_lane_keeps_nobody_else_out(
    desk: Desk, many: int, rate: str
) -> None:
    """However many of its readers come first, and though none of them is put off far."""
    await desk.subscribe(*readers("orange.fr", many), *readers("gmail.com", 400))
    watch = Stopwatch(desk)
    run = await send(await desk.open_run(), paced(desk, lanes={"orange": rate}))
    assert run.state is RunState.SENT
    assert watch.at("gmail.com")[-1] < 2
    slow = watch.at("orange.fr")
    assert len(slow) == many
    assert slow[-1] == pytest.approx(many / int(rate[:-2]), rel=0.15)


async def test_a_provider_that_objects_slows_its_lane_alone(desk: Desk) -> None:
    """The first message to orange is deferred; the rest waits, and nobody else does."""
    said: list[str] = []

    def answer(envelope: Envelope, tried: int) -> tuple[Stage, Reply | None]:
        if envelope.recipient.endswith("orange.fr") and not said:
            said.append(envelope.recipient)
            return Stage.DOT, Reply(421, "too fast", "4.7.28")
        return Stage.DOT, OK

    desk.relay.answer = answer
    await desk.subscribe(*readers("orange.fr", 30), *readers("gmail.com", 30))
    watch = Stopwatch(desk)
    run = await send(await desk.open_run(), paced(desk))
    assert run.state is RunState.SENT
    assert (await desk.tally(run)).accepted == 60
    assert watch.at("gmail.com")[-1] < 1
    assert watch.went[said[0]] >= 890  # deferred, like any other
    after = [t for t in watch.at("orange.fr") if t > 1]
    assert 5 <= after[0] < 8


async def test_a_quota_is_kept_over_the_hours(desk: Desk) -> None:
    """Ten an hour: 25 readers take two hours and some minutes."""
    await desk.subscribe(*readers("x.example", 25))
    watch = Stopwatch(desk)
    policy = replace(desk.sending.policy, linger=timedelta(hours=3))
    sending = paced(desk, quotas=Quotas(hourly=10), keeper=MemoryPaceKeeper())
    run = await send(await desk.open_run(), replace(sending, policy=policy))
    assert run.state is RunState.SENT
    went = watch.at("x.example")
    for first in went:
        assert sum(first <= t < first + 3600 for t in went) <= 10
    assert 7200 < went[-1] < 7500


async def test_a_spent_quota_pauses_who_does_not_linger(desk: Desk) -> None:
    """Ten go, the run pauses with a reason, and a later sender exceeds nothing."""
    await desk.subscribe(*readers("x.example", 15))
    watch = Stopwatch(desk)
    keeper, quotas = MemoryPaceKeeper(), Quotas(hourly=10)
    policy = replace(desk.sending.policy, linger=timedelta(minutes=1))
    sending = replace(paced(desk, quotas=quotas, keeper=keeper), policy=policy)
    run = await send(await desk.open_run(), sending)
    assert (run.state, len(watch.went)) == (RunState.PAUSED, 10)
    assert str(run.reason)
    tally = await desk.tally(run)
    assert (tally.accepted, tally.waiting) == (10, 5)
    again = paced(desk, quotas=quotas, keeper=keeper, worker="v")
    run = await send(run, replace(again, policy=policy))
    assert (run.state, len(watch.went)) == (RunState.PAUSED, 10)
    desk.clock.advance(timedelta(seconds=3700))
    last = paced(desk, quotas=quotas, keeper=keeper, worker="u")
    run = await send(run, replace(last, policy=policy))
    assert (run.state, len(watch.went)) == (RunState.SENT, 15)


async def test_a_stop_does_not_wait_for_the_pace(desk: Desk) -> None:
    """At one an hour, who stops the run does not wait an hour."""
    await desk.subscribe(*readers("x.example", 3))
    sending = paced(desk, rate="1/h")
    watch = Stopwatch(desk)
    running = asyncio.create_task(send(await desk.open_run(), sending))
    await watch.first.wait()
    before = desk.clock.elapsed
    sending.stop.set()
    run = await running
    assert run.state is RunState.PAUSED
    assert desk.clock.elapsed - before < 60
    assert len(watch.went) == 1


async def test_a_broken_keeper_stops_nothing_that_has_no_quota(desk: Desk) -> None:
    """Rates are kept in memory; only what must never be exceeded needs the store."""
    await desk.subscribe(*readers("x.example", 10))
    keeper = MemoryPaceKeeper()
    sending = paced(desk, rate="10/s", keeper=keeper)
    watch = Stopwatch(desk)
    running = asyncio.create_task(send(await desk.open_run(), sending))
    await watch.first.wait()
    keeper.broken = True
    assert (await running).state is RunState.SENT
