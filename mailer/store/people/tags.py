"""Giving tags to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select

from mailer.store.batches import batches
from mailer.store.schema import tag


def give_tags(connection: Connection, wanted: Mapping[int, Sequence[str]]) -> None:
    """Give to each subscriber what is *wanted*; who has a tag keeps it."""
    for part in batches(wanted):
        found = connection.execute(select(tag).where(tag.c.subscriber_id.in_(part)))
        known = {(row.subscriber_id, row.tag) for row in found}
        pairs = {(person, name) for person in part for name in wanted[person]}
        if missing := sorted(pairs - known):
            rows = [{"subscriber_id": person, "tag": name} for person, name in missing]
            connection.execute(insert(tag), rows)
