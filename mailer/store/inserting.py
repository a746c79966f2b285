"""An INSERT that says what happens where the row is there already.

Both dialects know ON CONFLICT, in words that SQLAlchemy has only in each of them. A
process loads the one that its database speaks: the other is three megabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def insert_into(
    connection: Connection, table: Table
) -> sqlite.Insert | postgresql.Insert:
    """An INSERT into *table* that knows ``on_conflict_do_nothing`` and ``_do_update``."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
