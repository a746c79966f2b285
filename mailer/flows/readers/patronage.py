"""What programs post about memberships: signed, understood, and counted once each.

Payments stay outside: a provider, or a program of the operator's, tells what was paid
for. An event that was heard before changes nothing, and neither does one that comes
after a later one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from mailer.audience.address import read_address
from mailer.audience.patron import Event, Patron, Phase, is_endless, last_end
from mailer.audience.signed import is_signed
from mailer.audience.stripe import Shop, read_event
from mailer.audience.subscriber import Tier
from mailer.edition.calendar import instant
from mailer.errors import InputError
from mailer.flows.readers.membership import Effect, Grant
from mailer.phrases import say

OWN = "members"
"""The provider of whoever posts in our own format."""

_NO_SHOP = Shop()


class Hearing(StrEnum):
    """What became of a post."""

    FORGED = "forged"
    IGNORED = "ignored"
    REPEATED = "repeated"
    WAITING = "waiting"
    """It is kept, but nothing has said yet whom it is for."""
    GRANTED = "granted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of an event, and what its grant did."""

    hearing: Hearing
    effect: Effect | None = None


Granting = Callable[[str, Sequence[Patron]], Grant | None]
"""What a reader may read of a publication by all their memberships of one provider."""


class Patrons(Protocol):
    """Memberships as their providers tell them. Durable when it returns; StoreError."""

    async def hear(
        self, event: Event, *, fallback: str, grant: Granting, now: datetime
    ) -> Heard:
        """Take in *event*, and write down what *grant* makes of its reader, in one go.

        A membership that names no publication is one of *fallback*.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who posts: the keys they sign with, what they may be late, what we assume."""

    keys: Sequence[bytes]
    fallback: str = ""
    grace: timedelta = timedelta(0)
    shop: Shop = _NO_SHOP


@dataclass(frozen=True, slots=True, kw_only=True)
class PatronageDesk:
    """What posts about memberships are taken in with.

    ``zones`` has the time zone of every publication there is. Where *adds* is False who
    pays must have signed up before.
    """

    patrons: Patrons
    zones: Mapping[str, str]
    own: Source | None
    stripe: Source | None
    adds: bool = True


async def hear_stripe(
    desk: PatronageDesk, header: str, body: bytes, now: datetime
) -> Heard:
    """Take in what Stripe posted; InputError if it makes no sense."""
    source = desk.stripe
    if source is None or not is_signed(header, body, keys=source.keys, now=now):
        return Heard(hearing=Hearing.FORGED)
    event = read_event(body, source.shop)
    return await _hear(desk, source, event, now)


async def hear_own(
    desk: PatronageDesk, header: str, body: bytes, now: datetime
) -> Heard:
    """Take in what a program of the operator's posted; InputError if it is nonsense."""
    source = desk.own
    if source is None or not is_signed(header, body, keys=source.keys, now=now):
        return Heard(hearing=Hearing.FORGED)
    return await _hear(desk, source, _read_own(body, desk.zones), now)


async def _hear(
    desk: PatronageDesk, source: Source, event: Event | None, now: datetime
) -> Heard:
    if event is None:
        return Heard(hearing=Hearing.IGNORED)
    if event.publication and event.publication not in desk.zones:
        return Heard(hearing=Hearing.IGNORED)  # of another shop on the same account

    def grant(publication: str, patrons: Sequence[Patron]) -> Grant | None:
        zone = desk.zones.get(publication)
        if zone is None:
            return None
        return _granted(event, publication, patrons, source.grace, zone, desk.adds)

    return await desk.patrons.hear(
        event, fallback=source.fallback, grant=grant, now=now
    )


def _granted(
    event: Event,
    publication: str,
    patrons: Sequence[Patron],
    grace: timedelta,
    zone: str,
    adds: bool,
) -> Grant:
    """Member until the last day of what is paid for, or free."""
    newest = max(patrons, key=lambda patron: patron.email_at)
    name = " ".join(newest.name.split())[:200]
    end = last_end(patrons, grace)
    is_member = end is not None
    until = None
    if end is not None and not is_endless(end):
        until = end.astimezone(ZoneInfo(zone)).date()
    return Grant(
        email=newest.email,
        name=name,
        publication=publication,
        tier=Tier.MEMBER if is_member else Tier.FREE,
        until=until,
        source=f"{event.provider} {event.key}" if adds and is_member else "",
    )


def _read_own(body: bytes, zones: Mapping[str, str]) -> Event:
    """``{"id", "at", "email", "publication", "tier", "until", "name"}``; InputError."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = say("this is no JSON")
        raise InputError(message) from error
    if not isinstance(told, dict):
        message = say("this is no JSON object")
        raise InputError(message)
    unknown = told.keys() - {
        "id",
        "at",
        "email",
        "publication",
        "tier",
        "until",
        "name",
    }
    if unknown:
        message = say("there is no {name}", name=", ".join(sorted(unknown)))
        raise InputError(message)
    publication = _text(told, "publication", required=len(zones) != 1)
    publication = publication or next(iter(zones))
    if publication not in zones:
        message = say("no publication {name}", name=publication)
        raise InputError(message)
    email = read_address(_text(told, "email"))
    tier = _text(told, "tier")
    if tier not in set(Tier):
        message = say("neither free nor member: {word}", word=tier)
        raise InputError(message)
    until = _day(_text(told, "until", required=False))
    is_member = tier == Tier.MEMBER
    Grant(email=email, publication=publication, tier=Tier(tier), until=until)
    noon = None
    if until is not None:
        noon = instant(datetime.combine(until, time(12)), zones[publication])
    return Event(
        provider=OWN,
        id=_text(told, "id"),
        key=f"{email} {publication}",
        at=_moment(_text(told, "at")),
        email=email,
        name=_text(told, "name", required=False),
        publication=publication,
        phase=Phase.ACTIVE if is_member else Phase.ENDED,
        runs_until=noon,
    )


def _text(told: Mapping[str, object], key: str, *, required: bool = True) -> str:
    value = told.get(key)
    if value is None and not required:
        return ""
    is_text = isinstance(value, str) and value.isprintable()
    if not isinstance(value, str) or not is_text or (required and not value):
        message = say("{key} is missing, or no text", key=key)
        raise InputError(message)
    return value


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        message = say("{value} is no date", value=text)
        raise InputError(message) from error


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        message = say("{value} is no moment", value=text)
        raise InputError(message) from error
    if found.tzinfo is None:
        message = say("{value} says no time zone", value=text)
        raise InputError(message)
    return found
