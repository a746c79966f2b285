"""Two relays: one fails, the other goes on, and nobody is written to by both."""

from __future__ import annotations

import asyncio
from random import Random

from tests.chaos.judge import Verdict
from tests.chaos.moods import MOODS
from tests.chaos.stage import Scene, Stage
from tests.chaos.witness import Witness

_SECOND = """
[[relays]]
name        = "second"
host        = "127.0.0.1"
port        = {port}
security    = "none"
connections = {connections}
weight      = {weight}
priority    = {priority}
connect_patience = "3s"

[relays.timeouts]
command = "3s"
data    = "3s"
block   = "3s"
dot     = "3s"
"""


async def failover(stage: Stage, backend: str, rng: Random) -> Verdict:
    """The first relay dies, or is moody, or its sender dies; the second carries on."""
    async with (
        Witness(whims=rng.sample(MOODS, rng.choice((0, 0, 1)))) as second,
        stage.scene(
            backend,
            mode=rng.choice(("hold", "hold", "resend")),
            connections=rng.choice((1, 4)),
            own_workspace=True,
            whims=rng.sample(MOODS, rng.choice((0, 1, 3))),
        ) as scene,
    ):
        scene.others.append(second)
        second.clock = scene.now
        _configure(scene, second, rng)
        sender = scene.resume(seconds=1.0)
        await scene.taken(1 + rng.randrange(stage.readers // 3), sender)
        match rng.choice(("dies", "kill", "both")):
            case "dies":
                await scene.relay.die()
                scene.crashes += 1
            case "kill":
                sender.kill()
            case "both":
                await scene.relay.die()
                scene.crashes += 1
                sender.kill()
        await scene.ended(sender)
        if rng.random() < 0.5:
            await asyncio.sleep(rng.choice((0.0, 0.5)))
            await scene.relay.die()
            await scene.relay.open()
        await scene.finish(seconds=1.0)
        if scene.relay.is_dead and not second.copies:
            scene.faults.append("nobody carried on")
        return await scene.verdict()


def _configure(scene: Scene, second: Witness, rng: Random) -> None:
    path = scene.workspace / "config" / "mailer.toml"
    path.write_text(
        path.read_text(encoding="utf-8")
        + _SECOND.format(
            port=second.port,
            connections=rng.choice((1, 4)),
            weight=rng.choice((1, 3)),
            priority=rng.choice((1, 2)),
        ),
        encoding="utf-8",
    )
    scene.more_connections = 4
