"""Leaving: durable before it is answered, as often as it is asked, and undone for a while.

However somebody leaves, by the button of their mail program, a page, a mail, a complaint,
the operator's word, it comes through here. The promise stands on one law: ``leave``
returns only after the database has it on its disk, so that nobody who was told "done" is
ever written to again. What they have not been sent yet of a run is withdrawn with it.

Many leave in the minutes after an edition. Whoever comes while a transaction is being
written goes into the next one together (``Turnstile``): a thousand a second cost the run
that is sending no more than a few commits.

Sources: RFC 8058 (one-click), GDPR art. 7(3) (as easy as to give).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from mailer.audience.bearer import Bearer, read_bearer, read_dated_bearer, spell
from mailer.audience.subscriber import How
from mailer.audience.token import Keyring, Purpose
from mailer.errors import StoreError, TokenError
from mailer.flows.ports import Clock
from mailer.flows.readers.correspondence import LetterKind, LetterOrder, Letters

log = structlog.get_logger()

_GROUP = 200
"""Who leaves in one transaction at most: it holds up a sender's marks for 10 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """A subscriber who leaves one publication, or every one where it is None."""

    subscriber: int
    publication: str | None
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """What an exit came to.

    ``ended`` are the publications that it ended; none where it was asked again. ``active``
    counts those among them that had been confirmed. ``since`` is when the newest of what
    was named ended, by this exit or by an earlier one.
    """

    exit: Exit
    ended: tuple[str, ...]
    active: int
    since: datetime


class Exits(Protocol):
    """The port to who leaves. Durable when it returns; StoreError, and nothing happened."""

    async def end(
        self, exits: Sequence[Exit], *, now: datetime
    ) -> list[Farewell | None]:
        """End what *exits* name, log it, and withdraw what was not handed over.

        One answer each, in their order; None where nobody takes, or ever took, what is
        named. Who left before keeps the hour of it. A run that is being opened is
        waited for.
        """

    async def rejoin(
        self, subscriber: int, publication: str, *, left: datetime, now: datetime
    ) -> bool:
        """Take an exit of the hour *left* back, and log it; whether it still could be.

        Not for whoever has left again since, or was suppressed or erased. Asked twice,
        the second time says yes and does nothing.
        """


class Turnstile:
    """Lets everybody out who comes while the last group is being written, together."""

    def __init__(self, exits: Exits, clock: Clock) -> None:
        self._exits, self._clock = exits, clock
        self._waiting: list[tuple[Exit, asyncio.Future[Farewell | None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def leave(self, leaving: Exit) -> Farewell | None:
        """See ``Exits.end``; it is on the disk when this returns. StoreError if not."""
        answer: asyncio.Future[Farewell | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting.append((leaving, answer))
        if self._writing is None or self._writing.done():
            # A task of its own: whoever hangs up before the answer leaves all the same.
            self._writing = asyncio.create_task(self._write())
        return await answer

    async def close(self) -> None:
        """Finish what was begun."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            try:
                farewells = await self._exits.end(
                    [leaving for leaving, _ in group], now=self._clock.now()
                )
            except Exception as error:
                for _, answer in group:
                    if not answer.done():
                        answer.set_exception(error)
                if not isinstance(error, StoreError):
                    log.exception("leaving.defect")
                continue
            for (_, answer), farewell in zip(group, farewells, strict=True):
                if not answer.done():
                    answer.set_result(farewell)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingDesk:
    """What leaving and coming back need. ``undo`` is how long an exit can be undone.

    Without ``letters`` nobody is written to about it.
    """

    exits: Exits
    turnstile: Turnstile
    clock: Clock
    keyring: Keyring
    undo: timedelta
    letters: Letters | None = None


async def leave(token: str, how: How, desk: LeavingDesk) -> Farewell | None:
    """Let the bearer of *token* out; None where it names nobody. StoreError: ask again.

    It is durable when this returns. The token names publication and subscriber alone, and
    works for as long as its key is kept.
    """
    bearer = _bearer(token, desk)
    if bearer is None:
        return None
    return await _let_out(bearer, bearer.publication, how, desk)


async def leave_all(token: str, how: How, desk: LeavingDesk) -> Farewell | None:
    """The same for every publication that the bearer takes."""
    bearer = _bearer(token, desk)
    if bearer is None:
        return None
    return await _let_out(bearer, None, how, desk)


def _bearer(token: str, desk: LeavingDesk) -> Bearer | None:
    try:
        return read_bearer(desk.keyring, Purpose.UNSUBSCRIBE, token)
    except TokenError:
        return None


async def _let_out(
    bearer: Bearer, publication: str | None, how: How, desk: LeavingDesk
) -> Farewell | None:
    leaving = Exit(subscriber=bearer.subscriber, publication=publication, how=how)
    farewell = await desk.turnstile.leave(leaving)
    if farewell is None or not farewell.ended:
        return farewell
    log.info(
        "reader.left",
        publications=list(farewell.ended),
        subscriber=bearer.subscriber,
        how=str(how),
    )
    if how is How.PAGE and desk.letters is not None:
        await _offer_the_way_back(farewell, bearer.publication, desk)
    return farewell


async def _offer_the_way_back(
    farewell: Farewell, publication: str, desk: LeavingDesk
) -> None:
    """A letter, once: whoever clicked may have been somebody it was forwarded to."""
    assert desk.letters is not None  # noqa: S101 - asked by the caller
    if publication not in farewell.ended:
        return
    moment = spell(farewell.since)
    order = LetterOrder(
        key=f"goodbye {publication} {farewell.exit.subscriber} {moment}",
        kind=LetterKind.GOODBYE,
        publication=publication,
        subscriber=farewell.exit.subscriber,
        expires=farewell.since + desk.undo,
        values={"left": moment},
    )
    try:
        await desk.letters.enqueue(order, now=desk.clock.now())
    except StoreError as error:  # they have left, and that is what counts
        log.warning("letter.lost", kind=str(order.kind), reason=str(error))


def undo_token(farewell: Farewell, publication: str, keyring: Keyring) -> str:
    """What takes this very exit back, for as long as ``LeavingDesk.undo`` says."""
    return keyring.sign(
        Purpose.UNDO,
        publication,
        str(farewell.exit.subscriber),
        spell(farewell.since),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """Who may take which exit back."""

    bearer: Bearer
    left: datetime


def read_undo(token: str, desk: LeavingDesk) -> Undoing | None:
    """What *token* takes back; None if it is not ours, or its time is over."""
    try:
        bearer, left = read_dated_bearer(desk.keyring, Purpose.UNDO, token)
    except TokenError:
        return None
    if desk.clock.now() - left > desk.undo:
        return None
    return Undoing(bearer=bearer, left=left)


async def rejoin(token: str, desk: LeavingDesk) -> Bearer | None:
    """Take the exit that *token* names back; None where that cannot be any more."""
    undoing = read_undo(token, desk)
    if undoing is None:
        return None
    bearer = undoing.bearer
    back = await desk.exits.rejoin(
        bearer.subscriber, bearer.publication, left=undoing.left, now=desk.clock.now()
    )
    if back:
        log.info(
            "reader.rejoined",
            publication=bearer.publication,
            subscriber=bearer.subscriber,
        )
    return bearer if back else None
