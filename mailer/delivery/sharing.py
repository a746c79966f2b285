"""What is kept of the pace, and how processes on one store share it.

Each process says now and then what it did (``PaceReport``) and is told what it may do
(``PaceAnswer``). In between it asks nobody. ``meet`` brings a report into the kept
state; whoever keeps the state runs it in one transaction, so that two processes never
book the same room, and nobody misses that a provider has asked us to slow down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailer.delivery.limiter import FORGOTTEN, Slowness
from mailer.delivery.quota import (
    Account,
    Quotas,
    Room,
    alive,
    at,
    booked,
    room,
    spent,
    written_off,
)

_NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceState:
    """What outlives a process: accounts, who gave way, who is at work.

    ``full_at`` are the buckets of rates so slow that a restart would be a gift.
    """

    accounts: Mapping[str, Account] = field(default_factory=dict)
    relays: Mapping[str, Slowness] = field(default_factory=dict)
    lanes: Mapping[str, Slowness] = field(default_factory=dict)
    full_at: Mapping[str, float] = field(default_factory=dict)
    workers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What one process gave to a relay since it last said so, and how much it wants.

    ``held`` is what it may still give: booked, and not spent.
    """

    quotas: Quotas
    spent: int
    held: int
    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceReport:
    """What one process has to say. ``leaving``: its credits are given back."""

    worker: str
    now: float
    drawn: Mapping[str, Drawn] = field(default_factory=dict)
    relays: Mapping[str, Slowness] = field(default_factory=dict)
    lanes: Mapping[str, Slowness] = field(default_factory=dict)
    full_at: Mapping[str, float] = field(default_factory=dict)
    leaving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceAnswer:
    """What it is told: the state now, messages granted by relay, and what is left.

    ``is_new`` if it was not known as being at work.
    """

    report: PaceReport
    state: PaceState
    granted: Mapping[str, tuple[int, Room]]
    is_new: bool


def meet(state: PaceState, report: PaceReport) -> PaceAnswer:
    """Bring *report* into *state*."""
    now, worker = report.now, report.worker
    workers = alive(state.workers, now)
    is_new = worker not in workers
    if report.leaving:
        workers.pop(worker, None)
    else:
        workers[worker] = now
    accounts = {
        name: written_off(account, {*workers, worker}, now)
        for name, account in state.accounts.items()
    }
    granted: dict[str, tuple[int, Room]] = {}
    for name, drawn in report.drawn.items():
        account = at(accounts.get(name, Account()), drawn.quotas, now)
        account = spent(account, drawn.spent, now)
        held = 0 if report.leaving else drawn.held
        account = booked(account, worker, held)
        left = room(account, drawn.quotas) or Room(_NO_LIMIT)
        more = 0 if report.leaving else max(0, drawn.wanted - held)
        # While others send too nobody takes all that is left.
        more = min(more, -(-left.messages // max(len(workers), 1)))
        granted[name] = more, Room(left.messages - more, left.again_at)
        accounts[name] = booked(account, worker, held + more)
    return PaceAnswer(
        report=report,
        state=PaceState(
            accounts=accounts,
            relays=_latest(state.relays, report.relays, now),
            lanes=_latest(state.lanes, report.lanes, now),
            full_at=_fullest(state.full_at, report.full_at, now),
            workers=workers,
        ),
        granted=granted,
        is_new=is_new,
    )


def _latest(
    kept: Mapping[str, Slowness], said: Mapping[str, Slowness], now: float
) -> dict[str, Slowness]:
    """Of each name what was heard last; of the same slow-down the best recovery."""
    merged = dict(kept)
    for name, slowness in said.items():
        known = merged.get(name)
        if known is None or _rank(slowness) >= _rank(known):
            merged[name] = slowness
    return {n: s for n, s in merged.items() if now - s.slowed_at < FORGOTTEN}


def _rank(slowness: Slowness) -> tuple[float, float]:
    return slowness.slowed_at, float("inf") if slowness.rate is None else slowness.rate


def _fullest(
    kept: Mapping[str, float], said: Mapping[str, float], now: float
) -> dict[str, float]:
    names = {*kept, *said}
    fullest = {name: max(kept.get(name, 0.0), said.get(name, 0.0)) for name in names}
    return {name: moment for name, moment in fullest.items() if moment > now}
