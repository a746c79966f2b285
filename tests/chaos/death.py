"""Sudden death: ``kill -9`` at each named point, and at any moment."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from mailer.transport.whims import Act, Behaviour, Moment
from tests.chaos.judge import Verdict
from tests.chaos.senders import Sender
from tests.chaos.stage import Scene, Stage
from tests.chaos.victim import POINTS

_TAKEN = Behaviour(act=Act.DROP, takes=True)
_LOST = Behaviour(act=Act.DROP)
ON_THE_WIRE: dict[str, dict[str, Any]] = {
    # point: what the relay's trap is set to
    "after connect": {"moment": Moment.EHLO, "count": 2},  # the first only tries
    "after MAIL": {"moment": Moment.MAIL},
    "after RCPT": {"moment": Moment.RCPT},
    "after DATA": {"moment": Moment.DATA},
    "after 354": {"moment": Moment.BODY},
    "in mid-body": {"moment": Moment.BODY, "half": True, "count": 1},
    "after the dot, taken": {"moment": Moment.DOT, "then": _TAKEN},
    "after the dot, not taken": {"moment": Moment.DOT, "then": _LOST},
    "after 250": {"moment": Moment.DOT, "delay": 0.0005},
}
_OPENING = ("before the run is opened", "after the run is opened")
_ENDING = ("before the end is written", "after the end is written")
_PASSES = {"after recovery": 0, "after claim": 0} | dict.fromkeys(_OPENING, 0)
_PASSES |= dict.fromkeys(_ENDING, 1)  # the first mark says that sending has begun
_MOMENTS = 5  # of the dialogue, per message


async def at_point(point: str, stage: Stage, backend: str, rng: Random) -> Verdict:
    """Die once at *point*, go on, and be judged."""
    async with stage.scene(
        backend,
        opened=point not in _OPENING,
        mode=rng.choice(("hold", "hold", "resend")),
        connections=rng.choice((1, 2, 4)),
        narrow="half" in ON_THE_WIRE.get(point, {}),
    ) as scene:
        await _die_at(scene, point, rng.randrange(stage.readers // 4))
        await scene.finish(opened=scene.rows() != [])
        if scene.relay.narrow and not scene.relay.cut:
            scene.faults.append("the body was whole")
        return await scene.verdict()


async def at_every_point(stage: Stage, backend: str, rng: Random) -> Verdict:
    """One run whose senders die one after another, each at a point of its own."""
    points = [p for p in [*POINTS, *ON_THE_WIRE] if p not in (*_OPENING, *_ENDING)]
    rng.shuffle(points)
    async with stage.scene(backend, opened=False, connections=2, narrow=True) as scene:
        for point in [*_OPENING, *points, *_ENDING]:
            await _die_at(scene, point, rng.randrange(2))
        await scene.finish()
        return await scene.verdict()


async def _die_at(scene: Scene, point: str, passes: int) -> None:
    """Let a sender come to *point*, after passing it *passes* times, and die there."""
    start = scene.send if point in _OPENING else scene.resume
    if point in POINTS:
        sender = start(die_at=point, die_after=_PASSES.get(point, passes))
    else:
        sender = start()
        how = {"count": 1 + passes, **ON_THE_WIRE[point]}
        scene.relay.trap(sender.kill, **how)
    if await scene.ended(sender) != -9:
        scene.faults.append(f"{point} never came: {sender.err}")


async def at_any_moment(stage: Stage, backend: str, rng: Random) -> Verdict:
    """Die one to three times, whenever chance has it: starting, sending, resuming."""
    opened = rng.random() < 0.8
    async with stage.scene(
        backend,
        opened=opened,
        mode=rng.choice(("hold", "hold", "resend")),
        connections=rng.choice((1, 2, 4, 8)),
    ) as scene:
        for _ in range(rng.randint(1, 3)):
            sender = scene.resume() if opened else scene.send()
            _kill_sometime(scene, sender, rng, early=0.4 if opened else 2.0)
            await scene.ended(sender)
            opened = opened or scene.rows() != []
            if sender.code != -9:
                break
        await scene.finish(opened=opened)
        return await scene.verdict()


def _kill_sometime(scene: Scene, sender: Sender, rng: Random, early: float) -> None:
    """Set a death: by the dialogue mostly, by time for what comes before it."""
    if rng.random() < 0.2:
        asyncio.get_running_loop().call_later(rng.uniform(0, early), sender.kill)
        return
    left = len(scene.audience) - len(scene.relay.copies)
    scene.relay.trap(
        sender.kill,
        count=1 + rng.randrange(max(1, left * _MOMENTS)),
        delay=rng.choice((0, rng.expovariate(1000), rng.expovariate(200))),
    )
