"""The unruly server of the trial inbox, told what to do by a test.

A script maps a moment of the dialogue (``connect ehlo auth starttls mail rcpt data body
dot``) to a behaviour in the words of ``mailer.transport.whims``: ``"450 4.7.1 not now"``,
``"drop"``, ``"accept-drop"``. What is none is said as it stands. ``"wait"`` is the
ordinary answer, but not before ``released`` is set. A function of (recipient, how often
this moment came for them) may stand for a behaviour, and gives one, or None.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from mailer.errors import InputError
from mailer.transport.chaos import Decider, Occasion
from mailer.transport.dialogue import Manners, Taken
from mailer.transport.unruly import UnrulyServer
from mailer.transport.whims import Act, Moment, read_behaviour
from mailer.transport.whims import Behaviour as Deed

Behaviour = str | Callable[[str, int], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message the relay took. ``time`` is the loop's; ``content`` ends before the dot."""

    sender: str
    recipient: str
    content: bytes
    time: float
    connection: int


@dataclass(kw_only=True)
class ScriptedRelay:
    """``async with ScriptedRelay(script={"rcpt": "550 5.1.1 no"}) as relay: …``.

    ``decider`` takes the place of a script, to see chaos itself at work.
    """

    script: Mapping[str, Behaviour] = field(default_factory=dict)
    decider: Decider | None = None
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SIZE 30000000")
    tls: ssl.SSLContext | None = None
    contexts: Mapping[str, ssl.SSLContext] = field(default_factory=dict)
    implicit_tls: bool = False
    credentials: tuple[str, str] | None = None
    mechanisms: str = "PLAIN LOGIN"
    accepted: list[Accepted] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], float] = lambda: 0.0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._arrived = asyncio.Condition()
        manners = Manners(
            take=self.take,
            decider=self.decider or _Script(self.script),
            extensions=self.extensions,
            contexts={"": self.tls} if self.tls else self.contexts,
            credentials=self.credentials,
            mechanisms=self.mechanisms,
            clock=self.clock,
            pause=self._wait_for_release,
            hear=self.commands.append,
        )
        self._server = UnrulyServer(manners=manners, implicit_tls=self.implicit_tls)
        self.stalled, self.left = manners.stalled, self._server.left
        await self._server.__aenter__()
        self.port = self._server.port
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.__aexit__(*exc)

    async def wait_for(self, count: int) -> None:
        """Come back when *count* messages were accepted."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.accepted) >= count)

    async def take(self, taken: Taken) -> None:
        async with self._arrived:
            self.accepted += [
                Accepted(
                    sender=taken.sender,
                    recipient=recipient,
                    content=taken.content,
                    time=asyncio.get_running_loop().time(),
                    connection=taken.connection,
                )
                for recipient in taken.recipients
            ]
            self._arrived.notify_all()

    async def _wait_for_release(self, _: float) -> None:
        await self.released.wait()


class _Script:
    """A script as the server asks for it."""

    def __init__(self, script: Mapping[str, Behaviour]) -> None:
        self._script = {Moment(moment): said for moment, said in script.items()}
        self._counts: Counter[tuple[str, str]] = Counter()

    def decide(self, occasion: Occasion) -> Deed | None:
        said = self._script.get(occasion.moment)
        recipient = occasion.recipients[-1] if occasion.recipients else ""
        if said is not None and not isinstance(said, str):
            self._counts[occasion.moment, recipient] += 1
            said = said(recipient, self._counts[occasion.moment, recipient])
        if said is None:
            return None
        if said == "wait":
            return Deed(act=Act.DELAY)
        try:
            return read_behaviour(said, occasion.moment)
        except InputError:
            return Deed(act=Act.GARBAGE, text=said)

    def announce(self, occasion: Occasion) -> Sequence[Deed]:
        return ()

    def offers(self, extension: str) -> bool:
        return False
