"""Writing readers as other tools read them, each cell harmless in a spreadsheet.

Who must not be written to is never handed over as a reader: where the tool has a word
for it, it is said, and who never confirmed is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mailer.audience.address import address_key
from mailer.audience.sheet import write_sheet
from mailer.audience.subscriber import (
    Reason,
    Standing,
    Subscriber,
    Subscription,
    Tier,
)

OURS = ("csv", "json")
"""What is written of all publications; what other tools read is of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One subscription to be written. ``barred`` is why they must not be written to.

    ``tier`` is what they read as on the day of writing.
    """

    person: Subscriber
    taken: Subscription
    tier: Tier
    barred: Reason | None

    @property
    def reads(self) -> bool:
        """Whether they may be written to."""
        return self.barred is None and self.taken.standing is Standing.ACTIVE

    @property
    def left(self) -> str:
        """When they left, as far as they did; empty for who reads."""
        return "" if self.reads else _stamp(self.taken.since)


Cells = Callable[[Line], Sequence[str]]


def write_csv(
    people: Iterable[Subscriber],
    *,
    barred: Mapping[str, Reason],
    publication: str | None,
    day: date,
    to: str = "csv",
) -> str:
    """A CSV of what *people* take, as the tool *to* reads it.

    *barred* says by ``address_key`` who must not be written to. Other tools get one
    *publication*, without those who never confirmed.
    """
    header, cells = _FORMATS[to]
    lines = [
        cells(line)
        for line in _lines(people, barred, publication, day)
        if to == "csv" or line.taken.standing is not Standing.PENDING
    ]
    return write_sheet([header, *lines])


def write_json(
    people: Iterable[Subscriber],
    *,
    barred: Mapping[str, Reason],
    publication: str | None,
    day: date,
) -> str:
    """The same for programs, one object a subscription."""
    header, cells = _FORMATS["csv"]
    rows = [
        dict(zip(header, cells(line), strict=True)) | {"tags": list(line.person.tags)}
        for line in _lines(people, barred, publication, day)
    ]
    return json.dumps({"schema": 1, "readers": rows}, ensure_ascii=False, indent=2)


def _lines(
    people: Iterable[Subscriber],
    barred: Mapping[str, Reason],
    publication: str | None,
    day: date,
) -> Iterator[Line]:
    for person in people:
        for taken in person.subscriptions:
            if publication in {None, taken.publication}:
                yield Line(
                    person=person,
                    taken=taken,
                    tier=taken.tier_on(day),
                    barred=barred.get(address_key(person.email)),
                )


def _ours(line: Line) -> Sequence[str]:
    person, taken = line.person, line.taken
    return (
        person.email,
        person.name,
        taken.publication,
        str(taken.tier),
        str(taken.standing),
        taken.since.isoformat(),
        taken.until.isoformat() if taken.until else "",
        person.lang,
        ", ".join(person.tags),
        str(line.barred or ""),
    )


def _listmonk(line: Line) -> Sequence[str]:
    person = line.person
    kept: dict[str, object] = {"tier": str(line.tier)}
    if line.taken.until and line.tier is Tier.MEMBER:
        kept["until"] = line.taken.until.isoformat()
    if person.lang:
        kept["lang"] = person.lang
    if person.tags:
        kept["tags"] = list(person.tags)
    status = "enabled" if line.reads else "disabled"
    return (
        "",
        person.email,
        person.name,
        json.dumps(kept, ensure_ascii=False),
        "blocklisted" if line.barred else status,
        _iso(line.taken.since),
        _iso(line.taken.since),
    )


def _ghost(line: Line) -> Sequence[str]:
    person = line.person
    return (
        "",
        person.email,
        person.name,
        "",
        _flag(line.reads),
        _flag(line.tier is Tier.MEMBER),
        "",
        _iso(line.taken.since),
        "",
        ",".join(person.tags),
        "",
    )


def _substack(line: Line) -> Sequence[str]:
    is_member = line.tier is Tier.MEMBER
    until = line.taken.until
    return (
        line.person.email,
        _flag(is_member),
        f"{until.isoformat()}T23:59:59.000Z" if until and is_member else "",
        "other",
        _flag(not line.reads),
        _iso(line.taken.since),
        "",
    )


def _beehiiv(line: Line) -> Sequence[str]:
    person = line.person
    return (
        person.email,
        person.name,
        "",
        "active" if line.reads else "inactive",
        "premium" if line.tier is Tier.MEMBER else "free",
        _stamp(line.taken.since) + " UTC",
        f"{line.left} UTC" if line.left else "",
        ",".join(person.tags),
    )


def _mailchimp(line: Line) -> Sequence[str]:
    person = line.person
    bounced = line.barred is Reason.BOUNCED
    complained = line.barred is Reason.COMPLAINED
    joined = _stamp(line.taken.since)
    return (
        person.email,
        person.name,
        "",
        str(line.tier),
        person.lang,
        joined,
        joined,
        "" if bounced else line.left,
        "abuse complaint" if complained else "",
        line.left if bounced else "",
        ",".join(f'"{tag}"' for tag in person.tags),
    )


_FORMATS: Mapping[str, tuple[Sequence[str], Cells]] = {
    "csv": (
        "email name publication tier state since until lang tags suppressed".split(),
        _ours,
    ),
    "listmonk": (
        "uuid email name attributes status created_at updated_at".split(),
        _listmonk,
    ),
    "ghost": (
        (
            "id email name note subscribed_to_emails complimentary_plan"
            " stripe_customer_id created_at deleted_at labels tiers"
        ).split(),
        _ghost,
    ),
    "substack": (
        (
            "email active_subscription expiry plan email_disabled created_at"
            " first_payment_at"
        ).split(),
        _substack,
    ),
    "beehiiv": (
        (
            *("email", "First Name", "Last Name"),
            *"status tier created_at unsubscribed_at tags".split(),
        ),
        _beehiiv,
    ),
    "mailchimp": (
        (
            *("Email Address", "First Name", "Last Name", "Tier", "Language"),
            *"OPTIN_TIME CONFIRM_TIME UNSUB_TIME UNSUB_REASON CLEAN_TIME TAGS".split(),
        ),
        _mailchimp,
    ),
}
FORMATS = (*_FORMATS, "json")
"""What ``mailer subscribers export --to`` knows."""


def _flag(is_so: bool) -> str:
    return "true" if is_so else "false"


def _iso(when: datetime) -> str:
    """``2026-03-14T06:00:00.000Z``, as JavaScript writes it."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.000Z"


def _stamp(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}"
