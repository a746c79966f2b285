"""Numbers about the whole house, for whoever watches it from outside: a port, a reading.

Never an address: what leaves the machine as a metric counts people, and names nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailer.delivery.report import Tally
from mailer.flows.ports import Run
from mailer.flows.sending.meter import Meter


class Figures(Protocol):
    """What the database counts. StoreError where it cannot say."""

    async def ping(self) -> str:
        """The schema that the database has: it answers, and it is the one we know."""

    async def subscribers(self) -> Mapping[tuple[str, str], int]:
        """How many stand where: by publication and standing."""

    async def suppressed(self) -> Mapping[str, int]:
        """How many addresses must not be written to, by reason."""

    async def last_sent(self) -> Mapping[str, datetime]:
        """When the last edition of each publication was sent to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReading:
    """A relay: whether it carries, and how fast; ``rate`` None is as fast as it takes."""

    is_up: bool
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextReading:
    """The next departure of a publication, and whether somebody approved its edition."""

    at: datetime
    is_approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that is watched, at one moment.

    Where the database does not answer (``database_up``), what it counts is missing.
    ``lag_seconds`` is how late the loop was at worst in the last minute.
    """

    now: datetime
    version: str
    started: datetime
    lag_seconds: float
    meter: Meter
    publications: Sequence[str]
    relays: Mapping[str, RelayReading]
    lanes: Mapping[str, float]
    database_up: bool
    ticked: datetime | None = None
    disk_free_bytes: int | None = None
    runs: Sequence[tuple[Run, Tally]] = ()
    subscribers: Mapping[tuple[str, str], int] = field(default_factory=dict)
    suppressed: Mapping[str, int] = field(default_factory=dict)
    last_sent: Mapping[str, datetime] = field(default_factory=dict)
    next: Mapping[str, NextReading] = field(default_factory=dict)
