"""The two hot statements of the ledger, as text on the driver's own connection.

Everything that happens per message is here: writing what became of it, and marking that
the next one is being handed over. Both go in groups, one transaction for all connections
(``flows.sending.bookkeeper``), and neither touches an index. SQLite gets two prepared
statements, PostgreSQL one statement and so one round trip.

A claim carries a fence: each new claim of a row raises it, and no statement of an older
claim changes the row any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailer.delivery.ledger import MOVES, State, is_end
from mailer.delivery.reply import Fault
from mailer.flows.ports import Claim, Settlement
from mailer.store.schema import microseconds

if TYPE_CHECKING:
    import sqlite3

    import psycopg

_LONGEST = 1000  # a line of a reply is at most 512 octets: RFC 5321 section 4.5.3.1.5
_HELD = (State.CLAIMED, State.HANDING_OVER)
_FROM = {
    state: tuple(str(held) for held in _HELD if state in MOVES[held])
    for state in State
    if state is State.DUE or is_end(state)
}
"""From a state that an attempt may leave to those in which a claim may stand before."""

# Promises: writes what became of a claim, if the claim is still ours and the table of
# moves has a line for it; counts the attempt.
_SETTLE = """\
UPDATE delivery SET state = ?, attempts = attempts + ?, next_attempt_at = ?,
 lease_until = NULL, relay = ?, stage = ?, code = ?, enhanced = ?, reply = ?, reason = ?,
 updated_at = ?
WHERE run_id = ? AND subscriber_id = ? AND fence = ? AND state IN (?, ?)"""

# Promises: marks a claimed row as being handed over, if the claim is still ours.
_MARK = """\
UPDATE delivery SET state = 'handing over', updated_at = ?
WHERE run_id = ? AND subscriber_id = ? AND fence = ? AND state = 'claimed'"""

_STANDING = "SELECT state, reason, reason_json FROM run WHERE id = ?"

# Promises: both of the above in one round trip; the rows that were marked come back.
_POST = """\
WITH standing AS (SELECT state, reason, reason_json FROM run WHERE id = %(run)s),
outcome AS (
  UPDATE delivery d SET state = o.state, attempts = d.attempts + o.spent,
   next_attempt_at = o.next_attempt, lease_until = NULL, relay = o.relay,
   stage = o.stage, code = o.code, enhanced = o.enhanced, reply = o.reply,
   reason = o.reason, updated_at = %(now)s
  FROM unnest(%(state)s::text[], %(spent)s::int[], %(next)s::bigint[],
   %(relay)s::text[], %(stage)s::text[], %(code)s::int[], %(enhanced)s::text[],
   %(reply)s::text[], %(reason)s::text[], %(settled)s::bigint[], %(fences)s::int[],
   %(before)s::text[], %(or_before)s::text[])
   AS o(state, spent, next_attempt, relay, stage, code, enhanced, reply, reason,
    subscriber, fence, before, or_before)
  WHERE d.run_id = %(run)s AND d.subscriber_id = o.subscriber AND d.fence = o.fence
   AND d.state IN (o.before, o.or_before)
),
mark AS (
  UPDATE delivery d SET state = 'handing over', updated_at = %(now)s
  FROM unnest(%(marked)s::bigint[], %(mark_fences)s::int[]) AS m(subscriber, fence),
   standing
  WHERE d.run_id = %(run)s AND d.subscriber_id = m.subscriber AND d.fence = m.fence
   AND d.state = 'claimed' AND standing.state = 'sending'
  RETURNING d.subscriber_id
)
SELECT standing.state, standing.reason, standing.reason_json,
 ARRAY(SELECT subscriber_id FROM mark) FROM standing"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How the run stands, as its row says, and whether each mark holds."""

    state: str
    reason: str
    reason_json: str | None
    held: Sequence[bool]


def post_sqlite(
    connection: sqlite3.Connection,
    run: int,
    settlements: Sequence[Settlement],
    marks: Sequence[Claim],
    now: int,
    meanwhile: Callable[[], object] | None,
) -> Posted:
    """One group on SQLite; *now* in microseconds. Durable when it returns.

    Three quarters of its time is the disk's: *meanwhile* is called as that begins.
    """
    execute = connection.execute
    # IMMEDIATE: to become a writer in mid-transaction may fail, to begin as one waits.
    execute("BEGIN IMMEDIATE")
    try:
        if settlements:
            rows = [
                (*values, now, run, subscriber, fence, *before)
                for values, subscriber, fence, before in map(_outcome, settlements)
            ]
            connection.executemany(_SETTLE, rows)
        state, reason, reason_json = execute(_STANDING, (run,)).fetchone()
        held: list[bool] = [False] * len(marks)
        if marks and state == "sending":
            held = [
                execute(_MARK, (now, run, claim.subscriber, claim.fence)).rowcount == 1
                for claim in marks
            ]
        if meanwhile:
            meanwhile()
        execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            execute("ROLLBACK")
        raise
    return Posted(state=state, reason=reason, reason_json=reason_json, held=held)


def post_postgres(
    connection: psycopg.Connection[Any],
    run: int,
    settlements: Sequence[Settlement],
    marks: Sequence[Claim],
    now: int,
    meanwhile: Callable[[], object] | None,
) -> Posted:
    """One group on PostgreSQL, whose connection commits by itself."""
    outcomes = [_outcome(settlement) for settlement in settlements]
    columns: list[list[Any]] = [[] for _ in range(9)]
    for values, *_ in outcomes:
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    named = dict(zip(_COLUMNS, columns, strict=True))
    if meanwhile:
        meanwhile()
    row = connection.execute(
        _POST,
        {
            **named,
            "run": run,
            "now": now,
            "settled": [subscriber for _, subscriber, _, _ in outcomes],
            "fences": [fence for _, _, fence, _ in outcomes],
            "before": [before[0] for *_, before in outcomes],
            "or_before": [before[1] for *_, before in outcomes],
            "marked": [claim.subscriber for claim in marks],
            "mark_fences": [claim.fence for claim in marks],
        },
        prepare=True,
    ).fetchone()
    if row is None:
        message = f"there is no run {run}"
        raise LookupError(message)
    state, reason, reason_json, marked = row
    held = set(marked)
    return Posted(
        state=state,
        reason=reason,
        reason_json=reason_json,
        held=[claim.subscriber in held for claim in marks],
    )


_COLUMNS = "state spent next relay stage code enhanced reply reason".split()


def check_settlement(settlement: Settlement) -> None:
    """Raise ValueError for what would leave a row that nothing ever moves again."""
    state, later = settlement.state, settlement.next_attempt
    if (state is State.DUE) != (later is not None):
        message = f"{state} with next attempt {later}: due needs one, an end has none"
        raise ValueError(message)
    if not _FROM.get(state):
        message = f"an attempt does not leave a delivery {state}"
        raise ValueError(message)


def _outcome(settlement: Settlement) -> tuple[tuple[Any, ...], int, int, Sequence[str]]:
    """What is written of *settlement*, its row, its fence, the states before."""
    claim, attempt, verdict = settlement.claim, settlement.attempt, settlement.verdict
    reply = attempt.reply
    before = _FROM[settlement.state]
    values = (
        str(settlement.state),
        # Our own configuration refused: the reader's attempts are not spent.
        0 if verdict.fault is Fault.RUN or not settlement.tried else 1,
        microseconds(settlement.next_attempt),
        attempt.relay,
        str(attempt.stage),
        reply.code if reply else None,
        reply.enhanced if reply else "",
        reply.text[:_LONGEST] if reply else "",
        str(verdict.reason)[:_LONGEST],
    )
    return values, claim.subscriber, claim.fence, (before[0], before[-1])
