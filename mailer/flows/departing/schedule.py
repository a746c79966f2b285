"""One tick of the calendar: whose hour has come, and what became of it.

Between two ticks anything may have happened: a night of sleep, another clock, another
daemon. So a tick asks nothing of the one before. It lists the slots whose hour is near
or was not long ago; what happened to each stands in its row, and whoever wins a row
decides. A slot that came too late is held, and told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import structlog

from mailer.edition.agenda import Departure
from mailer.errors import MailerError, StoreError
from mailer.flows.departing.slots import Slot, Slots, SlotState
from mailer.flows.ports import Ledger, Run, RunState
from mailer.phrases import NOTHING, Phrase, lasting, say, verbatim

log = structlog.get_logger()

_ON_TIME = timedelta(minutes=2)
"""Later than that it is told, though it leaves."""

_LOOK_BACK = timedelta(days=31)
"""Slots missed longer ago than that are history."""

_LEASE = timedelta(minutes=1)
"""Long enough to render a long edition and to freeze a large audience.

Who takes over too early finds the run opened, and opens no second one.
"""

_KEPT = 500
"""Rows read a tick: as many as ten daily publications have within the look back."""


class Kind(StrEnum):
    """What can become of a slot whose hour is near."""

    DEPARTED = "departed"
    LATE = "late"
    WAITING = "waiting"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one tick changed about one slot; LATE is DEPARTED after its hour."""

    kind: Kind
    departure: Departure
    run: Run | None = None
    reason: Phrase = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Everything a tick works with.

    ``agenda`` gives the departures due after one moment and up to another. ``arm``
    opens the run of a departure, or raises what keeps it from leaving. ``ahead`` is how
    long before its hour a run is opened.
    """

    slots: Slots
    ledger: Ledger
    agenda: Callable[[datetime, datetime], Sequence[Departure]]
    arm: Callable[[Departure], Awaitable[Run]]
    owner: str
    catch_up: timedelta
    ahead: timedelta = timedelta(0)


async def tick(now: datetime, table: Timetable) -> list[News]:
    """Do at *now* whatever is due; at most one edition of a publication leaves.

    Raises StoreError if the database cannot say what happened: then nothing leaves.
    """
    news: list[News] = []
    left: set[str] = set()
    known = _Known(await table.slots.slots(limit=_KEPT))
    for departure in table.agenda(known.since(now, table.catch_up), now + table.ahead):
        if departure.publication in left:
            continue
        if known.settles(departure, now, table.catch_up):
            continue
        slot = await table.slots.open(departure)
        if slot.state is not SlotState.DUE:
            continue
        if told := await _consider(slot, departure, now, table):
            news.append(told)
            if told.run is not None:
                left.add(departure.publication)
    return news


class _Known:
    """The slots there are, and since when there are any of a publication."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._states = {(slot.publication, slot.day): slot.state for slot in slots}
        self._since: dict[str, date] = {}
        newest: dict[str, Slot] = {}
        for slot in slots:
            newest.setdefault(slot.publication, slot)
            first = self._since.setdefault(slot.publication, slot.day)
            self._since[slot.publication] = min(first, slot.day)
        waiting = [slot.due for slot in slots if slot.state is SlotState.DUE]
        self._open = [*waiting, *(slot.due for slot in newest.values())]

    def since(self, now: datetime, catch_up: timedelta) -> datetime:
        """After which moment something may be open: the last slot seen, one that waits."""
        recent = now - catch_up
        earliest = min([recent, *self._open]) - timedelta(seconds=1)
        return max(earliest, min(recent, now - _LOOK_BACK))

    def settles(self, departure: Departure, now: datetime, catch_up: timedelta) -> bool:
        """Whether nothing is to be done: it has left, or it is from before our time.

        A calendar that is new looks back as far as something may still leave, and only
        where there is something that could: nobody is told of what came before it.
        """
        state = self._states.get((departure.publication, departure.day))
        if state is not None:
            return state is not SlotState.DUE
        since = self._since.get(departure.publication)
        if since is not None and departure.day > since:
            return False
        late = now - departure.due
        return late > catch_up or (late > timedelta(0) and not departure.editions)


async def _consider(
    slot: Slot, departure: Departure, now: datetime, table: Timetable
) -> News | None:
    """Decide about a due *slot*; None if somebody else does, or nothing is new."""
    late = now - departure.due
    if departure.edition is not None:
        earlier = await table.ledger.runs(edition=departure.edition, limit=1)
        if earlier:
            # Sent by hand, or by a daemon that died before it could write that down.
            await _end(slot, now, table, SlotState.DEPARTED, run=earlier[0].name)
            return None
    if late > table.catch_up:
        reason = _too_late(late, departure)
        done = await _end(slot, now, table, SlotState.MISSED, reason=reason)
        return (
            News(kind=Kind.MISSED, departure=departure, reason=reason) if done else None
        )
    if await _is_busy(departure.publication, table):
        return None
    mine = await table.slots.claim(slot, owner=table.owner, now=now, lease=_LEASE)
    if mine is None:
        return None
    try:
        if departure.edition is None:
            return await _wait(mine, departure, _nothing_fits(departure), table)
        run = await table.arm(departure)
    except StoreError:
        await table.slots.release(mine, reason=slot.reason)
        raise
    except MailerError as error:
        return await _wait(mine, departure, verbatim(error), table)
    await table.slots.settle(mine, SlotState.DEPARTED, run=run.name)
    kind = Kind.LATE if late > _ON_TIME else Kind.DEPARTED
    reason = say("{time} late", time=lasting(late.total_seconds()))
    return News(
        kind=kind,
        departure=departure,
        run=run,
        reason=reason if kind is Kind.LATE else NOTHING,
    )


async def _wait(
    mine: Slot, departure: Departure, reason: Phrase, table: Timetable
) -> News | None:
    """Give the slot back: it may leave at a later tick; told when the reason is new."""
    if not await table.slots.release(mine, reason=reason):
        return None
    return News(kind=Kind.WAITING, departure=departure, reason=reason)


async def _end(
    slot: Slot,
    now: datetime,
    table: Timetable,
    state: SlotState,
    *,
    run: str = "",
    reason: Phrase = NOTHING,
) -> bool:
    mine = await table.slots.claim(slot, owner=table.owner, now=now, lease=_LEASE)
    if mine is None:
        return False
    return await table.slots.settle(mine, state, run=run, reason=reason)


async def _is_busy(publication: str, table: Timetable) -> bool:
    """Whether an edition of *publication* is leaving just now: one after the other."""
    return any(
        run.publication == publication
        and run.state not in {RunState.PAUSED, RunState.SENT, RunState.CANCELLED}
        for run in await table.ledger.runs(limit=50)
    )


def _nothing_fits(departure: Departure) -> Phrase:
    if departure.editions:
        return say("{names} bear the same date", names=", ".join(departure.editions))
    return say("no edition is dated {date}", date=departure.day.isoformat())


def _too_late(late: timedelta, departure: Departure) -> Phrase:
    by = lasting(late.total_seconds())
    if departure.edition is None:
        return say("nothing to send, and it is {time} late", time=by)
    return say(
        "{time} late, more than [send] catch_up: mailer send {name} sends it by hand",
        time=by,
        name=verbatim(departure.edition),
    )
