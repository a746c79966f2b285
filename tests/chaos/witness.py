"""The relay that is there when a sender dies: it springs traps and remembers everything.

It lives in the harness's process, so what it has seen outlives every victim. It speaks
the trial inbox's own dialogue, whims and all, and notes for each recipient when DATA
came, which copies were taken, and where an answer to a body was withheld.
"""

from __future__ import annotations

import asyncio
import email.parser
import hashlib
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from mailer.transport.chaos import Chaos
from mailer.transport.dialogue import LIMIT, Dialogue, EndError, Manners, Taken
from mailer.transport.whims import Act, Behaviour, Moment, read_whim

_LOOPBACK = "127.0.0.1"
_SMALL = 4096
_SEGMENT = 536
_HEAD = email.parser.BytesHeaderParser()
_SILENT = {Act.DROP, Act.STALL, Act.PARTIAL, Act.GARBAGE, Act.ENDLESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A message the relay has taken, for one recipient.

    ``data`` is when it heard the DATA of it, on the monotonic clock.
    """

    recipient: str
    message_id: str
    digest: str
    data: float
    connection: int


@dataclass(kw_only=True)
class Trap:
    """Springs when *moment* (any, if None) comes for the *count*-th time from now on.

    ``then`` is how the relay behaves at that moment; ``half`` waits until the victim
    has sent a part of its body, and takes no more of it before the trap has sprung.
    """

    spring: Callable[[], None]
    moment: Moment | None = None
    count: int = 1
    delay: float = 0
    then: Behaviour | None = None
    half: bool = False
    sprung: bool = False

    def meets(self, moment: Moment) -> bool:
        """Whether this is the moment; counts it."""
        if self.sprung or self.moment not in {None, moment}:
            return False
        self.count -= 1
        return self.count == 0

    def snap(self) -> None:
        """Spring now, or after the delay."""
        self.sprung = True
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.spring)
        else:
            self.spring()


@dataclass(kw_only=True)
class Witness:
    """An SMTP server on loopback that can be trapped, be moody, and die itself."""

    whims: Iterable[str] = ()
    seed: int = 0
    clock: Callable[[], float] = time.time
    narrow: bool = False  # takes a body in small pieces: a victim dies in the middle
    forbidden: bytes = b""  # words that no message may contain
    port: int = 0
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    data: dict[str, float] = field(default_factory=dict)
    silences: Counter[str] = field(default_factory=Counter)
    moments: Counter[Moment] = field(default_factory=Counter)
    cut: int = 0  # bodies that were begun and ended with their sender
    faults: list[str] = field(default_factory=list)
    traps: list[Trap] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chaos = Chaos([read_whim(text) for text in self.whims], seed=self.seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0
        self._more = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()

    async def open(self) -> None:
        """Listen, on the same port as before."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.narrow:
            # Small segments and a small window keep the sender's system from taking a
            # whole body at once: the rest dies with the sender.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        listening.bind((_LOOPBACK, self.port))
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(
            self._serve, sock=listening, limit=LIMIT, backlog=100
        )

    @property
    def is_dead(self) -> bool:
        """Whether nobody would answer."""
        return self._server is None or not self._server.is_serving()

    async def die(self) -> None:
        """Fall silent in the middle of everything."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def trap(self, spring: Callable[[], None], **how: object) -> Trap:
        """Set a trap; it springs once."""
        trap = Trap(spring=spring, **how)  # type: ignore[arg-type]
        self.traps.append(trap)
        return trap

    async def taken(self, count: int) -> None:
        """Come back when *count* copies were taken."""
        async with self._more:
            await self._more.wait_for(lambda: len(self.copies) >= count)

    async def quiet(self) -> None:
        """Come back when everything that was sent has been heard."""
        async with asyncio.timeout(20):
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def take(self, taken: Taken) -> None:
        """Keep a message: the moment at which the relay is responsible for it."""
        head = _HEAD.parsebytes(taken.content[: taken.content.find(b"\r\n\r\n")])
        if self.forbidden and self.forbidden in taken.content:
            self.faults.append(f"{taken.recipients} got what was written later")
        async with self._more:
            self.copies += [
                Copy(
                    recipient=recipient,
                    message_id=str(head["Message-ID"]),
                    digest=hashlib.sha256(taken.content).hexdigest(),
                    data=self.data[recipient],
                    connection=taken.connection,
                )
                for recipient in taken.recipients
            ]
            self._more.notify_all()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        manners = Manners(
            take=self.take,
            decider=self.chaos,
            contexts=self.contexts,
            clock=self.clock,
        )
        dialogue = _Watched(manners, reader, writer, self._connections, witness=self)
        try:
            await dialogue.run()
        except (
            EndError,
            OSError,
            asyncio.CancelledError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
        ):
            pass
        finally:
            writer.transport.abort() if task.cancelling() else writer.close()
            self._tasks.discard(task)


class _Watched(Dialogue):
    """One connection, with traps on its way."""

    def __init__(self, *words: object, witness: Witness) -> None:
        super().__init__(*words)  # type: ignore[arg-type]
        self._witness = witness

    def _decide(self, moment: Moment) -> Behaviour | None:
        witness = self._witness
        witness.moments[moment] += 1
        if moment is Moment.DATA:
            witness.data[self.recipients[-1]] = time.monotonic()
        behaviour = super()._decide(moment)
        if moment in {Moment.BODY, Moment.DOT} and _withholds(behaviour):
            witness.silences[self.recipients[-1]] += 1
        for trap in witness.traps:
            if not trap.half and trap.meets(moment):
                trap.snap()
                behaviour = trap.then or behaviour
        return behaviour

    async def _body(self) -> None:
        begun = False
        for trap in self._witness.traps:
            if trap.half and trap.meets(Moment.BODY):
                await self._half(trap)
                begun = True
        try:
            await super()._body()
        except (asyncio.IncompleteReadError, ConnectionError):
            self._witness.cut += begun
            raise

    async def _half(self, trap: Trap) -> None:
        """Let the first bytes come, then nothing until the sender is dead."""
        first = await self.reader.readexactly(_SMALL // 2)
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]
        trap.snap()
        await asyncio.sleep(0.01)
        self.writer.transport.resume_reading()  # type: ignore[attr-defined]
        rest = bytes(self.reader._buffer)
        self.reader._buffer.clear()  # type: ignore[attr-defined]
        self.reader.feed_data(first + rest)


def _withholds(behaviour: Behaviour | None) -> bool:
    """Whether the sender will not learn what became of the body."""
    return behaviour is not None and behaviour.act in _SILENT
