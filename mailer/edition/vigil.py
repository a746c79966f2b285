"""What a coming departure needs, so that a person knows before the readers do.

Pure: facts and the hour in, needs out. Whoever meets a need keeps that it was met, and
hears of it no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Need(StrEnum):
    """Something to be done about a departure, once for each slot."""

    PROOF = "proof"
    """The edition to fixed addresses: nobody has approved it yet."""
    ALARM = "alarm"
    """A word to the operators: nothing is ready to leave."""
    EDITED = "edited"
    """The same after an approval was lost: it was ready, and is not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How long before a departure each need arises; None: never."""

    proof: timedelta | None
    alarm: timedelta | None

    @property
    def begins(self) -> timedelta:
        """How long before a departure there may be anything to do."""
        return max(self.proof or timedelta(0), self.alarm or timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How things stand with a departure.

    ``exists``: there is an edition that can be rendered. ``approved``: somebody's word
    holds. ``edited``: somebody's word held, and the edition is another now. ``ready``:
    it would leave at its hour. ``settled``: it has left, or never will. ``met`` are the
    needs that were met already.
    """

    exists: bool = False
    approved: bool = False
    edited: bool = False
    ready: bool = False
    settled: bool = False
    met: frozenset[Need] = frozenset()


def what_is_needed(
    due: datetime, found: Readiness, watch: Watch, *, now: datetime
) -> tuple[Need, ...]:
    """What is to be done at *now* about what departs at *due*."""
    if found.settled:
        return ()
    needs = []
    if found.exists and not found.approved and _is_time(due, watch.proof, now):
        needs.append(Need.PROOF)
    if not found.ready and _is_time(due, watch.alarm, now):
        needs.append(Need.EDITED if found.edited else Need.ALARM)
    return tuple(need for need in needs if need not in found.met)


def _is_time(due: datetime, before: timedelta | None, now: datetime) -> bool:
    return before is not None and now >= due - before
