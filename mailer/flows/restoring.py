"""After a restore: nothing leaves by itself that may have left already.

Nor is anybody written to who left, was barred or erased after the backup was made: that
is read from the database that was there, where it can be, and carried over.

A backup does not know what happened after it was made. A run that was open then may have
gone on, a departure of yesterday may be in every reader's mailbox. So all of them are
held, and whoever knows more decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailer.edition.agenda import Departure
from mailer.flows.control import Control
from mailer.flows.departing.slots import Slots, SlotState
from mailer.flows.ports import Ledger, Run
from mailer.phrases import say

_OWNER = "restore"
_LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What waits for a person: runs, and departures whose hour has passed."""

    runs: Sequence[Run]
    departures: Sequence[Departure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """A line of the suppression list, as it is kept."""

    email_key: str
    email: str
    reason: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Who left what, by address and publication, and who is barred."""

    left: Sequence[tuple[str, str]]
    barred: Sequence[Barred]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """What was carried over: subscriptions ended, addresses barred, readers erased."""

    left: int
    barred: int
    erased: int


class Partings(Protocol):
    """The port to who must not be written to any more. StoreError."""

    async def read(self) -> Gone:
        """Everybody who has left something, and the suppression list."""

    async def carry_over(self, gone: Gone, *, now: datetime) -> Parted:
        """End, bar and erase here what is not yet; in one transaction."""


async def withhold(
    ledger: Ledger,
    control: Control,
    slots: Slots,
    *,
    agenda: Callable[[datetime, datetime], Sequence[Departure]],
    now: datetime,
    catch_up: timedelta,
) -> Withheld:
    """Hold every unfinished run, and every departure that would still be caught up."""
    reason = say("restored from a backup: it may have gone on after that was made")
    runs = [
        await control.pause(run, reason=reason)
        for run in await ledger.runs()
        if run.finished is None
    ]
    too_old = say("restored from a backup: it may have left after that was made")
    waiting = [s.due for s in await slots.slots() if s.state is SlotState.DUE]
    since = min([now - catch_up, *waiting]) - timedelta(seconds=1)
    departures = []
    for departure in agenda(since, now):
        slot = await slots.open(departure)
        if slot.state is not SlotState.DUE:
            continue
        # Nobody else works with the database: a claim that is still there is a dead one's.
        when = max(now, (slot.lease_until or now) + timedelta(microseconds=1))
        mine = await slots.claim(slot, owner=_OWNER, now=when, lease=_LEASE)
        if mine and await slots.settle(mine, SlotState.MISSED, reason=too_old):
            departures.append(departure)
    return Withheld(runs=runs, departures=departures)
