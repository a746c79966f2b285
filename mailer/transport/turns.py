"""Sessions that take one message after another, each whole before the next is asked for."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from mailer.delivery.reply import Attempt
from mailer.flows.sending.carriage import Carrier, M, Message


class TurnSession(ABC):
    """A session whose messages need no look-ahead; see ``flows.sending.carriage.Session``.

    ``is_open`` is set to False by what a message runs into.
    """

    def __init__(self) -> None:
        self.is_open = True
        self._leaving = False
        self._woken = asyncio.Event()
        self._answer: asyncio.Future[bool] | None = None

    @abstractmethod
    async def offer(self, message: Message) -> Attempt | None:
        """Come as far as the mark; an attempt that ended before it, or None."""

    @abstractmethod
    async def hand_over(self, message: Message) -> Attempt:
        """Hand *message* over, which is marked."""

    async def carry(self, carrier: Carrier[M]) -> None:
        """Carry what *carrier* gives until told to leave."""
        self._leaving = False
        try:
            while self.is_open and not self._leaving:
                self._woken.clear()
                message = carrier.next()
                if message is not None:
                    await self._carry_one(carrier, message)
                elif not self._leaving:
                    await self._woken.wait()
        except BaseException:
            self.is_open = False  # nobody knows how far it came
            raise

    def wake(self) -> None:
        """There is something to carry again."""
        self._woken.set()

    def leave(self) -> None:
        """End ``carry`` after the message that is on its way."""
        self._leaving = True
        self._woken.set()

    def go(self, held: bool) -> None:
        """Answer ``Carrier.ready``."""
        if self._answer is None or self._answer.done():
            message = "no message waits for its mark"
            raise RuntimeError(message)
        self._answer.set_result(held)

    async def _carry_one(self, carrier: Carrier[M], message: M) -> None:
        ended = await self.offer(message)
        if ended is not None:
            carrier.done(message, ended)
            return
        self._answer = asyncio.get_running_loop().create_future()
        carrier.ready(message)
        if await self._answer:
            carrier.done(message, await self.hand_over(message))
        else:
            self.is_open = False
            carrier.undone(message)
