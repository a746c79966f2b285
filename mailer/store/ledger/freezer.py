"""Frozen editions in the database: what went out, byte for byte, for ever."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select

from mailer.edition.model import Variant
from mailer.errors import StoreError
from mailer.phrases import say
from mailer.rendering.listing import Listing, listing_of
from mailer.rendering.model import Frozen, Rendering
from mailer.store.codec import (
    dump_edition,
    dump_entry,
    dump_pictures,
    dump_polls,
    dump_publication,
    load_edition,
    load_entry,
    load_pictures,
    load_polls,
    load_publication,
    picture_key,
)
from mailer.store.schema import frozen as frozen_table
from mailer.store.schema import listing as listing_table
from mailer.store.schema import picture as picture_table
from mailer.store.schema import rendering as rendering_table
from mailer.store.schema import run as run_table


def freeze(connection: Connection, frozen: Frozen, now: datetime) -> int:
    """Keep *frozen*; the id of what is kept, the same for the same content."""
    edition_json = dump_edition(frozen.edition)
    publication_json = dump_publication(frozen.publication)
    # The hash is over what readers see in the body; the sender may have changed alone.
    known = connection.execute(
        select(frozen_table.c.id)
        .where(frozen_table.c.edition == frozen.edition.name)
        .where(frozen_table.c.sha256 == frozen.sha256)
        .where(frozen_table.c.edition_json == edition_json)
        .where(frozen_table.c.publication_json == publication_json)
    ).scalar()
    if known is not None:
        return int(known)
    key = connection.execute(
        insert(frozen_table)
        .values(
            edition=frozen.edition.name,
            sha256=frozen.sha256,
            edition_json=edition_json,
            publication_json=publication_json,
            frozen_at=now,
        )
        .returning(frozen_table.c.id)
    ).scalar_one()
    for place, rendering in enumerate(frozen.renderings):
        _keep_pictures(connection, rendering)
        connection.execute(
            insert(rendering_table).values(
                frozen_id=key,
                variant=rendering.variant,
                place=place,
                lang=rendering.lang,
                subject=rendering.subject,
                preheader=rendering.preheader,
                html=rendering.html,
                text=rendering.text,
                pictures_json=dump_pictures(rendering.pictures),
                entry_json=dump_entry(rendering.entry),
                polls_json=dump_polls(rendering.polls),
            )
        )
    if listed := listing_of(frozen):
        _keep_listing(connection, int(key), listed)
    return int(key)


def thaw(connection: Connection, run: int) -> Frozen:
    """What was frozen for *run*; StoreError if it is not what was sealed then."""
    key = select(run_table.c.frozen_id).where(run_table.c.id == run)
    return unfreeze(connection, int(connection.execute(key).scalar_one()))


def unfreeze(connection: Connection, key: int) -> Frozen:
    """What ``freeze`` kept under *key*; StoreError if it is not what was sealed then."""
    row = connection.execute(select(frozen_table).where(frozen_table.c.id == key)).one()
    renderings = connection.execute(
        select(rendering_table)
        .where(rendering_table.c.frozen_id == row.id)
        .order_by(rendering_table.c.place)
    ).all()

    def content(key: str) -> bytes:
        found = connection.execute(
            select(picture_table.c.content).where(picture_table.c.sha256 == key)
        ).scalar_one()
        return bytes(found)

    frozen = Frozen(
        edition=load_edition(row.edition_json),
        publication=load_publication(row.publication_json),
        renderings=tuple(
            Rendering(
                variant=Variant(each.variant),
                lang=each.lang,
                subject=each.subject,
                preheader=each.preheader,
                html=each.html,
                text=each.text,
                pictures=load_pictures(each.pictures_json, content),
                entry=load_entry(each.entry_json),
                polls=load_polls(each.polls_json),
            )
            for each in renderings
        ),
    )
    if frozen.sha256 != row.sha256:
        message = say(
            "{edition} is not what was frozen: its hash differs", edition=row.edition
        )
        raise StoreError(message, temporary=False)
    return frozen


def _keep_listing(connection: Connection, key: int, listed: Listing) -> None:
    connection.execute(
        insert(listing_table).values(
            frozen_id=key, sought=listed.sought, **asdict(listed)
        )
    )


def _keep_pictures(connection: Connection, rendering: Rendering) -> None:
    for picture in rendering.pictures:
        key = picture_key(picture)
        kept = select(picture_table.c.sha256).where(picture_table.c.sha256 == key)
        if connection.execute(kept).first() is None:
            connection.execute(
                insert(picture_table).values(sha256=key, content=picture.content)
            )
