"""Daemons on one store, killed and started again as a service manager would."""

from __future__ import annotations

import asyncio
from random import Random

from tests.chaos.judge import Verdict
from tests.chaos.senders import Sender
from tests.chaos.stage import Scene, Stage

_OFTEN = 0.05  # seconds between two looks at the run
_STANDSTILL = 3.0  # seconds without a copy: only waiting is left
_PATIENCE = 90.0


async def together(stage: Stage, backend: str, rng: Random) -> Verdict:
    """Two daemons; one of them, then perhaps the other, dies and is started again."""
    async with stage.scene(
        backend,
        mode=rng.choice(("hold", "hold", "resend")),
        connections=rng.choice((1, 2, 4)),
    ) as scene:
        daemons = [_start(scene, number) for number in range(rng.choice((1, 2)))]
        for _ in range(rng.randint(1, 3)):
            fated = rng.randrange(len(daemons))
            left = stage.readers - len(scene.relay.copies)
            scene.relay.trap(
                daemons[fated].kill,
                count=1 + rng.randrange(max(1, left * 3)),
                delay=rng.choice((0, rng.expovariate(500))),
            )
            await _over(scene, daemons[fated])
            if daemons[fated].code is None:
                break  # it was over first
            await scene.ended(daemons[fated])
            daemons[fated] = _start(scene, fated)
        await _over(scene)
        for daemon in daemons:
            daemon.terminate()
        for daemon in daemons:
            if (code := await scene.ended(daemon)) not in {0, -9}:
                scene.faults.append(f"a daemon ended with {code}: {daemon.err}")
        return await scene.verdict()


async def stopped(stage: Stage, backend: str, rng: Random) -> Verdict:
    """A daemon is asked to stop in the middle, and started again; nothing is in doubt."""
    async with stage.scene(backend, connections=rng.choice((1, 4))) as scene:
        for _ in range(rng.randint(1, 3)):
            daemon = _start(scene, 0)
            more = 1 + rng.randrange(stage.readers // 3)
            await scene.taken(len(scene.relay.copies) + more, daemon)
            daemon.terminate()
            if code := await scene.ended(daemon):
                scene.faults.append(f"told to stop, it ended with {code}: {daemon.err}")
        daemon = _start(scene, 0)
        await _over(scene)
        daemon.terminate()
        await scene.ended(daemon)
        return await scene.verdict()


def _start(scene: Scene, number: int) -> Sender:
    """Daemon *number*, with a folder of its own and no listener."""
    folder = scene.folder / f"daemon{number}"
    folder.mkdir(exist_ok=True)
    scene.environ |= {
        "MAILER_STORAGE__FOLDER": str(folder),
        "MAILER_WEB__ADMIN": "",
        "MAILER_WEB__PUBLIC": "",
        "MAILER_DAEMON__TICK": "100ms",
        "MAILER_PROOF__TO": "[]",
    }
    return scene.start("run")


async def _over(scene: Scene, daemon: Sender | None = None) -> None:
    """Come back when the run is over, or when *daemon* has died.

    Where only waiting is left the clock is moved, as ``Scene.finish`` does.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE
    copies, since = -1, loop.time()
    while not scene.is_over() and (daemon is None or daemon.code is None):
        if len(scene.relay.copies) != copies:
            copies, since = len(scene.relay.copies), loop.time()
        elif loop.time() - since > _STANDSTILL:
            scene.move_clock(1000.0)
            since = loop.time()
        if loop.time() > deadline:
            said = "\n".join(each.err for each in scene.senders)
            scene.faults.append(f"the run never ends: {said}")
            return
        await asyncio.sleep(_OFTEN)
