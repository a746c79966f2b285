"""Who works on the database of this machine: daemons together, a restore alone.

A lock of the kernel, freed with the process whatever ends it. A daemon that hangs and
answers nobody still has it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailer.errors import GuardError, StoreError
from mailer.phrases import say


@contextmanager
def occupying(socket: Path, *, alone: bool = False) -> Iterator[None]:
    """Work beside others whose daemon listens at *socket*, or *alone*.

    GuardError if a restore is under way, or for who wants to be alone and is not.
    """
    path = socket.with_name(f"{socket.name}.users")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = say("{path} cannot be made: {error}", path=path, error=error.strerror)
        raise StoreError(message, temporary=False) from error
    try:
        how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        if alone:
            message = say("the daemon runs")
            raise GuardError(message, hint=say("stop mailer run first")) from None
        message = say("the database is being restored")
        raise GuardError(
            message, hint=say("start mailer run again afterwards")
        ) from None
    try:
        yield
    finally:
        os.close(lock)
