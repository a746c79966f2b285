"""What has left, over SQL: listed, searched and handed out as it was frozen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
)

from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.ports import RunState
from mailer.flows.readers.archive import FeedItem, Published, Shelf
from mailer.rendering.listing import Listing
from mailer.store.codec import load_entry
from mailer.store.engine import Store
from mailer.store.people.membership import is_member
from mailer.store.schema import delivery, listing, picture, rendering, run

_KEPT_PAGES = 64  # of a hundred kilobytes each at most
_KEPT = [c for c in listing.c if c.name not in {"text", "sought"}]


class SqlArchive:
    """The Archive port over SQLite and PostgreSQL; see ``flows.readers.archive``."""

    def __init__(
        self, store: Store, hidden: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._store = store
        self._hidden = hidden or {}
        self._pages: dict[tuple[int, Variant], str | None] = {}

    def without(self, hidden: Mapping[str, Collection[str]]) -> SqlArchive:
        """See the port."""
        return SqlArchive(self._store, hidden)

    async def shelf(
        self, publication: str, *, words: Sequence[str] = (), start: int, limit: int
    ) -> Shelf:
        """See the port. Every text is looked through: an archive is some hundred."""
        wanted = self._published(publication).where(*map(_holds, words))
        text = listing.c.text if words else literal("").label("text")

        def work(connection: Connection) -> Shelf:
            total = connection.execute(
                select(func.count()).select_from(wanted.subquery())
            ).scalar_one()
            rows = connection.execute(
                wanted.add_columns(text).order_by(*_NEWEST).offset(start).limit(limit)
            ).all()
            return Shelf(editions=[_as_published(row) for row in rows], total=total)

        return await self._store.read(work)

    async def find(self, publication: str, slug: str) -> Published | None:
        """See the port."""
        wanted = self._published(publication).where(listing.c.slug == slug)
        row = await self._store.read(
            lambda c: c.execute(wanted.order_by(*_NEWEST)).first()
        )
        return None if row is None else _as_published(row)

    async def beside(self, edition: Published) -> tuple[Listing | None, Listing | None]:
        """See the port: by date, and by the moment they left where they share one."""
        shown, key = edition.listing, run.c.id

        def work(connection: Connection) -> tuple[Listing | None, Listing | None]:
            every = self._published(shown.publication)
            mine = select(func.max(run.c.id)).where(run.c.frozen_id == edition.frozen)
            last = mine.scalar_subquery()
            same = listing.c.date == shown.date
            older = or_(listing.c.date < shown.date, and_(same, key < last))
            newer = or_(listing.c.date > shown.date, and_(same, key > last))
            before = connection.execute(
                every.where(older).order_by(*_NEWEST).limit(1)
            ).first()
            after = connection.execute(
                every.where(newer).order_by(listing.c.date, key).limit(1)
            ).first()
            return _as_listing(before), _as_listing(after)

        return await self._store.read(work)

    async def page(self, edition: Published, variant: Variant) -> str | None:
        """See the port. What is frozen never changes: the last pages are kept."""
        key = edition.frozen, variant
        if key not in self._pages:
            html = (
                select(rendering.c.html)
                .where(rendering.c.frozen_id == edition.frozen)
                .where(rendering.c.variant == variant)
            )
            found = await self._store.read(lambda c: c.execute(html).scalar())
            while len(self._pages) >= _KEPT_PAGES:
                self._pages.pop(next(iter(self._pages)))
            self._pages[key] = found
        return self._pages[key]

    async def feed(self, publication: str, *, limit: int) -> Sequence[FeedItem]:
        """See the port."""
        wanted = (
            self._published(publication)
            .join(rendering, rendering.c.frozen_id == listing.c.frozen_id)
            .where(rendering.c.variant == Variant.FEED)
            .add_columns(rendering.c.html, rendering.c.entry_json)
            .order_by(*_NEWEST)
            .limit(limit)
        )
        rows = await self._store.read(lambda c: c.execute(wanted).all())
        return [
            FeedItem(edition=_as_published(row), entry=entry, html=row.html)
            for row in rows
            if (entry := load_entry(row.entry_json))
        ]

    async def everything(self) -> Sequence[Published]:
        """See the port."""
        wanted = self._published().where(listing.c.is_open).order_by(*_NEWEST)
        rows = await self._store.read(lambda c: c.execute(wanted).all())
        return [_as_published(row) for row in rows]

    async def picture(self, digest: str) -> bytes | None:
        """See the port; *digest* is hexadecimal."""
        key = picture.c.sha256
        wanted = select(picture.c.content).where(key >= digest, key < f"{digest}g")
        found = await self._store.read(lambda c: c.execute(wanted.limit(1)).scalar())
        return None if found is None else bytes(found)

    async def is_member(self, publication: str, subscriber: int, today: date) -> bool:
        """See the port."""
        return await self._store.read(
            lambda c: is_member(c, publication, subscriber, today)
        )

    def _published(self, publication: str | None = None) -> Select[Any]:
        """Each edition that has left, by the newest run of it that began to send."""
        left = (
            select(
                func.max(run.c.id).label("last"),
                func.min(run.c.started_at).label("published"),
            )
            .where(_has_left())
            .group_by(run.c.edition)
        )
        if publication is not None:
            left = left.where(run.c.publication == publication)
        newest = left.subquery()
        return (
            select(*_KEPT, newest.c.published, run.c.started_at.label("updated"))
            .join_from(newest, run, run.c.id == newest.c.last)
            .join(listing, listing.c.frozen_id == run.c.frozen_id)
            .where(*(_is_shown(*each) for each in self._hidden.items()))
        )


_NEWEST = (listing.c.date.desc(), run.c.id.desc())


def _has_left() -> ColumnElement[bool]:
    """Whether a run has begun; a cancelled one, whether anybody has its letter."""
    accepted = exists(
        select(literal(1))
        .select_from(delivery)
        .where(delivery.c.run_id == run.c.id)
        .where(delivery.c.state == State.ACCEPTED)
    )
    return and_(
        run.c.state != RunState.ARMED,
        or_(run.c.state != RunState.CANCELLED, accepted),
    )


def _is_shown(publication: str, hidden: Collection[str]) -> ColumnElement[bool]:
    """Whether a listing is none of the *hidden* slugs of *publication*."""
    return or_(listing.c.publication != publication, listing.c.slug.not_in(hidden))


def _holds(word: str) -> ColumnElement[bool]:
    """Whether a listing has a word that begins with *word*, which is letters alone."""
    return listing.c.sought.contains(f" {word}", autoescape=True)


def _as_published(row: Any) -> Published:  # noqa: ANN401 - a Row of the joined tables
    found = _as_listing(row)
    assert found is not None  # noqa: S101 - a row was given
    return Published(
        frozen=row.frozen_id,
        listing=found,
        published=row.published,
        updated=row.updated,
    )


def _as_listing(row: Any) -> Listing | None:  # noqa: ANN401 - a Row, or nothing
    if row is None:
        return None
    return Listing(
        edition=row.edition,
        publication=row.publication,
        slug=row.slug,
        title=row.title,
        date=row.date,
        summary=row.summary,
        number=row.number,
        minutes=row.minutes,
        lang=row.lang,
        is_open=row.is_open,
        picture=row.picture,
        text=getattr(row, "text", ""),
    )
