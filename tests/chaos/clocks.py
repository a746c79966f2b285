"""Time that jumps, and senders that sleep through it."""

from __future__ import annotations

import asyncio
from random import Random

from tests.chaos.judge import Verdict
from tests.chaos.stage import Stage

_HOUR, _DAY = 3600.0, 86400.0
_JUMPS = (-_DAY, -_HOUR, -1.0, 400.0, _HOUR, _DAY)


async def jumps(stage: Stage, backend: str, rng: Random) -> Verdict:
    """The wall clock jumps to and fro while mail is on the wire, and comes back."""
    async with stage.scene(backend, connections=rng.choice((1, 4))) as scene:
        sender = scene.resume()
        for _ in range(rng.randint(1, 3)):
            count = len(scene.relay.copies) + 1 + rng.randrange(stage.readers // 4)
            await scene.taken(count, sender)
            scene.move_clock(rng.choice(_JUMPS))
        if rng.random() < 0.3:
            sender.kill()
        await scene.ended(sender)
        scene.move_clock(-scene.later)
        await scene.finish()
        return await scene.verdict()


async def suspended(stage: Stage, backend: str, rng: Random) -> Verdict:
    """A sender is stopped beyond its lease and wakes: alone, it goes on with care."""
    async with stage.scene(backend, connections=rng.choice((1, 4))) as scene:
        sender = scene.resume()
        await scene.taken(1 + rng.randrange(stage.readers // 2), sender)
        sender.stop()
        await scene.stands_still(sender)
        scene.move_clock(_HOUR)
        await asyncio.sleep(rng.choice((0, 0.2)))
        sender.wake()
        await scene.ended(sender)
        await scene.finish()
        return await scene.verdict()
