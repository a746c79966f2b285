"""Polls and votes over SQL: the Ballots port.

An anonymous poll has a key of its own, made at its first vote. A voter is known by what
that key makes of their mark, which itself needs the site's secret key: while the poll
runs, neither the database nor the secret alone tells who answered what. When it is over
the key goes, and of the answers their counts stay.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)

from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.ports import RunState
from mailer.flows.readers.voting import Poll, Vote, Voter
from mailer.store.codec import load_edition, load_polls, load_publication
from mailer.store.engine import Store
from mailer.store.inserting import insert_into
from mailer.store.schema import (
    ballot_box,
    delivery,
    frozen,
    rendering,
    run,
    subscriber,
    vote,
)

_KEY_BYTES = 32
_GOT_IT = (  # whoever has the message can have opened it before we know that it arrived
    State.HANDING_OVER,
    State.IN_DOUBT,
    State.ACCEPTED,
    State.BOUNCED,
    State.COMPLAINED,
)


class SqlBallots:
    """The Ballots port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def polls(self, publication: str | None = None) -> Sequence[Poll]:
        """See the port."""
        asked = _asked()
        if publication is not None:
            asked = asked.where(run.c.publication == publication)
        return await self._store.read(lambda c: _read(c, asked))

    async def poll(self, publication: str, slug: str, id_: str) -> Poll | None:
        """See the port."""
        # A slug has no character that JSON writes otherwise: most editions are not read.
        named = frozen.c.edition_json.contains(f'"slug":"{slug}"', autoescape=True)
        asked = _asked().where(run.c.publication == publication, named)
        found = await self._store.read(lambda c: _read(c, asked))
        return next((p for p in found if p.slug == slug and p.ballot.id == id_), None)

    async def variant_sent(self, poll: Poll, subscriber: int) -> Variant | None:
        """See the port."""
        sent = (
            select(delivery.c.variant)
            .join(run, run.c.id == delivery.c.run_id)
            .where(run.c.edition == poll.edition)
            .where(delivery.c.subscriber_id == subscriber)
            .where(delivery.c.state.in_(_GOT_IT))
            .order_by(run.c.id.desc())
            .limit(1)
        )
        found = await self._store.read(lambda c: c.execute(sent).scalar())
        return None if found is None else Variant(found)

    async def vote(self, poll: Poll, voter: Voter, choice: int, now: datetime) -> bool:
        """See the port."""

        def work(connection: Connection) -> bool:
            row: dict[str, Any] = {"choice": choice}
            if poll.ballot.anonymous:
                key = _key(connection, poll)
                if key is None:
                    return False
                known = _blinded(key, voter)
                row |= {"subscriber_id": None, "voted_at": None}
            else:
                known = str(voter.subscriber)
                row |= {"subscriber_id": voter.subscriber, "voted_at": now}
            named = {"edition": poll.edition, "poll": poll.ballot.id, "voter": known}
            connection.execute(
                insert_into(connection, vote)
                .values(**named, **row)
                .on_conflict_do_update(index_elements=list(named), set_=row)
            )
            return True

        return await self._store.write(work)

    async def vote_of(self, poll: Poll, voter: Voter) -> int | None:
        """See the port."""

        def work(connection: Connection) -> int | None:
            known = str(voter.subscriber)
            if poll.ballot.anonymous:
                key = connection.execute(
                    select(ballot_box.c.key).where(_is(ballot_box, poll))
                ).scalar()
                if key is None:
                    return None
                known = _blinded(key, voter)
            given = select(vote.c.choice).where(_is(vote, poll), vote.c.voter == known)
            return connection.execute(given).scalar()

        return await self._store.read(work)

    async def counts(self, poll: Poll) -> Sequence[int]:
        """See the port."""
        return await self._store.read(lambda c: _counts(c, poll))

    async def votes(self, poll: Poll) -> Sequence[Vote]:
        """See the port."""
        given = (
            select(subscriber.c.email, vote.c.choice, vote.c.voted_at)
            .join(subscriber, subscriber.c.id == vote.c.subscriber_id)
            .where(_is(vote, poll))
            .order_by(subscriber.c.email_key)
        )
        rows = await self._store.read(lambda c: c.execute(given).all())
        return [Vote(email=r.email, choice=r.choice, at=r.voted_at) for r in rows]


def still_sealable(connection: Connection, now: datetime) -> list[Poll]:
    """Anonymous polls that are over, and whose answers are not destroyed yet."""
    with_key = select(ballot_box.c.edition, ballot_box.c.poll).where(
        ballot_box.c.key.is_not(None)
    )
    waiting = {(row.edition, row.poll) for row in connection.execute(with_key)}
    if not waiting:
        return []
    return [
        poll
        for poll in _read(connection, _asked())
        if (poll.edition, poll.ballot.id) in waiting and not poll.is_open(now)
    ]


def seal(connection: Connection, poll: Poll) -> bool:
    """Keep the counts of an anonymous poll, destroy its key and each answer.

    Whether anything was left to destroy.
    """
    if _key(connection, poll, make=False) is None:
        return False
    counts = json.dumps(_counts(connection, poll))
    with _overwriting(connection):
        connection.execute(delete(vote).where(_is(vote, poll)))
        connection.execute(
            update(ballot_box)
            .where(_is(ballot_box, poll))
            .values(key=None, counts_json=counts)
        )
    return True


def _asked() -> Select[Any]:
    """What was frozen for runs that began to leave, and its polls, the newest first."""
    return (
        select(
            run.c.id.label("run"),
            run.c.edition,
            frozen.c.edition_json,
            frozen.c.publication_json,
            rendering.c.variant,
            rendering.c.polls_json,
        )
        .join(frozen, frozen.c.id == run.c.frozen_id)
        .join(rendering, rendering.c.frozen_id == frozen.c.id)
        .where(_began())
        .order_by(run.c.id.desc(), rendering.c.place)
    )


def _began() -> ColumnElement[bool]:
    """A run that is not armed, and was not cancelled while it was."""
    sent = select(delivery.c.run_id).where(
        delivery.c.run_id == run.c.id, delivery.c.state.in_(_GOT_IT)
    )
    on_its_way = run.c.state.in_([RunState.SENDING, RunState.PAUSED, RunState.SENT])
    return or_(on_its_way, and_(run.c.state == RunState.CANCELLED, sent.exists()))


def _read(connection: Connection, asked: Select[Any]) -> list[Poll]:
    """The polls of *asked*: those of an edition's newest run, in their order."""
    found: list[Poll] = []
    seen: set[str] = set()
    for _, rows in groupby(connection.execute(asked), key=lambda row: row.run):
        group = list(rows)
        if group[0].edition not in seen:
            seen.add(group[0].edition)
            found += _polls(group)
    return found


def _polls(rows: Sequence[Row[Any]]) -> list[Poll]:
    asked = {Variant(row.variant): load_polls(row.polls_json) for row in rows}
    every = {ballot.id: ballot for ballots in asked.values() for ballot in ballots}
    if not every:
        return []
    edition = load_edition(rows[0].edition_json)
    publication = load_publication(rows[0].publication_json)
    mails = frozenset(variant for variant in asked if variant.is_mail)
    found = []
    for ballot in every.values():
        shown_to = frozenset(v for v, ballots in asked.items() if ballot in ballots)
        found.append(
            Poll(
                publication=publication.id,
                edition=rows[0].edition,
                slug=edition.slug,
                title=edition.title,
                zone=publication.timezone,
                ballot=ballot,
                shown_to=shown_to,
                asked_of_all=mails <= shown_to,
            )
        )
    return found


def _counts(connection: Connection, poll: Poll) -> list[int]:
    sealed = connection.execute(
        select(ballot_box.c.counts_json).where(_is(ballot_box, poll))
    ).scalar()
    if sealed is not None:
        return [int(count) for count in json.loads(sealed)]
    rows = connection.execute(
        select(vote.c.choice, func.count().label("n"))
        .where(_is(vote, poll))
        .group_by(vote.c.choice)
    )
    found = {row.choice: row.n for row in rows}
    return [found.get(place, 0) for place in range(1, len(poll.ballot.choices) + 1)]


def _key(connection: Connection, poll: Poll, *, make: bool = True) -> bytes | None:
    """The key of an anonymous poll, made if there is no box yet; None once sealed.

    Whoever holds it keeps others from sealing until their transaction is over.
    """
    if make:
        box = {"edition": poll.edition, "poll": poll.ballot.id}
        connection.execute(
            insert_into(connection, ballot_box)
            .values(**box, key=secrets.token_bytes(_KEY_BYTES))
            .on_conflict_do_nothing()
        )
    found = connection.execute(
        select(ballot_box.c.key).where(_is(ballot_box, poll)).with_for_update()
    ).scalar()
    return None if found is None else bytes(found)


@contextmanager
def _overwriting(connection: Connection) -> Iterator[None]:
    """What is deleted is gone from SQLite's file, too: its pages are written over.

    Its journal is written over by what comes later, and PostgreSQL's pages by VACUUM.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")


def _blinded(key: bytes, voter: Voter) -> str:
    return hashlib.blake2b(voter.mark.encode(), key=key, digest_size=32).hexdigest()


def _is(table: Table, poll: Poll) -> ColumnElement[bool]:
    return (table.c.edition == poll.edition) & (table.c.poll == poll.ballot.id)
