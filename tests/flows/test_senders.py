"""A daemon goes on with what stopped by itself, and with nothing a person stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.daemon.senders import Senders, is_to_be_sent
from mailer.flows.ports import Run, RunState
from mailer.flows.sending.send import STOPPED
from mailer.phrases import say
from tests.flows.conftest import Desk


class Crew:
    """Senders over a desk, and the runs of which they said that they ended."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ended: list[Run] = []
        sending = replace(desk.sending, has_heir=True)
        self.senders = Senders(
            desk.ledger, desk.clock, desk=lambda: sending, ended=self._ended
        )

    async def _ended(self, run: Run) -> None:
        self.ended.append(run)

    async def look(self, *, eager: bool = False) -> None:
        """One look, and whatever it began to its end."""
        await self.senders.look(eager=eager)
        for run in await self.desk.ledger.runs():
            await self.senders.settled(run)


@pytest.fixture
async def run(desk: Desk) -> Run:
    await desk.subscribe("a@x.example", "b@x.example")
    return await desk.open_run()


async def test_a_relay_that_comes_back_is_used(desk: Desk, run: Run) -> None:
    """Down at seven, tried again after one minute, two, four; told once."""
    crew = Crew(desk)
    desk.relay.refuse_sessions = True
    await crew.look()
    (paused,) = await desk.ledger.runs()
    assert (paused.state, paused.held) == (RunState.PAUSED, False)
    await crew.look()
    desk.clock.advance(timedelta(seconds=61))
    await crew.look()
    assert [each.state for each in crew.ended] == [RunState.PAUSED]
    desk.relay.refuse_sessions = False
    desk.clock.advance(timedelta(seconds=61))
    await crew.look()
    assert desk.relay.accepted == []  # the second pause is twice as long
    desk.clock.advance(timedelta(seconds=61))
    await crew.look()
    assert [each.state for each in crew.ended] == [RunState.PAUSED, RunState.SENT]
    assert len(desk.relay.accepted) == 2


async def test_somebody_s_word_is_quicker_than_the_pause(desk: Desk, run: Run) -> None:
    """``mailer resume`` does not wait for the next try."""
    crew = Crew(desk)
    desk.relay.refuse_sessions = True
    await crew.look()
    desk.relay.refuse_sessions = False
    await crew.look(eager=True)
    assert len(desk.relay.accepted) == 2


async def test_a_daemon_that_stops_leaves_its_run_as_it_is(
    desk: Desk, run: Run
) -> None:
    """It is sending still, and the next daemon goes on."""
    crew = Crew(desk)
    await crew.senders.look()
    await crew.senders.drain()
    (left,) = await desk.ledger.runs()
    assert left.state is RunState.SENDING
    await crew.look()
    assert desk.relay.accepted == []  # it begins nothing any more
    heir = Crew(desk)
    await heir.look()
    assert len(desk.relay.accepted) == 2


async def test_a_run_that_another_process_sends_is_left_alone(
    desk: Desk, run: Run
) -> None:
    """Until that one is gone; then it is taken over."""
    crew = Crew(desk)
    async with desk.ledger.sole_sender(run):
        await crew.look()
    assert (crew.ended, desk.relay.accepted) == ([], [])
    await crew.look()
    assert desk.relay.accepted == []
    desk.clock.advance(timedelta(seconds=61))
    await crew.look()
    assert len(desk.relay.accepted) == 2


@pytest.mark.parametrize(
    ("state", "held", "reason", "goes_on"),
    [
        (RunState.SENDING, False, say("x"), True),
        (RunState.ARMED, False, say("x"), True),
        (RunState.PAUSED, False, say("the disk is full"), True),
        (RunState.PAUSED, True, say("held by the operator"), False),
        (RunState.PAUSED, False, STOPPED, False),
        (RunState.CANCELLED, False, say("x"), False),
        (RunState.SENT, False, say("x"), False),
    ],
)
def test_what_a_person_stopped_waits_for_a_person(
    run: Run, state: RunState, held: bool, reason: str, goes_on: bool
) -> None:
    """A pause that nobody asked for ends by itself."""
    left = replace(run, state=state, held=held, reason=reason)
    assert is_to_be_sent(left) is goes_on
