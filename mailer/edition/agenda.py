"""What leaves when: the calendar of a publication beside the editions it has.

A slot is a publication and a local date, the one its edition bears. The hour is the
calendar's, or the edition's own ``send_at``; to change hour or zone moves the slot and
never makes a second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.edition.calendar import Calendar, calendar_of, instant
from mailer.edition.model import Publication

_ASTRAY = timedelta(days=2)
"""No zone is further from UTC, and no clock is set by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """An edition as far as the calendar minds it; ``send_at`` is local wall time."""

    name: str
    day: date
    title: str = ""
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A slot with its hour, and the editions that bear its date.

    More than one is one too many: none of them leaves by itself. ``planned`` says that
    the hour is an edition's own, not the calendar's.
    """

    publication: str
    day: date
    wall: datetime
    zone: str
    editions: tuple[str, ...] = ()
    planned: bool = False

    @property
    def due(self) -> datetime:
        """The moment in UTC."""
        return instant(self.wall, self.zone)

    @property
    def local(self) -> datetime:
        """The moment as clocks of its zone show it, DST nights included."""
        return self.due.astimezone(ZoneInfo(self.zone))

    @property
    def edition(self) -> str | None:
        """The one edition that fits; None without, or with more than one."""
        return self.editions[0] if len(self.editions) == 1 else None


def departures(
    publication: Publication,
    editions: Iterable[Dated],
    *,
    since: datetime,
    until: datetime,
) -> list[Departure]:
    """The slots of *publication* due after *since* and up to *until*, in order."""
    calendar = calendar_of(publication)
    by_day: dict[date, list[Dated]] = {}
    for edition in editions:
        by_day.setdefault(edition.day, []).append(edition)
    first, last = _local(since, -_ASTRAY), _local(until, _ASTRAY)
    planned = {
        day for day, there in by_day.items() if any(each.send_at for each in there)
    }
    found = (
        _departure(publication, calendar, day, by_day.get(day, ()))
        for day in {*_between(calendar, first, last), *planned}
    )
    timed = ((each.due, each.day, each) for each in found if each is not None)
    inside = [found for found in timed if since < found[0] <= until]
    return [departure for _, _, departure in sorted(inside, key=lambda f: f[:2])]


def agenda(
    papers: Iterable[tuple[Publication, Sequence[Dated]]],
    since: datetime,
    until: datetime,
) -> list[Departure]:
    """What of all *papers* is due after *since* and up to *until*, paper by paper."""
    return [
        found
        for publication, editions in papers
        for found in departures(publication, editions, since=since, until=until)
    ]


def coming(
    publication: Publication,
    editions: Sequence[Dated],
    *,
    now: datetime,
    count: int,
) -> list[Departure]:
    """The next *count* slots of *publication*, those due at *now* left out.

    Slots that editions plan by themselves come on top, so that none is hidden.
    """
    calendar = calendar_of(publication)
    day = _local(now, -_ASTRAY)
    ahead: list[Departure] = []
    for each in calendar.days(after=day):
        made = _departure(publication, calendar, each, ())
        if made is not None and made.due > now:
            ahead.append(made)
        if len(ahead) >= count:
            break
    furthest = max(
        [made.due for made in ahead]
        + [
            instant(each.send_at, publication.timezone)
            for each in editions
            if each.send_at
        ],
        default=now,
    )
    return departures(publication, editions, since=now, until=furthest)


def stranded(
    publication: Publication, editions: Iterable[Dated], *, now: datetime
) -> list[Dated]:
    """Editions dated today or later that no slot has: they never leave by themselves."""
    calendar = calendar_of(publication)
    today = now.astimezone(ZoneInfo(publication.timezone)).date()
    return sorted(
        (
            each
            for each in editions
            if each.day >= today
            and each.send_at is None
            and calendar.hour(each.day) is None
        ),
        key=lambda each: (each.day, each.name),
    )


def _departure(
    publication: Publication,
    calendar: Calendar,
    day: date,
    editions: Sequence[Dated],
) -> Departure | None:
    own = [each.send_at for each in editions if each.send_at is not None]
    hour = calendar.hour(day)
    if own:
        wall = min(own)
    elif hour is not None:
        wall = datetime.combine(day, hour)
    else:
        return None
    return Departure(
        publication=publication.id,
        day=day,
        wall=wall,
        zone=publication.timezone,
        editions=tuple(sorted(each.name for each in editions)),
        planned=bool(own),
    )


def _between(calendar: Calendar, first: date, last: date) -> Iterator[date]:
    for day in calendar.days(after=first - timedelta(days=1)):
        if day > last:
            return
        yield day


def _local(moment: datetime, by: timedelta) -> date:
    """A date that is surely before, or after, what clocks show anywhere at *moment*."""
    return (moment.astimezone(UTC) + by).date()
