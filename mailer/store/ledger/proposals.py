"""Proposed runs over SQL: their rows first, the run at a yes; see ``flows.departing``.

A delivery without a run is nobody's: whatever reads deliveries comes from their run, or
joins it. What happens to a reader meanwhile is seen when they are claimed, as always.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, delete, false, insert, select, update

from mailer.errors import StoreError
from mailer.flows.departing.proposing import Proposal
from mailer.rendering.model import Frozen
from mailer.store.engine import Store, Turn, alone
from mailer.store.ledger.drawing import draw_up, drawn, next_number, plan
from mailer.store.schema import delivery, proposal

_GOOD_FOR = timedelta(minutes=15)
"""Who is asked for longer than that gets an audience counted anew."""

_KEPT = timedelta(hours=1)
"""After that whoever proposed it is gone."""

_PART = 10_000


class SqlProposals:
    """See ``flows.departing.proposing.Proposals``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @asynccontextmanager
    async def proposed(
        self, frozen: Frozen, *, now: datetime
    ) -> AsyncIterator[Proposal]:
        """A run as it would be, deleted at the end unless it was opened."""
        await self._store.check()  # a sender would do it, after the answer
        for number in await self._store.read(lambda c: _left_behind(c, now)):
            await self._discard(number)
        made = await self._store.write(lambda c: _propose(c, frozen, now))
        try:
            yield made
        finally:
            with suppress(StoreError):  # then whoever comes next does it
                await self._discard(made.id)

    async def _discard(self, number: int) -> None:
        """Delete proposal *number*, in parts; one that became a run is none any more."""
        while await self._store.write(partial(_discard_part, number=number)):
            pass


def take_up(
    connection: Connection, number: int, frozen: Frozen, now: datetime
) -> int | None:
    """Have proposal *number* for a run of *frozen*; its readers, None if it is stale.

    Only for whoever has the turn to open a run, and opens it under that number.
    """
    found = connection.execute(
        select(proposal).where(proposal.c.id == number).with_for_update()
    ).one_or_none()
    is_good = (
        found is not None
        and found.stands
        and found.basis_json == _basis(frozen)
        and now - found.proposed_at <= _GOOD_FOR
    )
    if found is None or not is_good:
        return None
    connection.execute(delete(proposal).where(proposal.c.id == number))
    return int(found.audience)


def outdate(connection: Connection, publication: str) -> None:
    """Take up no other proposal of *publication*: a run has been opened since."""
    theirs = update(proposal).where(proposal.c.publication == publication)
    connection.execute(theirs.values(stands=False))


def _propose(connection: Connection, frozen: Frozen, now: datetime) -> Proposal:
    alone(connection, Turn.OPEN_RUN)
    counted = plan(connection, frozen, now)
    number = next_number(connection)
    audience = draw_up(connection, number, frozen, now)
    connection.execute(
        insert(proposal).values(
            id=number,
            publication=frozen.publication.id,
            basis_json=_basis(frozen),
            audience=audience,
            proposed_at=now,
            stands=audience > 0,
        )
    )
    if audience != counted.audience:  # PostgreSQL shows each statement another moment
        found = drawn(connection, number)
        recipients = {v: found.get(str(v), 0) for v in frozen.mail_variants}
        counted = replace(counted, recipients=recipients)
    return Proposal(id=number, plan=counted)


def _basis(frozen: Frozen) -> str:
    """What the audience of *frozen* follows from, beside its readers and the day."""
    edition, publication = frozen.edition, frozen.publication
    place = [publication.id, publication.timezone, publication.lang]
    return json.dumps([edition.name, *place, frozen.mail_variants, frozen.segment])


def _left_behind(connection: Connection, now: datetime) -> list[int]:
    old = select(proposal.c.id).where(proposal.c.proposed_at < now - _KEPT)
    return list(connection.scalars(old))


def _discard_part(connection: Connection, number: int) -> bool:
    """Delete some of its rows, or at last itself; whether there may be more."""
    ours = update(proposal).where(proposal.c.id == number)
    if not connection.execute(ours.values(stands=false())).rowcount:
        return False
    some = select(delivery.c.subscriber_id).where(delivery.c.run_id == number)
    gone = connection.execute(
        delete(delivery)
        .where(delivery.c.run_id == number)
        .where(delivery.c.subscriber_id.in_(some.limit(_PART)))
    )
    if gone.rowcount < _PART:
        connection.execute(delete(proposal).where(proposal.c.id == number))
        return False
    return True
