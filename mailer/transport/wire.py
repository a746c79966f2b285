"""SMTP transactions, one round trip per message, on a connection that is open already.

Where the relay takes command groups (RFC 2920), an envelope travels as one write, and
together with the body before it: ``body . MAIL RCPT DATA`` leave at once, and their four
replies come back at once. No body ever leaves before its carrier has said that the mark
is durable, and no second body before the first one is answered: whatever breaks, at most
one message of a connection is in doubt, and we know which.

A state machine of callbacks: no task, no future and no timer per reply.

Sources: RFC 5321 sections 3.3 (transactions) and 4.5.3.2 (time-outs), RFC 2920
section 3.1 (groups of commands).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from mailer.delivery.reply import Attempt, Reply, Stage
from mailer.flows.sending.carriage import Carrier, Message
from mailer.transport.dial import Timeouts
from mailer.transport.speech import (
    DATA,
    DOT,
    MALFORMED,
    QUIT,
    RESET,
    Features,
    Replies,
    refusal,
    reply,
)

_CLOSING = 421
_GO_AHEAD = 354
_NEVER = float("inf")
_LAST_WORD = 5.0  # seconds for the reply to QUIT: what was sent is sent


class _Phase(Enum):
    """Which reply is waited for; MARK waits for the ledger instead."""

    IDLE = auto()
    RESET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    MARK = auto()
    EMPTY = auto()
    DOT = auto()
    CLOSED = auto()


# Those that every message goes through; a member of an enumeration is dear to look up.
_MAIL, _RCPT, _DATA, _MARK = _Phase.MAIL, _Phase.RCPT, _Phase.DATA, _Phase.MARK
_DOT, _EMPTY, _CLOSED = _Phase.DOT, _Phase.EMPTY, _Phase.CLOSED

_STAGES = {
    _Phase.MAIL: Stage.MAIL,
    _Phase.RCPT: Stage.RCPT,
    _Phase.DATA: Stage.DATA,
    _Phase.MARK: Stage.DATA,
    _Phase.EMPTY: Stage.DATA,
    _Phase.DOT: Stage.DOT,
}


class SmtpSession(asyncio.Protocol):
    """One open connection, carrying one message after another; see ``carriage.Session``."""

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        relay: str,
        features: Features,
        timeouts: Timeouts,
        messages: int,
        max_age: float | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._relay = relay
        self._features = features
        self._timeouts = timeouts
        self._left = messages
        self._expires = self._loop.time() + max_age if max_age else _NEVER
        self._phase = _Phase.IDLE
        self._replies = Replies()
        self._current: Message | None = None
        self._following: Message | None = None  # its envelope left with a body
        self._error: Attempt | None = None
        self._deadline = _NEVER
        self._carrier: Carrier[Any] | None = None
        self._over: asyncio.Future[None] | None = None
        self._leaving = False
        self._parted: asyncio.Event | None = None  # QUIT was said
        transport.set_protocol(self)

    # -- the port -------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether another message can go over this connection."""
        return self._phase is not _Phase.CLOSED and not self._is_spent

    async def carry(self, carrier: Carrier[Any]) -> None:
        """Carry what *carrier* gives, until told to leave or at the connection's end."""
        if not self.is_open:
            return
        self._carrier, self._leaving = carrier, False
        self._over = self._loop.create_future()
        sweep = self._loop.call_later(self._period, self._sweep)
        self._timer = sweep
        self.wake()
        try:
            await self._over
        except BaseException:
            self._drop()  # nobody knows where the dialogue stands
            raise
        finally:
            self._timer.cancel()
            self._carrier = self._over = None

    def wake(self) -> None:
        """There is something to carry again."""
        if self._phase is _Phase.IDLE and self._carrier is not None:
            self._begin(reset=False)

    def leave(self) -> None:
        """End ``carry`` as soon as nothing is on the way."""
        self._leaving = True
        if self._phase is _Phase.IDLE:
            self._end()

    def go(self, held: bool) -> None:
        """Answer ``Carrier.ready``: the mark is durable and the body may leave, or not."""
        message, phase = self._current, self._phase
        if message is None or not (phase is _MARK or phase is _CLOSED):
            message_ = "no message waits for its mark"
            raise RuntimeError(message_)
        carrier = self._the_carrier
        if not held:
            self._current = None
            self._drop()
            carrier.undone(message)
            self._end()
        elif phase is _CLOSED:  # lost meanwhile: no byte of the body left
            self._current = None
            carrier.done(message, self._error or self._attempt(Stage.DATA, None))
            self._end()
        else:
            self._hand_over(message)

    async def close(self) -> None:
        """Leave politely where that is still possible."""
        if self._phase is _Phase.IDLE and not self._transport.is_closing():
            self._parted = asyncio.Event()
            self._transport.write(QUIT)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORD):
                    await self._parted.wait()
        self._drop()

    # -- what the connection says ----------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take the replies that have come, one after another."""
        try:
            for code, lines in self._replies.feed(data):
                self._reply(code, lines)
                if self._phase is _CLOSED:
                    return
        except Exception as error:  # noqa: BLE001 - a carrier's error is its caller's
            self._drop()
            if self._over and not self._over.done():
                self._over.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's shape
        """Silence, on the side of the dot where we stand."""
        if self._phase is not _Phase.CLOSED:
            self._fail(None)
        if self._parted:
            self._parted.set()

    def pause_writing(self) -> None:
        """The relay does not read what was written: for so long, and no longer."""
        if self._phase is _Phase.DOT:
            self._deadline = self._loop.time() + self._timeouts.block

    def resume_writing(self) -> None:
        """It has read; now it may think about it."""
        if self._phase is _Phase.DOT:
            self._deadline = self._loop.time() + self._timeouts.dot

    def _reply(self, code: int, lines: Sequence[bytes]) -> None:
        """A reply has come to what this phase waits for."""
        if code == MALFORMED:
            self._fail(reply(code, lines))
            return
        phase = self._phase
        if phase is _MAIL or phase is _RCPT:
            self._envelope_answered(code, lines)
        elif phase is _DATA or phase is _EMPTY:
            self._data_answered(code, lines)
        elif phase is _DOT and code != _CLOSING and code // 100 != 3:
            self._finish(self._attempt(Stage.DOT, reply(code, lines)), reset=False)
        elif phase is _Phase.RESET:
            self._reset_answered(code)
        elif self._parted:  # the reply to QUIT
            self._parted.set()
        else:  # it closes, or nobody asked
            self._fail(reply(code, lines))

    def _envelope_answered(self, code: int, lines: Sequence[bytes]) -> None:
        if code == _CLOSING:
            self._fail(reply(code, lines))
            return
        is_mail = self._phase is _MAIL
        if code // 100 != 2 and self._error is None:
            stage = Stage.MAIL if is_mail else Stage.RCPT
            self._error = self._attempt(stage, refusal(code, lines))
        grouped = self._features.pipelining
        if self._error and not grouped:
            self._finish(self._error, reset=True)
        elif is_mail:
            self._wait(_RCPT, self._timeouts.command)
            if not grouped:
                self._transport.write(self._features.rcpt(self._the_current))
        else:
            self._wait(_DATA, self._timeouts.data)
            if not grouped:
                self._transport.write(DATA)

    def _data_answered(self, code: int, lines: Sequence[bytes]) -> None:
        if code == _CLOSING:
            self._fail(reply(code, lines))
        elif code != _GO_AHEAD or self._phase is _EMPTY:
            refused = self._attempt(Stage.DATA, refusal(code, lines))
            self._finish(self._error or refused, reset=True)
        elif self._error is None:
            self._wait(_MARK, _NEVER)
            self._the_carrier.ready(self._the_current)
        else:
            # No valid recipient, and yet: an empty message, which nobody gets
            # (RFC 2920 section 3.1).
            self._wait(_Phase.EMPTY, self._timeouts.dot)
            self._transport.write(DOT)

    def _reset_answered(self, code: int) -> None:
        if code // 100 != 2:
            self._fail(None)
        elif self._current is None:
            self._begin(reset=False)
        else:
            self._wait(_Phase.MAIL, self._timeouts.command)
            if not self._features.pipelining:
                self._transport.write(self._features.mail(self._current))

    # -- one message after another ---------------------------------------------

    def _begin(self, *, reset: bool) -> None:
        """Send the envelope of the next message; *reset*: a transaction is still open.

        After a refusal before the dot it is, and without RSET the next, good reader
        would be told that MAIL is nested. It costs no round trip.
        """
        message = self._current = self._take()
        words = RESET if reset else b""
        if message is not None and self._features.pipelining:
            words += self._features.group(message)
        elif message is not None and not reset:
            words += self._features.mail(message)
        if words:
            phase = _Phase.RESET if reset else _Phase.MAIL
            self._wait(phase, self._timeouts.command)
            self._transport.write(words)
            return
        self._wait(_Phase.IDLE, _NEVER)
        if self._leaving or self._is_spent:
            self._end()

    def _hand_over(self, message: Message) -> None:
        """Write the body, and the next envelope with it."""
        following = None
        if self._features.pipelining:
            following = self._following = self._take()
        envelope = self._features.group(following) if following else b""
        self._wait(_DOT, self._timeouts.dot)
        self._transport.write(b"".join((message.content, DOT, envelope)))

    def _finish(self, attempt: Attempt, *, reset: bool) -> None:
        """The message is settled; the next one's envelope may be on its way already."""
        message = self._the_current
        self._current, self._following, self._error = self._following, None, None
        if self._current is not None:
            self._wait(_MAIL, self._timeouts.command)
            self._the_carrier.done(message, attempt)
        else:
            self._the_carrier.done(message, attempt)
            self._begin(reset=reset)

    def _take(self) -> Message | None:
        """The next message that this relay can take; others are refused right here."""
        carrier = self._the_carrier
        while not self._leaving and not self._is_spent:
            message: Message | None = carrier.next()
            if message is None:
                return None
            if refused := self._features.impossible(message, self._relay):
                carrier.done(message, refused)
                continue
            self._left -= 1
            return message
        return None

    # -- how it ends -----------------------------------------------------------

    def _fail(self, reply: Reply | None) -> None:
        """The connection is over: after *reply*, or in silence.

        A message whose mark is being written is settled when that is known.
        """
        phase, carrier = self._phase, self._carrier
        current, following = self._current, self._following
        self._following = None
        self._drop()
        if carrier is None:
            return
        if phase is _Phase.MARK:
            self._error = self._attempt(Stage.DATA, reply)
            return
        self._current = None
        if current is not None and phase is _Phase.RESET:
            carrier.undone(current)
        elif current is not None:
            silence = self._attempt(_STAGES[phase], reply)
            carrier.done(current, self._error or silence)
        if following is not None:
            carrier.undone(following)
        self._end()

    def _end(self) -> None:
        if self._over and not self._over.done():
            self._over.set_result(None)

    def _drop(self) -> None:
        self._phase, self._deadline = _Phase.CLOSED, _NEVER
        self._transport.close()

    def _wait(self, phase: _Phase, seconds: float) -> None:
        self._phase = phase
        self._deadline = self._loop.time() + seconds

    @property
    def _period(self) -> float:
        wait = self._timeouts
        shortest = min(wait.command, wait.data, wait.block, wait.dot)
        return min(1.0, shortest / 2)

    def _sweep(self) -> None:
        """Look once a second whether a reply is overdue; a timer per reply costs more."""
        if self._loop.time() > self._deadline:
            self._transport.abort()
            self._fail(None)
        else:
            self._timer = self._loop.call_later(self._period, self._sweep)

    @property
    def _is_spent(self) -> bool:
        return self._left <= 0 or self._loop.time() >= self._expires

    def _attempt(self, stage: Stage, reply: Reply | None) -> Attempt:
        return Attempt(relay=self._relay, stage=stage, reply=reply)

    @property
    def _the_carrier(self) -> Carrier[Any]:
        assert self._carrier is not None  # noqa: S101 - only inside carry
        return self._carrier

    @property
    def _the_current(self) -> Message:
        assert self._current is not None  # noqa: S101 - a reply to it is waited for
        return self._current
