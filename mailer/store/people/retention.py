"""What is kept about people, taken away when its time is over: the Retention port."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)

from mailer.audience.subscriber import Action, Standing
from mailer.flows.readers.retention import Purged, Terms
from mailer.store.engine import Store
from mailer.store.people.erasure import blank_late_replies, erase
from mailer.store.people.voting import seal, still_sealable
from mailer.store.schema import (
    consent,
    delivery,
    letter,
    measured,
    metadata,
    proof,
    run,
    signup,
    subscriber,
    subscription,
)

_PART = 2000
_COUNTED = timedelta(days=30)
"""How long a sign-up is counted by some limit."""


class SqlRetention:
    """The Retention port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def due(self, terms: Terms, now: datetime) -> Purged:
        """See the port."""

        def count(connection: Connection) -> Purged:
            spoken = unconfirmed = 0
            if terms.replies is not None:
                for number in _old_runs(connection, now - terms.replies):
                    counted = select(func.count()).where(_speaks(number))
                    spoken += connection.execute(
                        counted.select_from(delivery)
                    ).scalar_one()
            if terms.unconfirmed is not None:
                asked = _requests(now - terms.unconfirmed).subquery()
                counted = select(func.count()).select_from(asked)
                unconfirmed = connection.execute(counted).scalar_one()
            left = 0
            if terms.left is not None:
                gone = _long_gone(now - terms.left).subquery()
                counted = select(func.count()).select_from(gone)
                left = connection.execute(counted).scalar_one()
            polls = len(still_sealable(connection, now))
            old = 0
            if terms.measured is not None:
                counted = select(func.count()).select_from(measured)
                old = connection.execute(
                    counted.where(measured.c.at < now - terms.measured)
                ).scalar_one()
            return Purged(
                replies=spoken,
                unconfirmed=unconfirmed,
                left=left,
                polls=polls,
                measured=old,
            )

        return await self._store.read(count)

    async def purge(self, terms: Terms, now: datetime) -> Purged:
        """See the port."""
        spoken = unconfirmed = 0
        if terms.replies is not None:
            before = now - terms.replies
            for number in await self._store.read(lambda c: _old_runs(c, before)):
                spoken += await self._all(_silencer(number))
        if terms.unconfirmed is not None:
            asked = now - terms.unconfirmed
            unconfirmed = await self._all(lambda c: _forget_requests(c, asked))
            await self._all(lambda c: _forget_asking(c, asked))
        await self._all(lambda c: _forget_signups(c, now - _COUNTED))
        if terms.replies is not None:
            ended = now - terms.replies
            await self._all(lambda c: _forget_letters(c, ended))
            await self._store.write(lambda c: _forget_proofs(c, ended))
        left = 0
        if terms.left is not None:
            before = now - terms.left
            left = await self._all(lambda c: _erase_long_gone(c, before, now))
        await self._all(blank_late_replies)
        over = await self._store.read(lambda c: still_sealable(c, now))
        polls = sum([await self._store.write(partial(seal, poll=p)) for p in over])
        old = 0
        if terms.measured is not None:
            kept_from = now - terms.measured
            old = await self._all(lambda c: _forget_measured(c, kept_from))
        return Purged(
            replies=spoken,
            unconfirmed=unconfirmed,
            left=left,
            polls=polls,
            measured=old,
        )

    async def _all(self, part: Callable[[Connection], int]) -> int:
        """Do *part*, a transaction each, until nothing is left."""
        done = 0
        while found := await self._store.write(part):
            done += found
        return done


def _old_runs(connection: Connection, before: datetime) -> list[int]:
    """Runs that ended before that and have words of a relay left."""
    runs = select(run.c.id).where(run.c.finished_at < before)
    words = select(literal(1)).where(
        delivery.c.run_id == run.c.id, delivery.c.reply != ""
    )
    return list(connection.execute(runs.where(exists(words))).scalars())


def _speaks(number: int) -> ColumnElement[bool]:
    return and_(delivery.c.run_id == number, delivery.c.reply != "")


def _silencer(number: int) -> Callable[[Connection], int]:
    """Blank what relays said in a part of run *number*; how many lines.

    Their words may name people. Our reason quotes them, so it goes too; code and
    outcome say what is left to be known.
    """

    def silence(connection: Connection) -> int:
        some = select(delivery.c.subscriber_id).where(_speaks(number)).limit(_PART)
        people = list(connection.execute(some).scalars())
        quiet = (
            update(delivery)
            .where(_speaks(number), delivery.c.subscriber_id.in_(people))
            .values(reply="", reason="")
        )
        return connection.execute(quiet).rowcount if people else 0

    return silence


def _requests(before: datetime) -> Select[Any]:
    """Subscriptions asked for before that, and never confirmed."""
    return select(subscription.c.subscriber_id, subscription.c.publication).where(
        subscription.c.standing == Standing.PENDING, subscription.c.since < before
    )


def _forget_requests(connection: Connection, before: datetime) -> int:
    """Delete a part of the requests; who has nothing else with us is forgotten."""
    found = connection.execute(_requests(before).limit(_PART // 10)).all()
    for row in found:
        number, publication = row.subscriber_id, row.publication
        ours = (
            subscription.c.subscriber_id == number,
            subscription.c.publication == publication,
        )
        connection.execute(delete(subscription).where(*ours))
        connection.execute(
            delete(letter)
            .where(letter.c.subscriber_id == number)
            .where(letter.c.publication == publication)
        )
        connection.execute(
            delete(consent)
            .where(consent.c.subscriber_id == number)
            .where(consent.c.publication == publication)
        )
        others = [
            select(literal(1)).where(table.c.subscriber_id == number)
            for table in metadata.sorted_tables
            if "subscriber_id" in table.c
        ]
        connection.execute(
            delete(subscriber)
            .where(subscriber.c.id == number)
            .where(*(~exists(other) for other in others))
        )
    return len(found)


def _long_gone(before: datetime) -> Select[Any]:
    """Who left the last publication they took before that, oldest first."""
    theirs = select(literal(1)).where(subscription.c.subscriber_id == subscriber.c.id)
    here = theirs.where(
        (subscription.c.standing != Standing.LEFT) | (subscription.c.since >= before)
    )
    return (
        select(subscriber.c.id)
        .where(subscriber.c.email != "")
        .where(exists(theirs))
        .where(~exists(here))
        .order_by(subscriber.c.id)
    )


def _erase_long_gone(connection: Connection, before: datetime, now: datetime) -> int:
    """Erase a part of them. What they had waiting was withdrawn when they left."""
    gone = list(connection.execute(_long_gone(before).limit(_PART // 40)).scalars())
    for number in gone:
        erase(connection, number, now)
    return len(gone)


def _forget_asking(connection: Connection, before: datetime) -> int:
    """Delete what somebody asked for a reader who did not confirm it, and is known else."""
    later = consent.alias("later")
    confirmed = exists(
        select(literal(1))
        .where(later.c.subscriber_id == consent.c.subscriber_id)
        .where(later.c.publication == consent.c.publication)
        .where(later.c.action == Action.CONFIRMED, later.c.at >= consent.c.at)
    )
    old = (
        select(consent.c.id)
        .where(consent.c.action == Action.ASKED, consent.c.at < before, ~confirmed)
        .limit(_PART)
    )
    return connection.execute(delete(consent).where(consent.c.id.in_(old))).rowcount


def _forget_signups(connection: Connection, before: datetime) -> int:
    old = select(signup.c.id).where(signup.c.at < before).limit(_PART)
    return connection.execute(delete(signup).where(signup.c.id.in_(old))).rowcount


def _forget_letters(connection: Connection, before: datetime) -> int:
    """Delete letters that ended before that."""
    old = (
        select(letter.c.id)
        .where(letter.c.updated_at < before)
        .where(letter.c.state.not_in(["due", "handing over"]))
        .limit(_PART)
    )
    return connection.execute(delete(letter).where(letter.c.id.in_(old))).rowcount


def _forget_proofs(connection: Connection, before: datetime) -> None:
    """Delete proofs that were sent before that: nobody compares with them any more."""
    connection.execute(delete(proof).where(proof.c.sent_at < before))


def _forget_measured(connection: Connection, before: datetime) -> int:
    """A part of the clicks of before *before*; how many."""
    part = select(measured.c.id).where(measured.c.at < before).limit(_PART)
    return connection.execute(delete(measured).where(measured.c.id.in_(part))).rowcount
