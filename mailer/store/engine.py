"""The database: opened, brought to our schema, and spoken to one transaction a hop.

SQLite has one thread and one connection, and so one writer; PostgreSQL a small pool.
Whatever a driver raises becomes a StoreError here, in words an operator can act on.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mailer.errors import ConfigError, StoreError
from mailer.phrases import say

T = TypeVar("T")

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_KNOWN = tuple(sorted(path.name[:4] for path in _VERSIONS.glob("[0-9]*.py")))
HEAD = _KNOWN[-1]
"""The newest migration: what this code reads and writes."""

_POSTGRES_THREADS = 4
_SOUND_SECONDS = 15 * 60.0
"""How long a look at every page holds: from a question to the first message."""

_DAMAGED = say("the database is damaged: restore the last backup")
_WORDS = (
    # (part of a driver's message, ours, whether waiting may help)
    ("disk is full", say("the disk is full: make room, then go on"), True),
    ("no space left", say("the disk is full: make room, then go on"), True),
    ("database is locked", say("another process keeps the database locked"), True),
    (
        "readonly",
        say("the database is read-only: look at its file mode and owner"),
        False,
    ),
    (
        "read-only",
        say("the database is read-only: look at its file mode and owner"),
        False,
    ),
    ("malformed", _DAMAGED, False),
    ("not a database", say("this file is not a mailer database"), False),
    (
        "unable to open",
        say("the database file cannot be opened: does its folder exist?"),
        False,
    ),
    (
        "disk i/o error",
        say("the disk does not read or write: is it full, is it failing?"),
        True,
    ),
    ("authentication failed", say("PostgreSQL refuses the password"), False),
    ("does not exist", say("there is no such PostgreSQL database or user"), False),
    ("connection to server", say("PostgreSQL does not answer: is it running?"), True),
    ("closed the connection", say("the connection to PostgreSQL broke"), True),
    ("terminating connection", say("the connection to PostgreSQL broke"), True),
)


_PLAN_ONCE = "SET plan_cache_mode = force_generic_plan"
"""What is posted thousands of times a second names its rows by their key, whichever they
are: PostgreSQL need not think about it anew each time, which takes longer than doing it."""


class Store:
    """An open database. ``write`` and ``read`` run a function in one transaction.

    On SQLite reading has a thread and a connection of its own: whoever counts a million
    rows keeps nobody from writing.

    ``sound_until`` is when its pages are to be read again, by the machine's monotonic
    clock, which is that of any other process here.
    """

    def __init__(
        self,
        engine: Engine,
        folder: Path | None,
        reading: Engine | None = None,
        *,
        fingerprint: Callable[[str], str] | None = None,
    ) -> None:
        """``fingerprint`` hashes an address by which an erased reader is known again."""
        self.engine = engine
        self._fingerprint = fingerprint or _unknown
        self.lock_folder = folder
        self._reading = reading or engine
        self.sound_until = 0.0
        self._own = threading.local()  # the driver's own connection, for ``post``
        self._owned: list[Any] = []
        threads = 1 if self.is_sqlite else _POSTGRES_THREADS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="ledger")
        self._readers = (
            ThreadPoolExecutor(1, thread_name_prefix="reading")
            if self.is_sqlite
            else self._threads
        )

    @property
    def is_sqlite(self) -> bool:
        """Which of the two dialects this is."""
        return self.engine.dialect.name == "sqlite"

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        schema: str = HEAD,
        fingerprint: Callable[[str], str] | None = None,
    ) -> Self:
        """Open the database at *url*, made and migrated to *schema* if need be.

        StoreError if it cannot be reached, or is newer than this mailer knows.
        """
        store = cls(*_engines(url), fingerprint=fingerprint)
        try:
            await store.on_thread(lambda: store._migrate(schema))
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Finish what runs, then let go of every connection."""
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._threads.shutdown)
        for connection in self._owned:
            connection.close()
        await asyncio.to_thread(self._reading.dispose)
        await asyncio.to_thread(self.engine.dispose)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in a transaction of its own; durable when this returns.

        StoreError, and then nothing of *work* has happened.
        """
        return await self.on_thread(lambda: self._transaction(work, writes=True))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run *work*, which changes nothing, on one consistent view."""
        reading = partial(self._transaction, work, writes=False)
        return await _done_by(self._readers, reading)

    async def post(self, work: Callable[[Any], T]) -> T:
        """Run *work* on the driver's own connection; it is its own transaction.

        For what happens thousands of times a second: SQLAlchemy would cost more than the
        statements do.
        """
        return await self.on_thread(partial(self._post, work))

    async def check(self) -> None:
        """StoreError if the pages of the database do not fit together.

        PostgreSQL sees to its pages itself. SQLite is quick, 100 MB in a quarter of a
        second; what was sound a moment ago is not read again.
        """
        if self.is_sqlite and time.monotonic() >= self.sound_until:
            found = await self.read(
                lambda c: c.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            )
            if found != "ok":
                raise StoreError(_DAMAGED, temporary=False)
            self.sound_until = time.monotonic() + _SOUND_SECONDS

    async def on_thread(self, work: Callable[[], T]) -> T:
        """Run *work* in the ledger's thread; it ends even if the caller is cancelled."""
        return await _done_by(self._threads, work)

    def _post(self, work: Callable[[Any], T]) -> T:
        with in_our_words(self.engine.dialect.loaded_dbapi.Error):
            try:
                return work(self._own_connection())
            except BaseException:
                self._forget_own_connection()
                raise

    def _forget_own_connection(self) -> None:
        """Nobody knows how it stands: the next call takes another, if there was one."""
        if self.is_sqlite or not hasattr(self._own, "connection"):
            return
        self._owned.remove(self._own.connection)
        with suppress(Exception):
            self._own.connection.close()
        del self._own.connection

    def _own_connection(self) -> Any:  # noqa: ANN401 - whatever the driver has
        """The driver's connection of this thread: on SQLite the one there is."""
        if not hasattr(self._own, "connection"):
            taken = self.engine.raw_connection()
            self._own.connection = taken.driver_connection
            if not self.is_sqlite:
                taken.detach()
                self._own.connection.autocommit = True
                self._own.connection.execute(_PLAN_ONCE)
                self._owned.append(self._own.connection)
        return self._own.connection

    def _transaction(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        options: dict[str, Any] = {
            "mailer_writes": writes,
            "mailer_fingerprint": self._fingerprint,
        }
        if not writes and not self.is_sqlite:
            # READ COMMITTED would show every statement another moment.
            options["isolation_level"] = "REPEATABLE READ"
        engine = self.engine if writes else self._reading
        with in_our_words(), engine.connect() as connection:
            connection = connection.execution_options(**options)
            with connection.begin():
                return work(connection)

    def _migrate(self, to: str) -> None:
        with in_our_words():
            found = self._transaction(schema_of, writes=False)
            if found == to:
                return
            refuse_newer(found)
            _upgrade(self.engine, to)


async def _done_by(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """What *work* returns or raises; it ends even if nobody waits for it any more.

    ``shield`` around ``run_in_executor`` says the same by two more futures, and takes
    the loop two more turns: too much for each group of messages.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def end(settle: Callable[[Any], None], outcome: object) -> None:
        if not done.done():
            settle(outcome)

    def run() -> None:
        try:
            end_it = partial(end, done.set_result, work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            end_it = partial(end, done.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(end_it)

    threads.submit(run)
    return await done


def _unknown(_: str) -> str:
    message = say("without the secret key nobody knows who was erased")
    raise StoreError(message, temporary=False)


def refuse_newer(found: str | None) -> None:
    """StoreError if a newer mailer made the schema *found*; None is no schema at all."""
    if found is not None and found not in _KNOWN:
        message = say(
            "the database has schema {found}, newer than this mailer knows: "
            "install the newer mailer again",
            found=found,
        )
        raise StoreError(message, temporary=False)


class Turn(IntEnum):
    """What only one transaction does at a time; the numbers are PostgreSQL's locks."""

    MIGRATE = 0x6D61696C01
    OPEN_RUN = 0x6D61696C02
    ADMIT = 0x6D61696C03
    PACE = 0x6D61696C04
    RELAYS = 0x6D61696C05


def beside(connection: Connection, turn: Turn) -> None:
    """Wait while somebody has this *turn* alone; any number may be beside each other."""
    if connection.dialect.name != "sqlite":
        shared = func.pg_advisory_xact_lock_shared(int(turn))
        connection.execute(select(shared))


def alone(connection: Connection, turn: Turn) -> None:
    """Wait for our *turn*, and keep it to the end of the transaction.

    Two that look first and write then would both find nothing. On SQLite nobody needs
    to wait: it has one writer at a time.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(int(turn))))


@contextmanager
def in_our_words(driver: type[Exception] = DBAPIError) -> Iterator[None]:
    """Turn what SQLAlchemy, or the *driver* itself, raises into StoreError."""
    try:
        yield
    except (DBAPIError, driver) as error:
        said = str(getattr(error, "orig", error))
        for part, words, temporary in _WORDS:
            if part in said.lower():
                raise StoreError(words, temporary=temporary) from error
        message = say(
            "the database said: {error}",
            error=said.strip().splitlines()[0] if said else error,
        )
        raise StoreError(message) from error
    except SQLAlchemyError as error:
        message = say("the database cannot be used: {error}", error=error)
        raise StoreError(message) from error


def _engines(url: str) -> tuple[Engine, Path | None, Engine | None]:
    """For writing, the folder of the file if there is one, and for reading."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        try:
            return create_engine(parsed, pool_pre_ping=True), None, None
        except ModuleNotFoundError as error:
            message = say("PostgreSQL needs its driver")
            hint = "pip install 'mailer-daemon[postgres]'"
            raise ConfigError(message, hint=hint) from error
    from mailer.store.sqlite import engines_of  # who has PostgreSQL has no use for it

    return engines_of(parsed)


def schema_of(connection: Connection) -> str | None:
    """The migration that the database stands at; None for one without our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _upgrade(engine: Engine, to: str) -> None:
    """Run the migrations; imported late, because alembic is slow to load."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection, connection.begin():
        alone(connection, Turn.MIGRATE)
        config.attributes["connection"] = connection
        command.upgrade(config, to)
