"""A paid membership as its provider tells it, whatever the order its events come in.

Providers send events late, twice and in any order. What is known after a set of events
depends on the set alone: the farthest day that was paid for, the latest state, the
first address. Nothing here reads a clock: an event carries the moment it happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_EVER = datetime.max.replace(tzinfo=UTC)
_BEFORE = datetime.min.replace(tzinfo=UTC)


class Phase(StrEnum):
    """Where a provider says that a membership stands."""

    ACTIVE = "active"
    LATE = "late"
    ENDED = "ended"


_RANKS = {Phase.ACTIVE: 0, Phase.LATE: 1, Phase.ENDED: 2}
"""Of two states of the same second the sadder one is the later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to the membership ``key`` of ``provider``.

    ``paid_until`` is a moment that was paid for. ``phase`` is where it stands since
    ``at``, None if the event does not say; ``runs_until`` is the end of an active one,
    None for no end. ``email`` and ``publication`` may be said by other events.
    """

    provider: str
    id: str
    key: str
    at: datetime
    email: str = ""
    name: str = ""
    publication: str = ""
    paid_until: datetime | None = None
    phase: Phase | None = None
    runs_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patron:
    """What the events of one membership add up to."""

    provider: str
    key: str
    email: str = ""
    email_at: datetime = _EVER
    name: str = ""
    publication: str = ""
    publication_at: datetime = _EVER
    paid_until: datetime | None = None
    phase: Phase | None = None
    phase_at: datetime = _BEFORE
    runs_until: datetime | None = None

    def heard(self, event: Event) -> Patron:
        """What is known once *event* is."""
        known = self
        if event.email and (event.at, event.email) < (known.email_at, known.email):
            known = replace(known, email=event.email, email_at=event.at)
        if event.name:
            known = replace(known, name=max(known.name, event.name))
        said = (event.at, event.publication)
        if event.publication and said < (known.publication_at, known.publication):
            known = replace(
                known, publication=event.publication, publication_at=event.at
            )
        if event.paid_until is not None:
            farthest = max(event.paid_until, known.paid_until or _BEFORE)
            known = replace(known, paid_until=farthest)
        if event.phase is not None and _order(event.at, event) > _order(
            known.phase_at, known
        ):
            known = replace(
                known,
                phase=event.phase,
                phase_at=event.at,
                runs_until=event.runs_until,
            )
        return known

    def ends(self, grace: timedelta) -> datetime | None:
        """The moment it ends, *grace* after what was paid for; ``datetime.max``: never.

        None if it is no membership: not paid for yet, or ended. Where a payment is late,
        what was paid before still counts.
        """
        if self.phase is Phase.ENDED:
            return None
        if self.phase is Phase.ACTIVE and self.runs_until is None:
            return _EVER
        said = [self.paid_until] if self.paid_until else []
        if self.phase is Phase.ACTIVE and self.runs_until:
            said.append(self.runs_until)
        return max(said) + grace if said else None


def _order(at: datetime, said: Event | Patron) -> tuple[datetime, int, datetime]:
    rank = -1 if said.phase is None else _RANKS[said.phase]
    return at, rank, said.runs_until or _EVER


def last_end(patrons: Iterable[Patron], grace: timedelta) -> datetime | None:
    """When the last of one reader's memberships ends; None if they have none."""
    ends = [end for patron in patrons if (end := patron.ends(grace)) is not None]
    return max(ends, default=None)


def is_endless(end: datetime) -> bool:
    """Whether *end* is that of a membership without one."""
    return end == _EVER
