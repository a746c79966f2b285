"""A run stopped by hand: paused until somebody resumes it, or cancelled for good.

The state of the run is written first and in a transaction of its own: no message is
marked as being handed over after that, whoever sends. Rows follow in parts, so that
nobody waits long for the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from mailer.delivery.ledger import MOVES, State
from mailer.errors import GuardError
from mailer.flows.ports import Run, RunState
from mailer.phrases import Phrase, say, verbatim
from mailer.store.codec import dump_phrase
from mailer.store.ledger.runs import as_run
from mailer.store.schema import delivery
from mailer.store.schema import run as run_table

_ENDED = (RunState.SENT, RunState.CANCELLED)
_PART = 10_000
_WITHDRAWABLE = tuple(s for s, ends in MOVES.items() if State.WITHDRAWN in ends)


def mark(
    connection: Connection,
    which: Run,
    state: RunState,
    now: datetime,
    reason: Phrase,
    *,
    held: bool = False,
    patient_from: datetime | None = None,
) -> Run:
    """Move *which* to *state* for whoever sends it, and say how it stands.

    Somebody's word is not overruled: a cancelled run stays so, and one held meanwhile
    is not resumed by whoever has not seen it (GuardError), nor is its reason lost.
    """
    found = _state(connection, which)
    if state is RunState.SENDING:
        _refuse_stopped(found, which)
        started = patient_from or _patient_from(connection, found, now)
        return _mark(connection, which, state, reason, patient_from=started)
    is_stopped = found.state is RunState.CANCELLED or (
        found.held and state is RunState.PAUSED
    )
    if is_stopped:
        return found
    finished = now if state in _ENDED else None
    return _mark(
        connection,
        which,
        state,
        reason,
        held=held,
        finished=finished,
        patient_from=patient_from or found.patient_from,
    )


def _refuse_stopped(found: Run, seen: Run) -> None:
    if found.state is RunState.CANCELLED:
        message = say("{run} was cancelled, and stays so", run=found.name)
        raise GuardError(message, hint=f"mailer send {found.edition}")
    if found.held and not seen.held:
        message = say("{run} is held ({reason})", run=found.name, reason=found.reason)
        raise GuardError(message, hint=f"mailer resume {found.name}")


def _patient_from(connection: Connection, found: Run, now: datetime) -> datetime | None:
    """Since when deferred readers are waited for: since all had their first chance.

    A run that was held overnight must not give up who was never written to.
    """
    untried = (
        select(delivery.c.subscriber_id)
        .where(delivery.c.run_id == found.id)
        .where(delivery.c.state.in_((State.DUE, State.CLAIMED)))
        .where(delivery.c.attempts == 0)
        .limit(1)
    )
    return found.patient_from if connection.scalar(untried) is None else now


def pause(connection: Connection, which: Run, reason: Phrase) -> Run:
    """Hold *which* until somebody resumes it; GuardError if it is finished."""
    _unfinished(connection, which)
    return _mark(connection, which, RunState.PAUSED, reason, held=True)


def cancel(connection: Connection, which: Run, reason: Phrase, now: datetime) -> Run:
    """End *which*; GuardError if it is finished."""
    _unfinished(connection, which)
    return _mark(connection, which, RunState.CANCELLED, reason, finished=now)


def withdraw(
    connection: Connection, which: Run, now: datetime, limit: int = _PART
) -> int:
    """Withdraw a part of what waits in a cancelled run; how many, 0 at the end.

    What is being handed over is left to its sender: that reader may have it already.
    """
    found = _state(connection, which)
    if found.state is not RunState.CANCELLED:
        return 0
    some = (
        select(delivery.c.subscriber_id)
        .where(delivery.c.run_id == which.id)
        .where(delivery.c.state.in_(_WITHDRAWABLE))
        .limit(limit)
    )
    words = say("cancelled: {reason}", reason=found.reason)
    changed = connection.execute(
        update(delivery)
        .where(delivery.c.run_id == which.id)
        .where(delivery.c.subscriber_id.in_(some))
        .where(delivery.c.state.in_(_WITHDRAWABLE))
        .values(
            state=State.WITHDRAWN,
            next_attempt_at=None,
            lease_until=None,
            reason=str(words if found.reason else say("cancelled")),
            updated_at=now,
        )
    )
    return changed.rowcount


def reopen(
    connection: Connection, which: Run, states: Sequence[State], now: datetime
) -> int:
    """Make rows due again, and be patient with them from *now* on; how many."""
    changed = connection.execute(
        update(delivery)
        .where(delivery.c.run_id == which.id)
        .where(delivery.c.state.in_(list(states)))
        .values(state=State.DUE, next_attempt_at=now, updated_at=now)
    )
    if changed.rowcount:
        connection.execute(
            update(run_table).where(run_table.c.id == which.id).values(patient_from=now)
        )
    return changed.rowcount


def _unfinished(connection: Connection, which: Run) -> None:
    found = _state(connection, which)
    if found.finished is not None:
        message = say(
            "{run} is finished ({state})", run=which.name, state=verbatim(found.state)
        )
        raise GuardError(message, hint=f"mailer status {which.name}")


def _state(connection: Connection, which: Run) -> Run:
    """The run as it stands now; kept so to the end of the transaction."""
    row = select(run_table).where(run_table.c.id == which.id).with_for_update()
    return as_run(connection.execute(row).one())


def _mark(
    connection: Connection,
    which: Run,
    state: RunState,
    reason: Phrase,
    *,
    held: bool = False,
    finished: datetime | None = None,
    **more: datetime | None,
) -> Run:
    row = (
        update(run_table)
        .where(run_table.c.id == which.id)
        .values(
            state=state,
            held=held,
            finished_at=finished,
            reason=str(reason),
            reason_json=dump_phrase(reason),
            **more,
        )
        .returning(*run_table.c)
    )
    return as_run(connection.execute(row).one())
