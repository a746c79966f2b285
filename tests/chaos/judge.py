"""The judge: what readers have, against what the ledger says of them.

Pure: evidence in, a verdict out. Copies come from the relay, states from the rows, sums
from ``mailer status --json``, the audience and who left from the harness, which knows
them without asking the program.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

ENDS = ("accepted", "refused", "in doubt", "withdrawn", "expired")
"""Where a delivery may stand when its run is over."""

_MAY_HAVE = {"accepted", "in doubt", "handing over"}


class Taken(Protocol):
    """A copy that the relay has; ``data`` is when it heard the DATA of it."""

    @property
    def recipient(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def data(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the ledger."""

    email: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything known of one run.

    ``crashes`` are kills, take-overs and deaths of the relay: each leaves at most one
    message per connection unknown. ``silences`` are answers to a body that the relay
    itself withheld, by recipient. ``left`` is when a reader's leaving was confirmed, on
    the clock of the copies.
    """

    audience: Sequence[str]
    rows: Sequence[Row]
    status: Mapping[str, object]
    copies: Sequence[Taken]
    mode: str = "hold"
    crashes: int = 0
    connections: int = 1
    silences: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, float] = field(default_factory=dict)
    faults: Sequence[str] = ()
    must_finish: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Counts for the table, and every promise that was broken, in words."""

    counts: Mapping[str, int]
    broken: Sequence[str]


def judge(evidence: Evidence) -> Verdict:
    """Hold *evidence* against every promise."""
    copies = Counter(copy.recipient for copy in evidence.copies)
    states = {row.email: row.state for row in evidence.rows}
    lost = [
        reader
        for reader in evidence.audience
        if not copies[reader] and states.get(reader, "accepted") == "accepted"
    ]
    twice = [reader for reader, count in copies.items() if count > 1]
    extra = sum(copies[reader] - 1 for reader in twice)
    allowed = evidence.crashes * evidence.connections + sum(evidence.silences.values())
    broken = [
        *evidence.faults,
        *(f"lost: {reader} has no copy, and nothing says so" for reader in lost),
        *_rows(evidence),
        *_sums(evidence),
        *_states(evidence, copies),
        *_identities(evidence),
        *_leavers(evidence),
    ]
    in_doubt = sum(state == "in doubt" for state in states.values())
    if in_doubt > allowed:
        broken.append(f"{in_doubt} in doubt, more than {allowed}")
    if evidence.mode == "hold":
        broken += [f"doubled: {reader} has {copies[reader]}" for reader in twice]
    else:
        if extra > allowed:
            broken.append(f"{extra} extra copies, more than {allowed}")
        for reader in twice:
            most = 1 + evidence.crashes + evidence.silences.get(reader, 0)
            if copies[reader] > most:
                broken.append(f"{reader} has {copies[reader]} copies, not {most}")
    return Verdict(
        counts={
            "crashes": evidence.crashes,
            "readers": len(evidence.audience),
            "copies": copies.total(),
            "lost": len(lost),
            "doubled": len(twice) if evidence.mode == "hold" else 0,
            "again": extra if evidence.mode == "resend" else 0,
            "in doubt": in_doubt,
            "allowed": allowed,
            "refused": sum(state == "refused" for state in states.values()),
            "withdrawn": sum(state == "withdrawn" for state in states.values()),
            "expired": sum(state == "expired" for state in states.values()),
        },
        broken=broken,
    )


def _rows(evidence: Evidence) -> list[str]:
    """Everybody of the frozen audience has one row, and nobody else has."""
    named = Counter(row.email for row in evidence.rows)
    audience = set(evidence.audience)
    broken = [f"{reader} has no row" for reader in audience - named.keys()]
    broken += [f"{email} was not in the audience" for email in named.keys() - audience]
    broken += [f"{email} has {n} rows" for email, n in named.items() if n > 1]
    if evidence.must_finish:
        broken += [
            f"{row.email} is still {row.state}"
            for row in evidence.rows
            if row.state not in ENDS
        ]
    return broken


def _sums(evidence: Evidence) -> list[str]:
    """``mailer status`` says what the rows say."""
    counted = Counter(row.state for row in evidence.rows)
    expected: dict[str, object] = {
        state.replace(" ", "_"): counted[state] for state in ENDS
    }
    expected |= {"audience": len(evidence.audience), "balanced": True}
    if evidence.must_finish:
        expected |= {"waiting": 0, "state": "sent"}
    return [
        f"status says {key} {evidence.status.get(key)!r}, the rows {value!r}"
        for key, value in expected.items()
        if evidence.status.get(key) != value
    ]


def _states(evidence: Evidence, copies: Counter[str]) -> list[str]:
    """Who has a copy is accepted or in doubt; who has none knows why."""
    broken = []
    for row in evidence.rows:
        has = copies[row.email]
        wants_reason = row.state in {"refused", "in doubt", "expired", "withdrawn"}
        if wants_reason and not row.reason:
            broken.append(f"{row.email} is {row.state} without a reason")
        # Resent: a copy of before may stand beside a later refusal.
        if has and row.state not in _MAY_HAVE and evidence.mode == "hold":
            broken.append(f"{row.email} has a copy and is {row.state}")
        is_late = evidence.mode == "resend" and evidence.must_finish
        if is_late and row.state == "in doubt":
            broken.append(f"{row.email} was left in doubt, not sent again")
    known = {row.email for row in evidence.rows}
    broken += [f"{who} got what is not theirs" for who in copies.keys() - known]
    return broken


def _identities(evidence: Evidence) -> list[str]:
    """Copies of one reader are one message; those of two are two."""
    ids: dict[str, set[str]] = defaultdict(set)
    bodies: dict[str, set[str]] = defaultdict(set)
    for copy in evidence.copies:
        ids[copy.recipient].add(copy.message_id)
        bodies[copy.recipient].add(copy.digest)
    broken = [
        f"{reader} has copies with {len(found)} Message-IDs"
        for reader, found in ids.items()
        if len(found) > 1
    ]
    broken += [
        f"the copies of {reader} differ"
        for reader, found in bodies.items()
        if len(found) > 1
    ]
    shared = Counter(each for found in ids.values() for each in found)
    broken += [f"{n} readers share {each}" for each, n in shared.items() if n > 1]
    return broken


def _leavers(evidence: Evidence) -> list[str]:
    """Nobody is written to who had left before the relay heard their DATA."""
    return [
        f"{copy.recipient} had left {copy.data - gone:.3f} s before their DATA"
        for copy in evidence.copies
        if (gone := evidence.left.get(copy.recipient)) is not None and gone < copy.data
    ]
