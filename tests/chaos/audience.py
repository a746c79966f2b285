"""People and editors who go on living while an edition leaves."""

from __future__ import annotations

import asyncio
import time
from random import Random

from tests.chaos.judge import Verdict
from tests.chaos.stage import Scene, Stage

_LATE = "ceci fut ajoute apres le gel"


async def leaving(stage: Stage, backend: str, rng: Random) -> Verdict:
    """Readers leave one after another during the run; some senders die meanwhile."""
    async with stage.scene(backend, connections=rng.choice((1, 4))) as scene:
        scene.environ["MAILER_RELAYS__PRINCIPAL__RATE"] = "40/s"
        goodbye = asyncio.create_task(_leave(scene, rng))
        sender = scene.resume()
        if rng.random() < 0.5:
            scene.relay.trap(sender.kill, count=1 + rng.randrange(stage.readers * 4))
        await scene.ended(sender)
        if sender.code == -9:
            sender = scene.resume()
            await scene.ended(sender)
        goodbye.cancel()
        await asyncio.gather(goodbye, return_exceptions=True)
        await scene.finish()
        return await scene.verdict()


async def edited(stage: Stage, backend: str, rng: Random) -> Verdict:
    """The edition is rewritten after it was frozen: everybody gets what was frozen."""
    async with stage.scene(
        backend, own_workspace=True, forbidden=_LATE.encode(), opened=False
    ) as scene:
        sender = scene.send()
        await scene.taken(1 + rng.randrange(stage.readers // 2), sender)
        sender.kill()
        await scene.ended(sender)
        for text in scene.workspace.glob("editions/**/*.md"):
            written = text.read_text(encoding="utf-8")
            text.write_text(f"{written}\n\n{_LATE}\n", encoding="utf-8")
        await scene.finish()
        return await scene.verdict()


async def _leave(scene: Scene, rng: Random) -> None:
    """One reader after another, the last of the audience first: they are still due."""
    readers = list(reversed(scene.audience))
    for reader in readers[: len(readers) // 2]:
        words = (
            "subscribers",
            "remove",
            reader,
            "--publication",
            "le-meridien",
            "--yes",
        )
        sender = scene.start(*words)
        if await sender.wait() == 0:
            scene.left[reader] = time.monotonic()
        else:
            scene.faults.append(f"{reader} could not leave: {sender.err}")
        await asyncio.sleep(rng.uniform(0, 0.05))
