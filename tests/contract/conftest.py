"""Every contract runs on SQLite in a file and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contract.house import House
from tests.contract.postgres import Postgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of the session."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, one for each test and dialect."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/mailer.db"
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
