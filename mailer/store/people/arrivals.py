"""Arrivals over SQL: each kept once, and settled in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    Connection,
    Delete,
    Row,
    Select,
    Update,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from mailer.audience.address import address_key
from mailer.delivery.bounce.model import Kind
from mailer.delivery.bounce.policy import Incident
from mailer.delivery.ledger import MOVES, State
from mailer.delivery.reply import Stage
from mailer.edition.model import Variant
from mailer.flows.returning.arrivals import (
    Arrival,
    Copy,
    Proof,
    Refused,
    Settling,
    Toll,
    Upshot,
    Wanted,
)
from mailer.store.codec import dump_phrase, load_phrase
from mailer.store.engine import Store, Turn, alone, beside
from mailer.store.inserting import insert_into
from mailer.store.people.readers import suppress_address
from mailer.store.people.tolls import COUNTED, reason_of, tolls
from mailer.store.schema import arrival, delivery, run, subscriber, subscription

_LISTED = [column for column in arrival.c if column.name != "raw"]
_PART = 500


class SqlArrivals:
    """The ``Arrivals`` port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Keep those that are new; see the port."""

        def work(connection: Connection) -> list[Arrival]:
            return [kept for each in arrivals if (kept := _keep(connection, each))]

        return await self._store.write(work) if arrivals else []

    async def open(self, *, limit: int) -> list[Arrival]:
        """What was not settled yet, the oldest first."""
        statement = (
            select(*_LISTED)
            .where(arrival.c.settled_at.is_(None))
            .order_by(arrival.c.id)
            .limit(limit)
        )
        return await self._read(statement)

    async def settle(
        self, settlings: Sequence[Settling], *, now: datetime
    ) -> list[bool]:
        """Write what becomes of open arrivals; see the port."""

        def work(connection: Connection) -> list[bool]:
            if any(each.suppression is not None for each in settlings):
                alone(connection, Turn.ADMIT)
                beside(connection, Turn.OPEN_RUN)  # or one being opened would miss it
            return [_settle(connection, each, now) for each in settlings]

        return await self._store.write(work) if settlings else []

    async def copy(self, run_id: int, subscriber_id: int) -> Copy | None:
        """The message of *run_id* to *subscriber_id*."""
        one = _copies().where(
            delivery.c.run_id == run_id, delivery.c.subscriber_id == subscriber_id
        )
        row = await self._store.read(lambda c: c.execute(one).first())
        return None if row is None else _copy(row)

    async def copies(self, email: str, *, limit: int) -> list[Copy]:
        """The newest messages to an address, the newest first."""
        person = select(subscriber.c.id).where(
            subscriber.c.email_key == address_key(email)
        )
        newest = (
            _copies()
            .where(delivery.c.subscriber_id == person.scalar_subquery())
            .order_by(delivery.c.run_id.desc())
            .limit(limit)
        )
        rows = await self._store.read(lambda c: c.execute(newest).all())
        return [_copy(row) for row in rows]

    async def copies_to(self, subscriber_id: int, publication: str) -> list[Copy]:
        """Every message of a publication to a subscriber, the oldest first."""
        theirs = (
            _copies()
            .where(delivery.c.subscriber_id == subscriber_id)
            .where(run.c.publication == publication)
            .order_by(delivery.c.run_id)
        )
        rows = await self._store.read(lambda c: c.execute(theirs).all())
        return [_copy(row) for row in rows]

    async def incidents(self, subscriber_id: int, publication: str) -> list[Incident]:
        """What is proved to have come back from them, since they joined."""
        joined = (
            select(subscription.c.since)
            .where(subscription.c.subscriber_id == subscriber_id)
            .where(subscription.c.publication == publication)
            .where(subscription.c.standing == "active")
        )
        theirs = (
            select(*_LISTED)
            .where(arrival.c.subscriber_id == subscriber_id)
            .where(arrival.c.publication == publication)
            .where(arrival.c.proof != Proof.NONE)
            .where(arrival.c.kind.in_(COUNTED))
            .where(arrival.c.at >= func.coalesce(joined.scalar_subquery(), 0))
            .order_by(arrival.c.at, arrival.c.id)
        )
        rows = await self._store.read(lambda c: c.execute(theirs).all())
        return [
            Incident(
                edition=row.edition,
                kind=Kind(row.kind),
                reason=reason_of(row.reason),
                at=row.at,
                said=row.said,
            )
            for row in rows
        ]

    async def latest(self, wanted: Wanted, *, limit: int) -> list[Arrival]:
        """The last arrivals, the newest first."""
        statement = _matching(select(*_LISTED), wanted)
        return await self._read(
            statement.order_by(arrival.c.at.desc(), arrival.c.id.desc()).limit(limit)
        )

    async def find(self, number: int) -> Arrival | None:
        """One, with its raw mail if that is still kept."""
        statement = select(arrival).where(arrival.c.id == number)
        row = await self._store.read(lambda c: c.execute(statement).first())
        return None if row is None else replace(_arrival(row), raw=row.raw)

    async def forget(
        self, *, mails: timedelta | None, arrivals: timedelta | None, now: datetime
    ) -> tuple[int, int]:
        """Forget raw mail, and arrivals, that are older; how many of each."""
        blank = gone = 0
        if mails is not None:
            old = _settled_before(now - mails).where(arrival.c.raw.is_not(None))
            blank = await self._all(update(arrival).values(raw=None), old)
        if arrivals is not None:
            gone = await self._all(delete(arrival), _settled_before(now - arrivals))
        return blank, gone

    async def _all(self, change: Update | Delete, which: Select[Any]) -> int:
        """Do *change* to *which*, in parts, a transaction each."""
        part = change.where(arrival.c.id.in_(which.limit(_PART)))
        count = 0
        while done := await self._store.write(lambda c: c.execute(part).rowcount):
            count += done
        return count

    async def _read(self, statement: Select[Any]) -> list[Arrival]:
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return [_arrival(row) for row in rows]

    async def refusals(self, run_id: int, *, after: int, limit: int) -> list[Refused]:
        """What relays refused at once and is no arrival yet; see the port."""
        known = exists(
            select(literal(1))
            .where(arrival.c.subscriber_id == delivery.c.subscriber_id)
            .where(arrival.c.run_id == delivery.c.run_id)
            .where(arrival.c.proof == Proof.LEDGER)
        )
        statement = (
            select(delivery, run.c.edition, run.c.publication)
            .join_from(delivery, run, run.c.id == delivery.c.run_id)
            .where(delivery.c.run_id == run_id)
            .where(delivery.c.subscriber_id > after)
            .where(delivery.c.state == State.REFUSED)
            .where(~known)
            .order_by(delivery.c.subscriber_id)
            .limit(limit)
        )
        rows = await self._store.read(lambda c: c.execute(statement).all())
        return [
            Refused(
                copy=_copy(row),
                status=row.enhanced,
                said=" ".join(
                    filter(None, (str(row.code or ""), row.enhanced, row.reply))
                ),
                at=row.updated_at,
                at_rcpt=row.stage == Stage.RCPT,
            )
            for row in rows
        ]

    async def tolls(self, *, since: datetime) -> list[Toll]:
        """What came back of the newest edition of each publication sent *since*."""
        return await self._store.read(lambda c: tolls(c, since))


def _keep(connection: Connection, new: Arrival) -> Arrival | None:
    """Keep *new*; None if its digest is known."""
    number = connection.execute(
        insert_into(connection, arrival)
        .values(
            digest=new.digest,
            at=new.at,
            way=new.way,
            kind=new.kind,
            recipient=new.recipient,
            reason=new.reason,
            status=new.status,
            said=new.said,
            evidence_json=json.dumps(new.evidence, ensure_ascii=False),
            proof=new.proof,
            subscriber_id=new.subscriber,
            run_id=new.run,
            publication=new.publication,
            edition=new.edition,
            raw=new.raw,
            upshot=Upshot.OPEN,
            words="",
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(arrival.c.id)
    ).scalar()
    return None if number is None else replace(new, id=number, raw=None)


def _settle(connection: Connection, settling: Settling, now: datetime) -> bool:
    which = settling.arrival
    ours = (
        update(arrival)
        .where(arrival.c.id == which.id)
        .where(arrival.c.settled_at.is_(None))
        .values(
            upshot=settling.upshot,
            words=str(settling.words),
            words_json=dump_phrase(settling.words),
            settled_at=now,
        )
    )
    if connection.execute(ours).rowcount != 1:
        return False
    if settling.state is not None:
        _move(connection, which, settling.state, now)
    if settling.suppression is not None:
        suppress_address(connection, settling.suppression)
    return True


def _settled_before(moment: datetime) -> Select[Any]:
    return (
        select(arrival.c.id)
        .where(arrival.c.at < moment)
        .where(arrival.c.settled_at.is_not(None))
    )


def _move(connection: Connection, which: Arrival, state: State, now: datetime) -> None:
    """Lead a delivery to *state* by the table of moves: a doubt was accepted first."""
    if state is not State.ACCEPTED and state not in MOVES[State.ACCEPTED]:
        message = f"a report does not make a delivery {state}"
        raise ValueError(message)
    path = (State.IN_DOUBT, State.ACCEPTED, state)
    for before, after in pairwise(dict.fromkeys(path)):
        connection.execute(
            update(delivery)
            .where(delivery.c.run_id == which.run)
            .where(delivery.c.subscriber_id == which.subscriber)
            .where(delivery.c.state == before)
            .values(state=after, reason=which.said or which.reason, updated_at=now)
        )


def _matching(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.kinds:
        statement = statement.where(arrival.c.kind.in_(sorted(wanted.kinds)))
    if wanted.upshots:
        statement = statement.where(arrival.c.upshot.in_(sorted(wanted.upshots)))
    if wanted.reasons:
        statement = statement.where(arrival.c.reason.in_(sorted(wanted.reasons)))
    if wanted.publication:
        statement = statement.where(arrival.c.publication == wanted.publication)
    if wanted.domain:
        end = f"@{wanted.domain}"
        statement = statement.where(arrival.c.recipient.iendswith(end, autoescape=True))
    if wanted.address:
        known = select(subscriber.c.id).where(
            subscriber.c.email_key == address_key(wanted.address)
        )
        statement = statement.where(
            or_(
                arrival.c.recipient == wanted.address,
                arrival.c.subscriber_id.in_(known),
            )
        )
    if wanted.since is not None:
        statement = statement.where(arrival.c.at >= wanted.since)
    return statement


def _copies() -> Select[Any]:
    return select(delivery, run.c.edition, run.c.publication).join_from(
        delivery, run, run.c.id == delivery.c.run_id
    )


def _copy(row: Row[Any]) -> Copy:
    return Copy(
        run=row.run_id,
        edition=row.edition,
        publication=row.publication,
        subscriber=row.subscriber_id,
        variant=Variant(row.variant),
        email=row.email,
        state=State(row.state),
    )


def _arrival(row: Row[Any]) -> Arrival:
    return Arrival(
        id=row.id,
        digest=row.digest,
        at=row.at,
        way=row.way,
        kind=row.kind,
        recipient=row.recipient,
        reason=row.reason,
        status=row.status,
        said=row.said,
        evidence=tuple(json.loads(row.evidence_json)),
        proof=Proof(row.proof),
        subscriber=row.subscriber_id,
        run=row.run_id,
        publication=row.publication,
        edition=row.edition,
        upshot=Upshot(row.upshot),
        words=load_phrase(row.words, row.words_json),
    )
