"""A relay in bad moods, on several connections, while its senders die."""

from __future__ import annotations

import asyncio
from random import Random

from tests.chaos.judge import Verdict
from tests.chaos.stage import Stage

MOODS = (
    *("connect:554 5.3.2@20%", "connect:421 4.3.2@20%", "connect:drop@20%"),
    *("connect:garbage@10%", "connect:stall@5%", "ehlo:drop@10%", "ehlo:502 5.5.1@30%"),
    *("ehlo:without PIPELINING ENHANCEDSTATUSCODES@50%", "ehlo:lines 50@30%"),
    *("mail:421 4.3.2@after=5,per=connection", "mail:450 4.7.1@10%", "mail:drop@5%"),
    *("mail:garbage@3%", "mail:partial@3%", "rcpt:550 5.1.1@10%", "rcpt:drop@5%"),
    *("rcpt:452 4.2.2 mailbox full@10%", "rcpt:421 4.7.0@5%", "rcpt:greylist 5m"),
    *("rcpt:lines 20@20%", "rcpt:endless@2%", "data:554 5.6.0@5%", "data:drop@5%"),
    *("data:450 4.3.0@10%", "data:250 2.0.0@3%", "data:partial@3%", "body:drop@5%"),
    *("body:421 4.3.2@5%", "body:451 4.3.0@5%", "dot:drop@5%", "dot:accept-drop@5%"),
    *("dot:accept-partial@5%", "dot:partial@3%", "dot:garbage@3%"),
    *("dot:accept-garbage@3%", "dot:451 4.3.0@20%", "dot:421 4.3.2@5%"),
    *("dot:550 5.7.1 spam@5%", "dot:delay 500ms@5%", "dot:accept-stall@2%"),
    *("dot:stall@2%", "data:stall@2%", "mail:stall@1%", "body:stall@2%"),
)


async def moody(stage: Stage, backend: str, rng: Random) -> Verdict:
    """Several moods at once, several connections, and sometimes a death."""
    async with stage.scene(
        backend,
        mode=rng.choice(("hold", "hold", "resend")),
        connections=rng.choice((1, 2, 4, 8)),
        whims=rng.sample(MOODS, rng.randint(1, 5)),
        seed=rng.randrange(10**6),
    ) as scene:
        if rng.random() < 0.5:
            sender = scene.resume(seconds=1.0)
            count = 1 + rng.randrange(stage.readers * 3)
            scene.relay.trap(sender.kill, count=count)
            await scene.ended(sender)
        await scene.finish(seconds=1.0)
        return await scene.verdict()


async def dead_for_a_while(stage: Stage, backend: str, rng: Random) -> Verdict:
    """The relay dies with everything it was told, and is back later or much later."""
    async with stage.scene(backend, connections=rng.choice((1, 4))) as scene:
        sender = scene.resume()
        for _ in range(rng.randint(1, 2)):
            count = len(scene.relay.copies) + 1 + rng.randrange(stage.readers // 3)
            await scene.taken(count, sender)
            await scene.relay.die()
            scene.crashes += 1
            await asyncio.sleep(rng.choice((0.0, 0.5, 2.0, 5.0)))
            await scene.relay.open()
        await scene.ended(sender)
        await scene.finish()
        return await scene.verdict()
