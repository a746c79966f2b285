"""More than one sender: the second waits, or takes over, or is fenced off."""

from __future__ import annotations

from random import Random

from tests.chaos.judge import Verdict
from tests.chaos.stage import Scene, Stage

_ELSEWHERE = 4  # refused by a guard: another process sends


async def two(stage: Stage, backend: str, rng: Random) -> Verdict:
    """Of senders that start together one sends; the others are told so, and go."""
    async with stage.scene(backend, connections=2) as scene:
        together = [scene.resume() for _ in range(rng.randint(2, 3))]
        codes = [await scene.ended(sender) for sender in together]
        if min(codes) != 0 or set(codes) > {0, _ELSEWHERE}:
            scene.faults.append(f"they ended with {codes}: {together[-1].err}")
        await scene.finish()
        return await scene.verdict()


async def heir(stage: Stage, backend: str, rng: Random) -> Verdict:
    """Others knock all the while; when the sender is killed, one takes over at once."""
    async with stage.scene(backend, connections=rng.choice((2, 4))) as scene:
        for _ in range(rng.randint(1, 3)):
            first = scene.resume()
            scene.relay.trap(first.kill, count=1 + rng.randrange(stage.readers))
            while first.code is None:
                knocking = scene.resume()
                await scene.ended(knocking)
            await scene.ended(first)
        await scene.finish()
        return await scene.verdict()


async def fenced(stage: Stage, backend: str, rng: Random) -> Verdict:
    """A stopped sender loses its lock, another takes over, the first wakes: fenced off.

    A lock file deleted by hand; a connection to PostgreSQL cut by a firewall.
    """
    async with stage.scene(backend, connections=rng.choice((1, 2, 4))) as scene:
        first = scene.resume()
        await scene.taken(1 + rng.randrange(stage.readers // 2), first)
        first.stop()
        await scene.stands_still(first)
        if rng.random() < 0.5:
            refused = scene.resume()
            if await scene.ended(refused) != _ELSEWHERE:
                scene.faults.append(f"not refused: {refused.code} {refused.err}")
        _unlock(scene, backend)
        second = scene.resume()
        if rng.random() < 0.5:
            await scene.taken(len(scene.relay.copies) + 3, second)
        else:
            await scene.ended(second)
        scene.crashes += 1  # the second holds what was on the first's wire for in doubt
        first.wake()
        await scene.ended(second)
        await scene.ended(first)
        await scene.finish()
        return await scene.verdict()


def _unlock(scene: Scene, backend: str) -> None:
    """Take the lock of the stopped sender away."""
    if backend == "sqlite":
        for lock in scene.folder.glob("run-*.lock"):
            lock.unlink()
        return
    postgres = scene.stage.postgres
    assert postgres is not None
    postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'",
        database=scene.database,
    )
