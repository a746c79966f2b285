"""One process per run: locks that are freed with the process, however it ends."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from mailer.errors import GuardError, StoreError
from mailer.flows.ports import Run
from mailer.phrases import say
from mailer.store.engine import Store, in_our_words

_SPACE = 0x6D61696C
"""Keeps our advisory locks apart from those of other programs in the same database."""

_HOLDER = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND classid = :space AND objid = :run AND objsubid = 2 AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


@asynccontextmanager
async def sole_sender(store: Store, run: Run) -> AsyncIterator[None]:
    """Hold the lock of *run*; GuardError if another process does.

    StoreError if the database is damaged: better no mail than twice the same.
    """
    await store.check()
    if store.lock_folder is not None:
        with _file_lock(store.lock_folder / f"run-{run.id}.lock", run):
            yield
        return
    holder = await store.on_thread(lambda: _advisory_lock(store, run))
    try:
        yield
    finally:
        await store.on_thread(holder.close)


@contextmanager
def _file_lock(path: Path, run: Run) -> Iterator[None]:
    # The file stays: to delete it would let two processes lock two files of one name.
    try:
        file = path.open("w")
    except OSError as error:
        message = say("{path} cannot be made: {error}", path=path, error=error.strerror)
        raise StoreError(message) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _elsewhere(run) from None
        yield


def _advisory_lock(store: Store, run: Run) -> Connection:
    """A connection of its own that holds the lock as long as it lives."""
    with in_our_words():
        connection = store.engine.connect()
        got = connection.execute(
            text("SELECT pg_try_advisory_lock(:space, :run)"),
            {"space": _SPACE, "run": run.id},
        ).scalar()
        connection.commit()
        connection.detach()
    if not got:
        connection.close()
        raise _elsewhere(run)
    return connection


async def has_sender(store: Store, run: Run) -> bool:
    """Whether some process holds the lock of *run* just now; for PostgreSQL alone."""
    return await store.read(
        lambda connection: bool(
            connection.scalar(_HOLDER, {"space": _SPACE, "run": run.id})
        )
    )


def _elsewhere(run: Run) -> GuardError:
    message = say("another process is sending {name}", name=run.name)
    return GuardError(message, hint=say("mailer status shows how far it is"))
