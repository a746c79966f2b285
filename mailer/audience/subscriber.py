"""A subscriber: an address, what they take, and how we came to write to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Tier(StrEnum):
    """What a subscriber may read of a publication."""

    FREE = "free"
    MEMBER = "member"


class Standing(StrEnum):
    """Where a subscription stands: ``pending -> active -> left``."""

    PENDING = "pending"
    ACTIVE = "active"
    LEFT = "left"


class Rhythm(StrEnum):
    """How often somebody wants to be written to, at most."""

    EVERY = "every"
    MONTHLY = "monthly"


class Action(StrEnum):
    """What a line of the consent log says that somebody did."""

    JOINED = "joined"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    LEFT = "left"
    REJOINED = "rejoined"
    TRACKING_GRANTED = "tracking granted"
    TRACKING_REFUSED = "tracking refused"


class How(StrEnum):
    """The way by which somebody left; kept in the consent log."""

    ONE_CLICK = "one-click"
    PAGE = "page"
    MAIL = "mail"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    PROVIDER = "provider"
    OPERATOR = "operator"


class Reason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One publication taken by one subscriber. ``since`` is when it took this standing.

    ``until`` is the last day of a membership, by the publication's calendar; None has
    no end. A membership that is over reads what is free. Editions dated before
    ``paused_until`` are not sent to them.
    """

    publication: str
    tier: Tier
    standing: Standing
    since: datetime
    until: date | None = None
    rhythm: Rhythm = Rhythm.EVERY
    paused_until: date | None = None

    def tier_on(self, day: date) -> Tier:
        """What they may read on *day*."""
        is_over = self.until is not None and self.until < day
        return Tier.FREE if is_over else self.tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How we came to write to somebody, or ceased to; append-only (GDPR art. 7(1)).

    ``source`` is the operator's own words for an import (``Salon 2026``) or the
    channel; ``wording`` what the person agreed to, where there was one, and ``version``
    its name. ``ip``, ``agent`` and ``form`` are the visitor's address, their program and
    the page, of what was done on one.
    """

    publication: str
    source: str
    at: datetime
    wording: str = ""
    action: Action = Action.JOINED
    version: str = ""
    ip: str = ""
    agent: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address we must not write to; it outlives the subscriber."""

    email: str
    reason: Reason
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person as the store knows them. ``email`` is in its canonical form.

    ``lang`` is empty where they take every publication in its own. ``tracking`` says
    whether clicks and opens may be counted as theirs, and None that nobody asked.
    """

    id: int
    email: str
    name: str
    created: datetime
    subscriptions: tuple[Subscription, ...] = ()
    tags: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    suppression: Suppression | None = None
    lang: str = ""
    text_only: bool = False
    tracking: bool | None = None
