"""Letters to single readers: written down with what caused them, sent until taken.

Like a run's deliveries a letter is marked, durably, before its body leaves, so that a
crash costs one unknown at most. A letter in doubt is sent once more, under the same
Message-ID, and then left: somebody waits for it, and a second copy does no harm, but a
third tells of a relay that loses answers. There is one letter for one event: its key is
unique.

Letters go at the pace of the relays beside the runs of this process, and count in their
quotas. They heed what runs have learned of the relays' health and teach them nothing: a
connection too many, which is what a letter's may be, says nothing about a relay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import structlog

from mailer.audience.address import domain_of
from mailer.delivery.reply import Outcome, Verdict, judge
from mailer.delivery.switchboard import Health
from mailer.errors import MailerError, RelayError
from mailer.flows.ports import Clock
from mailer.flows.sending.carriage import Message, Relay, Session
from mailer.flows.sending.single import carry_one
from mailer.phrases import NOTHING, Phrase, say, verbatim

if TYPE_CHECKING:
    from mailer.flows.sending.traffic import Traffic

log = structlog.get_logger()

_BATCH = 20
_LEASE = timedelta(minutes=15)  # longer than a relay may take for the final dot
_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240))
_DOUBTS = 2
_PATIENCE = 30.0  # seconds that a letter keeps those behind it waiting for its lane


_TOO_FAST = say("a quota is spent, or somebody asked to slow down")


class LetterKind(StrEnum):
    """What a letter is about; ``flows.readers.letters`` writes each."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    PRESENT = "present"
    GOODBYE = "goodbye"
    DATA = "data"
    ENDING = "ending"


class LetterState(StrEnum):
    """Where a letter stands; only DUE and HANDING_OVER ever change."""

    DUE = "due"
    HANDING_OVER = "handing over"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterOrder:
    """A letter to be sent. ``key`` names the event, ``expires`` when it is of no use.

    ``values`` are what its writer needs beside reader and publication, all text.
    """

    key: str
    kind: LetterKind
    publication: str
    subscriber: int
    expires: datetime
    lang: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedLetter:
    """A letter that nobody else sends until the lease ends; ``fence`` proves it.

    ``attempts`` counts this one, ``doubts`` those that ended in silence.
    """

    id: int
    key: str
    kind: LetterKind
    publication: str
    subscriber: int
    email: str
    lang: str
    values: Mapping[str, str]
    created: datetime
    attempts: int
    doubts: int
    fence: int


class Letters(Protocol):
    """The port to letters to readers. Durable when it returns; StoreError."""

    async def enqueue(self, letter: LetterOrder, *, now: datetime) -> bool:
        """Have *letter* sent; False if there is one of its key."""

    async def claim(
        self, *, worker: str, limit: int, now: datetime, lease: timedelta
    ) -> Sequence[ClaimedLetter]:
        """Be the one to send letters that are due, the oldest first.

        On the way those too old expire, and those whose sender died while handing over
        are due once more, or in doubt for good. Whoever must not be written to gets
        none: it is withdrawn.
        """

    async def mark(self, letter: ClaimedLetter, *, now: datetime) -> bool:
        """Its body is about to leave; False if the claim was lost."""

    async def settle(
        self,
        letter: ClaimedLetter,
        state: LetterState,
        *,
        now: datetime,
        reason: Phrase = NOTHING,
        doubts: int = 0,
        next_attempt: datetime | None = None,
    ) -> bool:
        """Keep what became of it; False if the claim was lost."""


Compose = Callable[[ClaimedLetter], Awaitable[Message]]
"""Writes a letter in the reader's language and the publication's look; MailerError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDesk:
    """What sending letters needs; runs of the same process share its ``traffic``."""

    letters: Letters
    traffic: Traffic
    clock: Clock
    compose: Compose
    worker: str


async def send_letters(desk: PostDesk, stop: asyncio.Event) -> int:
    """Send what is due until nothing is, or *stop*; how many a relay has taken.

    StoreError travels on: what was claimed is due again when the lease ends.
    """
    taken = 0
    while not stop.is_set():
        batch = await desk.letters.claim(
            worker=desk.worker, limit=_BATCH, now=desk.clock.now(), lease=_LEASE
        )
        if not batch:
            break
        async with desk.traffic:
            taken += await _send(batch, desk, stop)
    return taken


async def _send(
    batch: Sequence[ClaimedLetter], desk: PostDesk, stop: asyncio.Event
) -> int:
    """Send the letters of *batch* over as few connections as it takes."""
    left = list(batch)
    taken = 0
    while left:
        try:
            async with AsyncExitStack() as stack:
                relay, session = await _session(desk, stack)
                while left and session.is_open and not stop.is_set():
                    taken += await _send_one(left[0], desk, relay, session, stop)
                    left.pop(0)
        except RelayError as error:
            for letter in left:
                await _later(letter, desk, verbatim(error))
            break
        if stop.is_set():
            for letter in left:
                await _later(letter, desk, NOTHING, delay=timedelta(0))
            break
    return taken


async def _session(desk: PostDesk, stack: AsyncExitStack) -> tuple[Relay, Session]:
    """A connection to the first relay that can be had; RelayError if none can."""
    traffic, now = desk.traffic, desk.traffic.now()
    healths = {each.relay: each.health for each in traffic.board.standings(now)}
    carriers = traffic.board.carriers(now)
    fault = RelayError(say("every relay is paused"), relay="")
    for relay in sorted(traffic.relays, key=lambda each: each.name not in carriers):
        if healths[relay.name] is Health.PAUSED:
            continue
        if traffic.pace.ready(relay.name, "", now) > _PATIENCE:
            fault = RelayError(_TOO_FAST, relay=relay.name)
            continue
        try:
            return relay, await stack.enter_async_context(relay.session())
        except RelayError as error:
            fault = error
    raise fault


async def _send_one(
    letter: ClaimedLetter,
    desk: PostDesk,
    relay: Relay,
    session: Session,
    stop: asyncio.Event,
) -> bool:
    """Send one; whether the relay has it."""
    try:
        message = await desk.compose(letter)
    except MailerError as error:
        log.warning("letter.unwritten", kind=letter.kind, reason=str(error))
        await _later(letter, desk, verbatim(error))
        return False
    lane = desk.traffic.pace.lane(domain_of(letter.email))
    if (wait := await _turn(lane, desk, relay, stop)) is not None:
        await _later(letter, desk, _TOO_FAST, delay=timedelta(seconds=wait))
        return False
    marked = False

    async def mark() -> bool:
        nonlocal marked
        marked = await desk.letters.mark(letter, now=desk.clock.now())
        return marked

    attempt = await carry_one(session, message, relay=relay.name, mark=mark)
    verdict = judge(attempt)
    desk.traffic.heard(attempt, verdict, lane)
    await _settle(letter, desk, verdict, marked=marked)
    return verdict.outcome is Outcome.ACCEPTED


async def _turn(
    lane: str, desk: PostDesk, relay: Relay, stop: asyncio.Event
) -> float | None:
    """Wait until a message of *lane* may go, and book it: None.

    Else how many seconds later to try again, because it would take too long.
    """
    traffic = desk.traffic
    patience = traffic.now() + _PATIENCE
    while wait := traffic.pace.ready(relay.name, lane, traffic.now()):
        if traffic.now() + wait > patience:
            return wait
        traffic.look()
        if await desk.clock.wait(stop, timedelta(seconds=wait)):
            return 0.0
    traffic.pace.spend(relay.name, lane, traffic.now())
    return None


async def _settle(
    letter: ClaimedLetter, desk: PostDesk, verdict: Verdict, *, marked: bool
) -> None:
    now = desk.clock.now()
    told = {"kind": str(letter.kind), "letter": letter.id}
    match verdict.outcome:
        case Outcome.ACCEPTED:
            log.info("letter.accepted", **told)
            await desk.letters.settle(letter, LetterState.ACCEPTED, now=now)
        case Outcome.REFUSED:
            log.warning("letter.refused", reason=str(verdict.reason), **told)
            await desk.letters.settle(
                letter, LetterState.REFUSED, now=now, reason=verdict.reason
            )
        case Outcome.IN_DOUBT if marked:
            doubts = letter.doubts + 1
            log.warning("letter.in_doubt", doubts=doubts, **told)
            if doubts >= _DOUBTS:
                await desk.letters.settle(
                    letter,
                    LetterState.IN_DOUBT,
                    now=now,
                    reason=verdict.reason,
                    doubts=doubts,
                )
            else:
                await _later(letter, desk, verdict.reason, doubts=doubts)
        case _:
            log.info("letter.deferred", reason=str(verdict.reason), **told)
            await _later(letter, desk, verdict.reason)


async def _later(
    letter: ClaimedLetter,
    desk: PostDesk,
    reason: Phrase,
    *,
    delay: timedelta | None = None,
    doubts: int | None = None,
) -> None:
    now = desk.clock.now()
    wait = _DELAYS[min(letter.attempts, len(_DELAYS)) - 1] if delay is None else delay
    await desk.letters.settle(
        letter,
        LetterState.DUE,
        now=now,
        reason=reason,
        doubts=letter.doubts if doubts is None else doubts,
        next_attempt=now + wait,
    )
