"""Taking people in: what becomes of the rows of a roster, and what is written for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection, insert, select, update

from mailer.audience.address import address_key
from mailer.audience.cells import Departure
from mailer.audience.roster import Row
from mailer.audience.subscriber import Action, How, Reason, Standing, Tier
from mailer.flows.ports import Admission
from mailer.flows.readers.leaving import Exit
from mailer.store.barring import barred
from mailer.store.engine import Turn, beside
from mailer.store.ledger.journey import withdraw_reader
from mailer.store.people.exits import end_in
from mailer.store.people.tags import give_tags
from mailer.store.schema import consent, subscriber, subscription, suppression


class Known:
    """What is known about the people of a part of a roster."""

    def __init__(
        self, publication: str, *, now: datetime, update: bool = False
    ) -> None:
        self.publication = publication
        self.now = now
        self.update = update
        self.barred: set[str] = set()
        self.ids: dict[str, int] = {}
        self.taken: dict[str, _Taken] = {}

    def answers(
        self, connection: Connection, rows: Sequence[Row]
    ) -> list[tuple[Row, Admission]]:
        """What becomes of each of *rows*, one after another."""
        self.learn(connection, [address_key(row.email) for row in rows])
        return [(row, self.admission(row)) for row in rows]

    def learn(self, connection: Connection, keys: Sequence[str]) -> None:
        """Look *keys* up, in two statements."""
        self.barred |= barred(connection, keys).keys()
        found = (
            select(
                subscriber.c.email_key,
                subscriber.c.id,
                subscription.c.standing,
                subscription.c.since,
                subscription.c.tier,
                subscription.c.until,
            )
            .select_from(subscriber)
            .outerjoin(
                subscription,
                (subscription.c.subscriber_id == subscriber.c.id)
                & (subscription.c.publication == self.publication),
            )
            .where(subscriber.c.email_key.in_(keys))
        )
        for key, number, standing, since, tier, until in connection.execute(found):
            self.ids[key] = number
            if standing is not None:
                self.taken[key] = _Taken(Standing(standing), since, tier, until)

    def admission(self, row: Row) -> Admission:
        """What becomes of *row*; asked again, somebody added is present."""
        key = address_key(row.email)
        if key in self.barred:
            return Admission.SUPPRESSED
        if row.gone is not None:
            return self._departed(key, row.gone)
        taken = self.taken.get(key)
        if taken is None:
            since = joined(row, self.now)
            self.taken[key] = _Taken(Standing.ACTIVE, since, row.tier, row.until)
            return Admission.ADDED
        if taken.standing is Standing.LEFT:
            return Admission.LEFT
        if self.update and (taken.tier, taken.until) != (row.tier, row.until):
            self.taken[key] = replace(taken, tier=row.tier, until=row.until)
            return Admission.UPDATED
        return Admission.PRESENT

    def _departed(self, key: str, gone: Departure) -> Admission:
        """Who left elsewhere is remembered, unless they joined here after that."""
        taken = self.taken.get(key)
        reads = taken is not None and taken.standing is not Standing.LEFT
        came_later = (
            taken is not None
            and reads
            and gone.reason is not Reason.COMPLAINED
            and (gone.at is None or gone.at <= taken.since)
        )
        if came_later:
            return Admission.PRESENT
        if gone.reason is not Reason.UNSUBSCRIBED:
            self.barred.add(key)
            return Admission.BARRED
        if taken is not None and not reads:
            return Admission.LEFT
        tier = taken.tier if taken else str(Tier.FREE)
        self.taken[key] = _Taken(Standing.LEFT, self.now, tier, None)
        return Admission.GONE


@dataclass(frozen=True, slots=True)
class _Taken:
    """How somebody stands to the publication."""

    standing: Standing
    since: datetime
    tier: str
    until: date | None


def joined(row: Row, now: datetime) -> datetime:
    """Since when they read: as the file says, and never in the future."""
    return now if row.joined is None else min(row.joined.astimezone(UTC), now)


def write_rows(
    connection: Connection,
    answered: Sequence[tuple[Row, Admission]],
    known: Known,
    source: str,
) -> list[tuple[int, int]]:
    """Add who is new, update who has another tier, remember who left elsewhere.

    Returns the deliveries to be withdrawn after the transaction (``exits.end_in``).
    """
    by = {
        answer: [row for row, each in answered if each is answer]
        for answer in Admission
    }
    _add(connection, by[Admission.ADDED], known, source, Standing.ACTIVE)
    held = _end(connection, by[Admission.GONE], known, source)
    for row in by[Admission.UPDATED]:
        connection.execute(
            update(subscription)
            .where(subscription.c.subscriber_id == known.ids[address_key(row.email)])
            .where(subscription.c.publication == known.publication)
            .values(tier=row.tier, until=row.until)
        )
    _bar(connection, by[Admission.BARRED], known, source)
    tagged = by[Admission.ADDED]
    if known.update:
        tagged = [*tagged, *by[Admission.UPDATED], *by[Admission.PRESENT]]
    give_tags(
        connection,
        {known.ids[address_key(row.email)]: row.tags for row in tagged if row.tags},
    )
    return held


def _end(
    connection: Connection, rows: Sequence[Row], known: Known, source: str
) -> list[tuple[int, int]]:
    """End what people take who left elsewhere; who never took it has left it now."""
    there = [row for row in rows if address_key(row.email) in known.ids]
    strangers = [row for row in rows if address_key(row.email) not in known.ids]
    held: list[tuple[int, int]] = []
    if there:
        exits = [
            Exit(
                subscriber=known.ids[address_key(row.email)],
                publication=known.publication,
                how=How.PROVIDER,
            )
            for row in there
        ]
        farewells, held = end_in(connection, exits, known.now)
        for row, farewell in zip(there, farewells, strict=True):
            if farewell is None:
                strangers.append(row)
    _add(connection, strangers, known, source, Standing.LEFT)
    return held


def _bar(
    connection: Connection, rows: Sequence[Row], known: Known, source: str
) -> None:
    """Put people on the suppression list, and take them out of every run."""
    if not rows:
        return
    beside(connection, Turn.OPEN_RUN)  # or a run being opened would miss it
    connection.execute(
        insert(suppression),
        [
            {
                "email_key": address_key(row.email),
                "email": row.email,
                "reason": row.gone.reason,
                "at": min(row.gone.at or known.now, known.now),
                "note": source,
            }
            for row in rows
            if row.gone is not None
        ],
    )
    for row in rows:
        if (number := known.ids.get(address_key(row.email))) is not None:
            withdraw_reader(connection, number, None, known.now)


def _add(
    connection: Connection,
    rows: Sequence[Row],
    known: Known,
    source: str,
    standing: Standing,
) -> None:
    """Insert people who are new, and a subscription with its log for each."""
    if not rows:
        return
    keys = [address_key(row.email) for row in rows]
    unknown = [
        {
            "email": row.email,
            "email_key": key,
            "name": row.name,
            "created_at": known.now,
            "lang": row.lang or None,
        }
        for row, key in zip(rows, keys, strict=True)
        if key not in known.ids
    ]
    if unknown:
        connection.execute(insert(subscriber), unknown)
        found = select(subscriber.c.email_key, subscriber.c.id).where(
            subscriber.c.email_key.in_([person["email_key"] for person in unknown])
        )
        known.ids.update((key, number) for key, number in connection.execute(found))
    reads = standing is Standing.ACTIVE
    people = [(known.ids[key], row) for key, row in zip(keys, rows, strict=True)]
    connection.execute(
        insert(subscription),
        [
            {
                "subscriber_id": number,
                "publication": known.publication,
                "tier": row.tier,
                "until": row.until,
                "standing": standing,
                "since": joined(row, known.now) if reads else known.now,
            }
            for number, row in people
        ],
    )
    connection.execute(
        insert(consent),
        [
            {
                "subscriber_id": number,
                "publication": known.publication,
                "source": f"{source} ({row.evidence})" if row.evidence else source,
                "wording": "",
                "at": known.now,
                "action": Action.JOINED if reads else Action.LEFT,
            }
            for number, row in people
        ],
    )
