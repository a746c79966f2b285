"""Several relays and their pace: who carries, who is set aside, and nobody twice."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.delivery.message import Envelope
from mailer.delivery.pace import LanePace, Pace, RelayPace
from mailer.delivery.quota import Quotas
from mailer.delivery.reply import Reply, Stage
from mailer.delivery.switchboard import Health, Share, Switchboard
from mailer.delivery.throttle import read_rate
from mailer.flows.ports import RunState
from mailer.flows.sending.send import send
from mailer.flows.sending.traffic import Traffic
from tests.fakes.pace import MemoryPaceKeeper
from tests.fakes.relay import OK, FakeRelay
from tests.flows.conftest import Desk

READERS = [f"r{n}@lecteurs.example" for n in range(60)]


def _two(desk: Desk, **shares: int) -> tuple[FakeRelay, FakeRelay, Traffic]:
    """Two relays; *shares* are the second one's weight and priority."""
    first, second = FakeRelay(name="principal"), FakeRelay(name="secours")
    board = Switchboard(
        [
            Share(relay="principal", connections=2),
            Share(relay="secours", connections=2, **shares),
        ]
    )
    return first, second, Traffic([first, second], clock=desk.clock, board=board)


def _copies(*relays: FakeRelay) -> Counter[str]:
    return Counter(email for relay in relays for email, _ in relay.accepted)


async def test_two_relays_share_a_run(desk: Desk) -> None:
    """Both carry, and nobody is written to twice."""
    first, second, traffic = _two(desk)
    await desk.subscribe(*READERS)
    run = await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    assert run.state is RunState.SENT
    assert _copies(first, second) == Counter(READERS)
    assert min(len(first.accepted), len(second.accepted)) > 10


async def test_a_second_priority_waits_until_it_is_needed(desk: Desk) -> None:
    """The emergency relay carries nothing while the first one is up."""
    first, second, traffic = _two(desk, priority=2)
    await desk.subscribe(*READERS)
    await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    assert (len(first.accepted), len(second.accepted)) == (60, 0)


async def test_a_relay_that_is_down_is_replaced(desk: Desk) -> None:
    """Its share goes to the other, and its readers are none the wiser."""
    first, second, traffic = _two(desk, priority=2)
    first.refuse_sessions = True
    await desk.subscribe(*READERS)
    run = await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    assert run.state is RunState.SENT
    assert (len(first.accepted), len(second.accepted)) == (0, 60)
    assert traffic.board.standings(traffic.now())[0].health is not Health.UP


async def test_failover_never_repeats_what_is_in_doubt(desk: Desk) -> None:
    """A relay that takes and falls silent leaves doubts; no other relay mends them."""
    first, second, traffic = _two(desk)

    def take_and_fall_silent(envelope: Envelope, _: int) -> tuple[Stage, Reply | None]:
        first.accepted.append((envelope.recipient, b""))  # it has it, and says nothing
        return Stage.DOT, None

    first.answer = take_and_fall_silent
    await desk.subscribe(*READERS)
    run = await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    tally = await desk.tally(run)
    assert _copies(first, second) == Counter(READERS)
    assert tally.in_doubt == len(first.accepted) > 0
    assert tally.accepted == len(second.accepted)
    assert tally.in_doubt < 30, "it is set aside, and asked again ever more seldom"


async def test_no_relay_left_says_which_and_why(desk: Desk) -> None:
    """The reason names each of them, and the run can be resumed."""
    first, second, traffic = _two(desk)
    first.refuse_sessions = second.refuse_sessions = True
    await desk.subscribe(*READERS)
    sending = replace(desk.sending, traffic=traffic)
    run = await send(await desk.open_run(), sending)
    assert run.state is RunState.PAUSED
    assert "principal" in run.reason
    assert "secours" in run.reason
    first.refuse_sessions = False
    run = await send(run, sending)
    assert (run.state, len(first.accepted)) == (RunState.SENT, 60)


@pytest.mark.parametrize(("rate", "seconds"), [("20/s", 3.0), ("1/s", 60.0)])
async def test_a_run_takes_the_time_its_pace_allows(
    desk: Desk, rate: str, seconds: float
) -> None:
    """Sixty messages, to two per cent and the burst that a stumble may make good."""
    relay = desk.relay
    pace = Pace(relays={"fake": RelayPace(rate=read_rate(rate))})
    traffic = Traffic([relay], clock=desk.clock, pace=pace)
    await desk.subscribe(*READERS)
    await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    assert len(relay.accepted) == 60
    assert desk.clock.elapsed == pytest.approx(seconds, rel=0.02, abs=1.06)


async def test_a_slow_lane_keeps_nobody_else_waiting(desk: Desk) -> None:
    """What would wait too long for its provider is put off; it goes at its hour."""
    lane = LanePace(domains=("orange.fr",), rate=read_rate("1/min"))
    traffic = Traffic([desk.relay], clock=desk.clock, pace=Pace(lanes={"orange": lane}))
    slow = [f"o{n}@orange.fr" for n in range(5)]
    await desk.subscribe(*slow, *READERS)
    moments: dict[str, float] = {}

    async def note(envelope: Envelope) -> None:
        moments[envelope.recipient] = desk.clock.elapsed

    desk.relay.before_reply = note
    run = await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    assert run.state is RunState.SENT
    assert max(moments[email] for email in READERS) < 60
    hours = sorted(moments[email] for email in slow)
    assert all(later - hour >= 58 for hour, later in itertools.pairwise(hours))
    assert hours[-1] >= 4 * 58
    entries = await desk.ledger.entries(run)
    assert {entry.attempts for entry in entries} == {1}, "waiting spends no attempt"


async def test_a_provider_that_objects_is_given_way_to(desk: Desk) -> None:
    """After 4.7.28 its lane slows down and recovers; the others go on."""
    relay = desk.relay

    def object_once(envelope: Envelope, attempt: int) -> tuple[Stage, Reply | None]:
        if envelope.recipient.endswith("@gmail.com") and attempt == 1:
            return Stage.DOT, Reply(421, "rate limit exceeded", "4.7.28")
        return Stage.DOT, OK

    relay.answer = object_once
    lane = LanePace(domains=("gmail.com",))
    traffic = Traffic([relay], clock=desk.clock, pace=Pace(lanes={"gmail": lane}))
    await desk.subscribe("g@gmail.com", *READERS[:5])
    run = await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    assert (run.state, len(relay.accepted)) == (RunState.SENT, 6)
    slowed = {each.name: each for each in traffic.pace.rates(traffic.now())}
    assert "gmail" in slowed


@pytest.mark.parametrize(
    ("reply", "slows"),
    [
        (Reply(421, "too many messages in this session", "4.3.2"), False),
        (Reply(421, "try again later", "4.7.0"), True),
        (Reply(452, "too much mail", "4.3.1"), True),
    ],
)
async def test_the_end_of_a_session_is_no_wish_for_less(
    desk: Desk, reply: Reply, slows: bool
) -> None:
    """A relay that ends sessions after so many messages gets the next connection."""

    def end_now_and_then(
        envelope: Envelope, attempt: int
    ) -> tuple[Stage, Reply | None]:
        number = int(envelope.recipient.partition("@")[0][1:])
        ends = number >= 20 and number % 10 == 0 and attempt == 1
        return (Stage.MAIL, reply) if ends else (Stage.DOT, OK)

    desk.relay.answer = end_now_and_then
    traffic = Traffic([desk.relay], clock=desk.clock)
    await desk.subscribe(*READERS)
    run = await send(await desk.open_run(), replace(desk.sending, traffic=traffic))
    assert (run.state, len(desk.relay.accepted)) == (RunState.SENT, 60)
    slowed = [each.name for each in traffic.pace.rates(traffic.now())]
    assert bool(slowed) is slows


async def test_a_spent_quota_pauses_a_run_and_says_until_when(desk: Desk) -> None:
    """No connection is kept for hours; what went counts for the next start."""
    keeper = MemoryPaceKeeper()

    def traffic() -> Traffic:
        quotas = Quotas(hourly=30)
        pace = Pace(relays={"fake": RelayPace(quotas=quotas)}, worker="one")
        return Traffic([desk.relay], clock=desk.clock, pace=pace, keeper=keeper)

    await desk.subscribe(*READERS)
    policy = replace(desk.sending.policy, linger=timedelta(minutes=5))
    sending = replace(desk.sending, policy=policy)
    run = await send(await desk.open_run(), replace(sending, traffic=traffic()))
    assert run.state is RunState.PAUSED
    assert "a quota is spent" in run.reason
    assert 0 < len(desk.relay.accepted) <= 30
    desk.clock.advance(timedelta(hours=1, minutes=2))
    run = await send(run, replace(sending, traffic=traffic()))
    assert len(desk.relay.accepted) <= 60
    assert len(set(desk.relay.accepted)) == len(desk.relay.accepted)
