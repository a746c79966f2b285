"""Storage that fails: locked, full, read-only, torn, gone with the power, restarted."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.chaos.judge import Verdict
from tests.chaos.stage import Scene, Stage

_PLENTY = resource.RLIM_INFINITY
_HEADER, _FRAME = 32, 24  # bytes of a WAL's and of a frame's head
UNUSABLE = 69


async def locked(stage: Stage, _: str, rng: Random) -> Verdict:
    """Another process holds the database, shorter or longer than patience lasts."""
    async with stage.scene(connections=rng.choice((1, 4))) as scene:
        sender = scene.resume(seconds=rng.choice((1.0, 3.0)))
        await scene.taken(1 + rng.randrange(stage.readers // 2), sender)
        with _locked(scene):
            await asyncio.sleep(rng.choice((0.2, 2.0, 10.0)))
            if rng.random() < 0.5:
                sender.kill()
                await scene.ended(sender)
        await scene.ended(sender)
        await scene.finish()
        return await scene.verdict()


async def full(stage: Stage, _: str, rng: Random) -> Verdict:
    """No file may grow any more, for a moment or until the sender dies of it."""
    async with stage.scene(connections=rng.choice((1, 4))) as scene:
        sender = scene.resume(seconds=2.0)
        await scene.taken(1 + rng.randrange(stage.readers // 2), sender)
        size = (scene.folder / "mailer.db-wal").stat().st_size
        resource.prlimit(sender.pid, resource.RLIMIT_FSIZE, (size, _PLENTY))
        ending = rng.choice(("room", "kill", "end"))
        if ending == "room":
            await asyncio.sleep(0.5)
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(sender.pid, resource.RLIMIT_FSIZE, (_PLENTY, _PLENTY))
        elif ending == "kill":
            await asyncio.sleep(rng.uniform(0, 1))
            sender.kill()
        code = await scene.ended(sender)
        # What it knew and could not write is in doubt, as if it had been killed.
        scene.crashes += ending == "end" and code != 0
        await scene.finish()
        return await scene.verdict()


async def read_only(stage: Stage, _: str, rng: Random) -> Verdict:
    """A ledger that cannot be written: refused in words, and nobody is written to."""
    async with stage.scene() as scene:
        database = scene.folder / "mailer.db"
        database.chmod(0o444)
        sender = scene.resume(powerless=True)
        code = await scene.ended(sender)
        if code not in {UNUSABLE, 75} or "read-only" not in sender.err:
            scene.faults.append(f"exit {code}: {sender.err}")
        if scene.relay.copies:
            scene.faults.append("sent without a ledger")
        database.chmod(0o600)
        await scene.finish()
        return await scene.verdict()


async def damaged(stage: Stage, _: str, rng: Random) -> Verdict:
    """A page of the deliveries is garbage: no sender starts, and nobody is written to."""
    async with stage.scene() as scene:
        sender = scene.resume()
        await scene.taken(1 + rng.randrange(stage.readers // 2), sender)
        sender.kill()
        await scene.ended(sender)
        database = scene.folder / "mailer.db"
        page = _page_of(database, rng.choice(("delivery", "run", "subscriber")))
        whole = database.read_bytes()
        with database.open("r+b") as file:
            file.seek(page[0])
            file.write(rng.randbytes(page[1]))
        before = len(scene.relay.copies)
        refused = scene.resume()
        code = await scene.ended(refused)
        if code != UNUSABLE or "damaged" not in refused.err:
            scene.faults.append(f"exit {code}: {refused.err}")
        if len(scene.relay.copies) != before:
            scene.faults.append("sent from a damaged ledger")
        database.write_bytes(whole)  # the backup: nothing was written since
        await scene.finish()
        return await scene.verdict()


async def power_lost(stage: Stage, _: str, rng: Random) -> Verdict:
    """The machine stops: file and WAL as they lay, without checkpoint, the tail torn."""
    async with stage.scene(connections=rng.choice((1, 2, 4, 8))) as scene:
        for _round in range(rng.randint(1, 2)):
            sender = scene.resume()
            count = len(scene.relay.copies) + 1 + rng.randrange(stage.readers // 3)
            await scene.taken(count, sender)
            sender.stop()
            await scene.stands_still(sender)
            lying = scene.folder / "lying"
            lying.mkdir()
            for name in ("mailer.db", "mailer.db-wal"):
                if (scene.folder / name).exists():
                    shutil.copy(scene.folder / name, lying / name)
            sender.kill()
            await scene.ended(sender)
            for old in scene.folder.glob("mailer.db*"):
                old.unlink()
            if (lying / "mailer.db-wal").exists():
                _tear(lying / "mailer.db-wal", rng)
            for name in lying.iterdir():
                name.rename(scene.folder / name.name)
            lying.rmdir()
        await scene.finish()
        return await scene.verdict()


async def restarted(stage: Stage, backend: str, rng: Random) -> Verdict:
    """PostgreSQL is stopped at once, and comes back while the sender still waits."""
    assert stage.postgres is not None
    async with stage.scene(backend, connections=rng.choice((1, 4))) as scene:
        for _round in range(rng.randint(1, 2)):
            sender = scene.resume(seconds=rng.choice((1.0, 10.0)))
            count = len(scene.relay.copies) + 1 + rng.randrange(stage.readers // 3)
            await scene.taken(count, sender)
            stage.postgres.stop(at_once=True)
            # What it knew and could not write may be in doubt, as if it had died.
            scene.crashes += 1
            await asyncio.sleep(rng.uniform(0, 1.5))
            stage.postgres.start()
            await scene.ended(sender)
        await scene.finish()
        return await scene.verdict()


@contextlib.contextmanager
def _locked(scene: Scene) -> Iterator[None]:
    holder = sqlite3.connect(
        scene.folder / "mailer.db", isolation_level=None, timeout=5
    )
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


def _page_of(database: Path, table: str) -> tuple[int, int]:
    """Where the first page of *table* lies in the file, and how long it is."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ? AND type = 'table'",
            [table],
        ).fetchone()
    return (root - 1) * size, size


def _tear(wal: Path, rng: Random) -> None:
    """Spoil what was not committed yet: the frames after the last that ends a commit.

    What a commit has flushed is safe on any honest disk; the rest may be there in part,
    or be garbage.
    """
    content = wal.read_bytes()
    if len(content) < _HEADER:
        return
    (page,) = struct.unpack(">I", content[8:12])
    salts = content[16:24]
    step = _FRAME + page
    end = _HEADER
    for at in range(_HEADER, len(content) - step + 1, step):
        if content[at + 8 : at + 16] != salts:
            break
        if content[at + 4 : at + 8] != bytes(4):  # the size of a database: a commit
            end = at + step
    tail = content[end:]
    match rng.choice(("cut", "garbage", "as it lay")):
        case "cut":
            wal.write_bytes(content[:end] + tail[: rng.randrange(len(tail) + 1)])
        case "garbage":
            wal.write_bytes(
                content[:end] + rng.randbytes(min(len(tail) or step, 10**6))
            )
        case _:
            pass
