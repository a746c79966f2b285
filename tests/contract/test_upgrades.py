"""A database of any schema there ever was becomes one of ours, with everybody in it.

Each is made by the migrations up to its number and filled with a row in every table,
by the types that the database itself says its columns have.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    LargeBinary,
    MetaData,
    String,
    Text,
    insert,
    select,
)

from mailer.store.engine import _KNOWN, Store
from mailer.store.schema import metadata

Rows = Mapping[str, list[dict[str, Any]]]


def fill(connection: Connection) -> Rows:
    """Put a row into every table, those that others refer to first; the rows."""
    found = MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if table.name != "alembic_version":
            row = {column.name: _value(column) for column in table.columns}
            connection.execute(insert(table).values(row))
    return contents(connection)


def _value(column: Any) -> object:
    """Something to be recognised again; 1 where it may be a key or refer to one."""
    match column.type:
        case Boolean():
            return True
        case Date():
            return date(2026, 3, 14)
        case LargeBinary():
            return b"\x00\xff"
        case Text() | String():
            return "{}" if column.name.endswith("_json") else "sent"
        case _:
            return 1


def contents(connection: Connection) -> Rows:
    """Every row of every table, by the database's own types."""
    found = MetaData()
    found.reflect(connection)
    return {
        name: [dict(row._mapping) for row in connection.execute(select(table))]
        for name, table in found.tables.items()
        if name != "alembic_version"
    }


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


@pytest.mark.parametrize("schema", _KNOWN)
async def test_an_upgrade_loses_nothing(empty_url: str, schema: str) -> None:
    """Every value of every row is there afterwards; what is new is empty or a default."""
    store = await Store.open(empty_url, schema=schema)
    before = await store.write(fill)
    await store.close()
    assert all(len(rows) == 1 for rows in before.values())
    store = await Store.open(empty_url)
    try:
        assert await store.write(differences) == []
        after = await store.read(contents)
    finally:
        await store.close()
    for table, rows in before.items():
        ((old,), (new,)) = rows, after[table]
        assert {name: new[name] for name in old} == old, table
    assert set(before) <= set(after)
