"""The readers of an edition one by one: the Faces port over SQL."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, select, union

from mailer.audience.address import address_key
from mailer.audience.subscriber import Standing
from mailer.edition.model import Variant
from mailer.flows.sending.faces import Face
from mailer.rendering.model import Frozen
from mailer.store.engine import Store
from mailer.store.ledger.audience import SKIPPED, variant_on
from mailer.store.ledger.drawing import audience_of
from mailer.store.schema import subscriber, subscription

_LOOKED_AT = 500
"""The first and the last of so many: a list of a million is not read for a menu."""


class SqlFaces:
    """The Faces port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def some(self, frozen: Frozen, *, now: datetime) -> list[Face]:
        """See the port."""
        theirs = (
            select(subscription.c.subscriber_id)
            .where(subscription.c.publication == frozen.publication.id)
            .where(subscription.c.standing == Standing.ACTIVE)
            .limit(_LOOKED_AT)
        )
        number = subscription.c.subscriber_id
        first = theirs.order_by(number).subquery()
        last = theirs.order_by(number.desc()).subquery()
        both = union(select(first.c[0]), select(last.c[0]))
        return await self._faces(subscriber.c.id.in_(both), frozen, now)

    async def find(self, email: str, frozen: Frozen, *, now: datetime) -> Face | None:
        """See the port."""
        which = subscriber.c.email_key == address_key(email)
        return next(iter(await self._faces(which, frozen, now)), None)

    async def known(self, number: int, frozen: Frozen, *, now: datetime) -> Face | None:
        """See the port."""
        which = subscriber.c.id == number
        return next(iter(await self._faces(which, frozen, now)), None)

    async def _faces(
        self, which: ColumnElement[bool], frozen: Frozen, now: datetime
    ) -> list[Face]:
        zone = ZoneInfo(frozen.publication.timezone)
        theirs = variant_on(now.astimezone(zone).date(), frozen.mail_variants)

        def work(connection: Connection) -> list[Face]:
            statement = (
                audience_of(connection, frozen, now)
                .add_columns(theirs.label("variant"))
                .where(which, subscriber.c.email != "")
                .order_by(subscriber.c.id.desc())
            )
            return [
                Face(
                    subscriber=row.id,
                    email=row.email,
                    name=row.name,
                    variant=None if row.variant in SKIPPED else Variant(row.variant),
                    skipped=row.lot if row.lot in SKIPPED else "",
                    text_only=bool(row.text_only),
                    measured=bool(row.measured),
                )
                for row in connection.execute(statement)
            ]

        return await self._store.read(work)
