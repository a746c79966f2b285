"""The process that dies: the real command, forked from a server that has imported it.

``multiprocessing``'s fork server imports the program once; each victim is then a process
of its own, with its own loop, threads, connections and locks, a second sooner than a
new interpreter. Nothing of the program knows that it is watched. What cannot be done
from outside is done here, around the program, as the orders say: to die at a moment of
the ledger, to read a clock that jumps, to have little patience.
"""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import functools
import mmap
import os
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailer import wiring
from mailer.cli.main import main
from mailer.delivery import limiter
from mailer.flows.ports import Committed, Run
from mailer.store.ledger.deliveries import SqlLedger

POINTS = {
    # point: (method of the ledger, whether its work is done when the victim dies, and
    # the argument that must not be empty for the moment to count)
    "before the run is opened": ("open_run", False, ""),
    "after the run is opened": ("open_run", True, ""),
    "after recovery": ("recover", True, ""),
    "after claim": ("claim", True, ""),
    "before the mark": ("commit", False, "marks"),
    "after the mark": ("commit", True, "marks"),
    "after 250, before the commit": ("commit", False, "settlements"),
    "after the commit": ("commit", True, "settlements"),
    "before the end is written": ("mark_run", False, ""),
    "after the end is written": ("mark_run", True, ""),
}
"""Moments of the ledger at which a victim can be told to kill itself."""

_SECONDS = struct.Struct("d")
_DIE_WITH_PARENT = 1
_CAPABILITIES = 0x20080522  # version 3 of the call


SPOILT = 99
"""The exit code of a victim that could not be prepared: the scene proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a victim runs, and what is done to it from the beginning.

    ``die_at`` is one of POINTS, ``die_after`` how often it is passed before; ``clock``
    is a file of one double, seconds added to the wall clock; ``seconds`` is the
    patience with the store; ``powerless`` takes from root what nobody else has:
    file modes hold for it too; ``forgetful`` makes the ledger lie: it says that a
    hand-over is marked and writes nothing, which the judge must see.
    """

    words: tuple[str, ...]
    environ: dict[str, str]
    out: Path
    die_at: str = ""
    die_after: int = 0
    clock: Path | None = None
    seconds: float | None = None
    lease: float | None = None
    file_limit: int | None = None
    powerless: bool = False
    forgetful: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def run(orders: Orders) -> None:
    """Be a ``mailer`` that runs *orders*; ends as the command ends."""
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(orders.out.with_suffix(f".{name}"), os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)  # none is left behind
    try:
        _obey(orders)
    except Exception:  # noqa: BLE001 - told, and not taken for an end of the command
        traceback.print_exc()
        os._exit(SPOILT)
    main()


def _obey(orders: Orders) -> None:
    os.environ.clear()
    os.environ.update(orders.environ)
    sys.argv = ["mailer", *orders.words]
    if orders.file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (orders.file_limit, -1))
    if orders.die_at:
        _die_at(orders.die_at, orders.die_after)
    if orders.clock is not None:
        _set_clock(orders.clock)
    _shorten(orders)
    _hurry()
    if orders.forgetful:
        _forget_marks()
    if orders.powerless:
        _drop_privileges()
    signal.signal(signal.SIGUSR1, _tell_where_it_stands)


def _tell_where_it_stands(*_: object) -> None:
    """Asked with SIGUSR1: every thread and every task, on stderr."""
    faulthandler.dump_traceback()
    for task in asyncio.all_tasks():
        task.print_stack()


def _drop_privileges() -> None:
    """Give up every capability (capset(2)); nothing changes for who has none."""
    header = struct.pack("Ii", _CAPABILITIES, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, bytes(24)):
        raise OSError(ctypes.get_errno(), "capset")


def _die_at(point: str, passes: int) -> None:
    name, done, needed = POINTS[point]
    left = passes

    def around(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(method)
        async def dying(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= not needed or bool(kwargs[needed])
            if left < 0 and not done:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = await method(*args, **kwargs)
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return dying

    setattr(SqlLedger, name, around(getattr(SqlLedger, name)))


def _set_clock(path: Path) -> None:
    """Add what stands in *path*, now and whenever it changes, to the wall clock."""
    with path.open("rb") as file:
        seconds = mmap.mmap(file.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)
    true = wiring.SystemClock.now

    def now(clock: wiring.SystemClock) -> datetime:
        return true(clock) + timedelta(seconds=_SECONDS.unpack(seconds[:])[0])

    wiring.SystemClock.now = now  # type: ignore[method-assign]


def set_clock(path: Path, seconds: float) -> None:
    """Let victims that look at *path* live so many seconds later."""
    if not path.exists():
        path.write_bytes(bytes(_SECONDS.size))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as shared:
        shared[:] = _SECONDS.pack(seconds)


def _shorten(orders: Orders) -> None:
    """Patience with the store that a test can wait for, and short leases."""
    true = wiring.House.desk
    policy: dict[str, timedelta] = {}
    if orders.seconds is not None:
        policy["store_patience"] = timedelta(seconds=orders.seconds)
    if orders.lease is not None:
        policy["lease"] = timedelta(seconds=orders.lease)

    def desk(house: wiring.House, *args: Any) -> Any:
        made = true(house, *args)
        return replace(made, policy=replace(made.policy, **policy))

    if policy:
        wiring.House.desk = desk  # type: ignore[method-assign]


def _hurry() -> None:
    """Give way to a relay that objects, and be back before a judge grows old."""
    limiter.UNKNOWN, limiter.FLOOR, limiter.FIRST_PAUSE = 50.0, 20.0, 0.05


def _forget_marks() -> None:
    true = SqlLedger.commit

    async def commit(ledger: SqlLedger, run: Run, **named: Any) -> Committed:
        """Write the outcomes, say that every mark holds, and write none."""
        marks = named.pop("marks", ())
        written = await true(ledger, run, **named)
        return replace(written, held=[True] * len(marks))

    SqlLedger.commit = commit  # type: ignore[method-assign, assignment]
