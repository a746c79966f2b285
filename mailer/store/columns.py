"""What every table is made of: moments, keys, and the metadata they all belong to.

Moments are whole microseconds since 1970 in UTC: they compare alike everywhere, and no
driver has an opinion on their zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

from sqlalchemy import BigInteger, Dialect, Index, Integer, MetaData, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def microseconds(when: datetime) -> int: ...
@overload
def microseconds(when: None) -> None: ...
def microseconds(when: datetime | None) -> int | None:
    """*when* as it is kept, for statements that are text."""
    return None if when is None else (when - _EPOCH) // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's shape
    ) -> int | None:
        """To the database."""
        return microseconds(value)

    def process_result_value(
        self,
        value: int | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's shape
    ) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + value * _MICROSECOND


# SQLite counts rows by itself only where the key is its own INTEGER.
Key = BigInteger().with_variant(Integer(), "sqlite")

KEYED = {"without_rowid": True}
"""A table that SQLite keeps in the order of its key; the migrations make it so."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which *where* holds; the migrations make it so.

    ``postgresql_where`` would say it to SQLAlchemy, and load that dialect everywhere;
    so would ``sqlite_with_rowid``.
    """
    return Index(name, *columns, info={"where": where})
