"""What is known of people and no longer needed goes away, a little at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long something is kept; None is for ever.

    ``replies`` counts from the end of a run, ``unconfirmed`` from the request, ``left``
    from the hour at which somebody left the last publication they took. ``measured`` is
    how long a click is kept.
    """

    replies: timedelta | None
    unconfirmed: timedelta | None
    left: timedelta | None = None
    measured: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """Deliveries that lost a relay's words, requests that are gone, readers erased.

    ``polls`` are anonymous ones that ended: their keys and every answer are destroyed,
    their counts stay. ``measured`` are clicks and opened mails.
    """

    replies: int = 0
    unconfirmed: int = 0
    left: int = 0
    polls: int = 0
    measured: int = 0

    def __bool__(self) -> bool:
        counts = (self.replies, self.unconfirmed, self.left, self.polls, self.measured)
        return any(counts)


class Retention(Protocol):
    """The port to what is kept about people. StoreError, and then a part is left."""

    async def due(self, terms: Terms, now: datetime) -> Purged:
        """What a purge would take away; nothing is changed."""

    async def purge(self, terms: Terms, now: datetime) -> Purged:
        """Take it away, in parts, so that nobody waits long for the database.

        Outcomes, codes, consents of readers and suppressions stay. Who left long ago is
        erased as at their own word (``flows.readers.dossier``).
        """
