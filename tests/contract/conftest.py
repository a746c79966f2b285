"""Every contract runs on SQLite in a file and on a real PostgreSQL.

The schema is made once for each of them; every test begins with empty tables.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mailer.store.schema import metadata
from tests.contract.house import House
from tests.contract.postgres import Postgres, postgres_server
from tests.database import migrate, new_database


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of the session."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> str:
    """A database with our schema, for one test at a time."""
    url = postgres.new_database()
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with nobody in it, one for each test."""
    if dialect == "sqlite":
        return new_database(tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    address: str = request.getfixturevalue("postgres_url")
    _empty(server, address)
    return address


def _empty(server: Postgres, address: str) -> None:
    """Leave no row, and count from one again.

    To make a database, or to truncate every table, would cost more than most tests.
    """
    looks = [
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")"  # noqa: S608 - ours
        for name in metadata.tables
    ]
    found = server.run(" UNION ALL ".join(looks), database=address)
    deletes = [str(metadata.tables[str(name)].delete()) for (name,) in found]
    statements = (
        "SET session_replication_role = replica",  # whatever refers to whatever
        *deletes,
        "SELECT setval(sequencename::regclass, start_value, false) "
        "FROM pg_sequences WHERE last_value IS NOT NULL",
    )
    server.run("; ".join(statements), database=address)


@pytest.fixture
def empty_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without even our schema."""
    if dialect == "sqlite":
        return f"sqlite:///{tmp_path}/new/mailer.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    """An open store with nobody in it."""
    house = await House.open(url)
    try:
        yield house
    finally:
        await house.store.close()


@pytest.fixture
async def other(house: House) -> AsyncIterator[House]:
    """The same database, opened as another process would."""
    other = await House.open(house.url)
    try:
        yield other
    finally:
        await other.store.close()
