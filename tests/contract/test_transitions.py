"""Whatever workers, readers and operators do, the ledger keeps its law."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailer.delivery.ledger import MOVES, State
from mailer.flows.ports import Claim, Run
from tests.contract.house import (
    LEASE,
    NOW,
    PAPER,
    House,
    frozen_edition,
    settlement,
)

_AUDIENCE = 5
_OUTCOMES = [State.ACCEPTED, State.DUE, State.REFUSED, State.IN_DOUBT, State.EXPIRED]
_OPEN_AGAIN = [State.DUE, State.REFUSED, State.IN_DOUBT, State.EXPIRED]
_numbers = itertools.count()


class Week(RuleBasedStateMachine):
    """One run, and everything that may happen to it, in any order."""

    def __init__(self, runner: asyncio.Runner, house: House) -> None:
        super().__init__()
        self.do = runner.run
        self.house = house
        self.now = NOW
        self.claims: list[Claim] = []
        self.states: dict[str, State] = {}
        self.run: Run | None = None
        self.paper = replace(PAPER, id=f"paper-{next(_numbers)}")

    @initialize()
    def open(self) -> None:
        emails = [f"r{n}@{self.paper.id}.example" for n in range(_AUDIENCE)]
        self.do(self.house.admit(*emails, publication=self.paper.id))
        edition = frozen_edition(publication=self.paper)
        self.run = self.do(self.house.ledger.open_run(edition, now=NOW))
        self.states = dict.fromkeys(emails, State.DUE)

    @rule(limit=st.integers(1, _AUDIENCE))
    def claim(self, limit: int) -> None:
        self.claims += self.do(self.house.claim(self.run, limit=limit, now=self.now))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def hand_over(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        before = self.states[claim.email]
        done = self.do(self.house.hand_over(claim, now=self.now))
        assert done == (before is State.CLAIMED and self._newest(claim))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), state=st.sampled_from(_OUTCOMES))
    def settle(self, data: st.DataObject, state: State) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        before = self.states[claim.email]
        later = self.now + timedelta(minutes=1) if state is State.DUE else None
        written = settlement(claim, state, next_attempt=later)
        self.do(self.house.settle(written, now=self.now))
        held = before in {State.CLAIMED, State.HANDING_OVER} and self._newest(claim)
        expected = state if held and state in MOVES[before] else before
        assert self._read()[claim.email] is expected

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(self.claims), unique=True))
        self.do(self.house.ledger.release(some))

    @rule(all_leases=st.booleans())
    def recover(self, all_leases: bool) -> None:
        self.do(
            self.house.ledger.recover(self.run, now=self.now, all_leases=all_leases)
        )

    @rule(states=st.lists(st.sampled_from(_OPEN_AGAIN), unique=True))
    def reopen(self, states: list[State]) -> None:
        self.do(self.house.ledger.reopen(self.run, states=states, now=self.now))

    @rule()
    def expire(self) -> None:
        self.do(self.house.ledger.expire(self.run, now=self.now))

    @rule(number=st.integers(0, _AUDIENCE - 1), leaves=st.booleans())
    def lose_a_reader(self, number: int, leaves: bool) -> None:
        email = f"r{number}@{self.paper.id}.example"
        readers = self.house.readers
        if leaves:
            self.do(readers.leave(email, publication=None, now=self.now))
        else:
            self.do(self.house.suppress(email))

    @rule(lease=st.sampled_from([LEASE, LEASE / 3]))
    def let_time_pass(self, lease: timedelta) -> None:
        self.now += lease

    @invariant()
    def every_move_is_lawful(self) -> None:
        """No row leaves the audience, and each one's move stands in the table."""
        if self.run is None:
            return
        after = self._read()
        assert after.keys() == self.states.keys()
        for email, state in after.items():
            before = self.states[email]
            assert state is before or state in MOVES[before], (before, state)
        self.states = after

    @invariant()
    def what_waits_has_a_date(self) -> None:
        """Nothing waits for ever: the next attempt is None only at the end."""
        if self.run is None:
            return
        waits = not {State.DUE, State.CLAIMED, State.HANDING_OVER}.isdisjoint(
            self.states.values()
        )
        upcoming = self.do(self.house.ledger.next_attempt(self.run))
        assert (upcoming is not None) == waits

    def _read(self) -> dict[str, State]:
        return self.do(self.house.states(self.run))

    def _newest(self, claim: Claim) -> bool:
        """Whether nobody has claimed or recovered the row since: its fence stands."""
        return claim.fence == self.do(self.house.store.read(_fences(claim)))


def _fences(claim: Claim):
    query = (
        f"SELECT fence FROM delivery WHERE run_id = {claim.run}"  # noqa: S608
        f" AND subscriber_id = {claim.subscriber}"
    )
    return lambda connection: connection.exec_driver_sql(query).scalar_one()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_the_ledger_keeps_its_law(runner: asyncio.Runner, url: str) -> None:
    """The tally balances after every step, and every move stands in the table."""
    house = runner.run(House.open(url))
    try:
        run_state_machine_as_test(
            lambda: Week(runner, house),
            settings=settings(
                max_examples=12, stateful_step_count=20, deadline=None, database=None
            ),
        )
    finally:
        runner.run(house.store.close())
