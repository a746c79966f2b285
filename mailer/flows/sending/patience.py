"""How long deferred readers are waited for: from when all had their first chance."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.delivery.retry import patience
from mailer.edition.calendar import calendar_of
from mailer.edition.model import Publication
from mailer.flows.ports import Claim, Run


class Patience:
    """When what is still deferred in *run* is given up.

    A slow run, or one that was held, has readers who are written to for the first time
    days after it began: it is from then on that it is patient. ``since`` is kept with
    the run when it stops.
    """

    def __init__(
        self, run: Run, publication: Publication, length: timedelta | None
    ) -> None:
        self.since = run.patient_from or run.started
        self.length = length or _usual(run, publication)

    @property
    def give_up(self) -> datetime:
        """When waiting ends."""
        return self.since + self.length

    def see(self, claims: Iterable[Claim], now: datetime) -> None:
        """Somebody has their first chance only now."""
        if any(claim.attempts == 0 for claim in claims):
            self.since = max(self.since, now)


def _usual(run: Run, publication: Publication) -> timedelta:
    """Until the next edition makes this one old."""
    today = run.started.astimezone(ZoneInfo(publication.timezone)).date()
    following = next(iter(calendar_of(publication).days(after=today)), None)
    return patience(today=today, following=following)
