"""What comes next for a publication: the day, the number and the name of an edition."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.edition.calendar import calendar_of, instant
from mailer.edition.identify import slugify, unused
from mailer.edition.model import Edition, Publication
from mailer.phrases import Phrase, say

_SPOKEN_FOR = frozenset({"latest", "next"})  # commands mean something else by them


def coming_day(
    publication: Publication, *, now: datetime, taken: Collection[date]
) -> date | None:
    """The first day of the schedule that is ahead and not *taken*; None without one.

    Today counts as long as its departure is ahead.
    """
    calendar = calendar_of(publication)
    today = now.astimezone(ZoneInfo(publication.timezone)).date()
    for day in calendar.days(after=today - timedelta(days=1)):
        hour = calendar.hour(day)
        if hour is None or day in taken:
            continue
        if instant(datetime.combine(day, hour), publication.timezone) > now:
            return day
    return None


def coming_number(numbers: Collection[int | None]) -> int | None:
    """The number after the highest; None where editions bear none.

    *numbers* has an entry for every edition known, None for one without a number.
    """
    known = [number for number in numbers if number is not None]
    if numbers and not known:
        return None
    return max(known, default=0) + 1


def free_slug(title: str, *, number: int | None, taken: Collection[str]) -> str:
    """A slug made from *title* that nothing else answers to.

    Without words that can stand in an address, it is the number's.
    """
    wanted = slugify(title) or (f"no-{number}" if number else "edition")
    if wanted in _SPOKEN_FOR or wanted.isdecimal():
        wanted = f"edition-{wanted}"
    return unused(wanted, taken)


@dataclass(frozen=True, slots=True)
class Renamed:
    """What an edition changed that may not change once it was sent, and the way out."""

    message: Phrase
    hint: Phrase


def renamed_since(edition: Edition, sent: Iterable[Edition]) -> Renamed | None:
    """What *edition* says otherwise than when it was *sent*; None if nothing.

    Its name is how the ledger knows who got it: with another, everybody would get it
    again. Its slug is where the links in those mails lead.
    """
    for past in sent:
        if past.publication != edition.publication:
            continue
        if past.folder == edition.folder and past.name != edition.name:
            said = past.number is not None
            key = f"number: {past.number}" if said else f"slug: {past.slug}"
            return Renamed(
                say(
                    "{folder} was sent as {past}, and is called {name} now",
                    folder=past.folder,
                    past=past.name,
                    name=edition.name,
                ),
                say("put back {key}; another edition has a folder of its own", key=key),
            )
        if past.name == edition.name and past.slug != edition.slug:
            return Renamed(
                say(
                    "{name} was sent with the slug {past}, and has {slug} now",
                    name=past.name,
                    past=past.slug,
                    slug=edition.slug,
                ),
                say(
                    "put back slug: {past}: links in that mail lead there",
                    past=past.slug,
                ),
            )
        if past.slug == edition.slug and past.name != edition.name:
            return Renamed(
                say(
                    "the slug {slug} belongs to {past}, which was sent",
                    slug=past.slug,
                    past=past.name,
                ),
                say("give this one a slug: of its own"),
            )
    return None
