"""A SQLite database with our schema and nobody in it: made once, written for each test."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mailer.store.engine import Store


def new_database(folder: Path) -> str:
    """The address of a new ``mailer.db`` in *folder*."""
    file = folder / "mailer.db"
    file.write_bytes(_schema())
    return f"sqlite:///{file}"


@cache
def _schema() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "mailer.db"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


def migrate(url: str) -> None:
    """Make the schema at *url*, away from the loop that the tests use."""

    async def open_and_close() -> None:
        await (await Store.open(url)).close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, open_and_close()).result()
