"""Who may carry the next message, and when: the relays of one process and their pace.

Runs that one process sends at the same time share it, for the relays do. It is open as
long as one of them is: then what was kept of pace and relays is known, and news of other
processes and of the operator come in within seconds (``look``, which never waits).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

from mailer.delivery.pace import Kind, Pace
from mailer.delivery.reply import Attempt, Stage, Verdict
from mailer.delivery.switchboard import Health, Share, Switchboard
from mailer.errors import RelayError
from mailer.flows.ports import Clock
from mailer.flows.sending.carriage import Relay
from mailer.flows.sending.pacing import PaceExchange, PaceKeeper
from mailer.flows.sending.relaying import RelayBook, RelayWatch
from mailer.phrases import NOTHING, Phrase, say

log = structlog.get_logger()

_USELESS = 3
"""Connections in a row on which nothing sensible was said: as good as none."""

_LONG = 60.0
"""Seconds: for so long no connection is kept and no claim is held, until a quota opens."""


class Traffic:
    """*relays*, with the *pace* they are asked for and a *board* of their health.

    Without a *keeper* the pace is forgotten with the process, without a *book* nobody
    hears of the relays' health.
    """

    def __init__(
        self,
        relays: Sequence[Relay],
        *,
        clock: Clock,
        pace: Pace | None = None,
        board: Switchboard | None = None,
        keeper: PaceKeeper | None = None,
        book: RelayBook | None = None,
        worker: str = "",
    ) -> None:
        self.relays = relays
        self.pace = pace or Pace()
        self.board = board or Switchboard(
            Share(relay=relay.name, connections=relay.connections) for relay in relays
        )
        self._clock = clock
        # Seconds since the epoch that never step: the wall clock is asked only once.
        self._epoch = clock.now().timestamp() - clock.monotonic()
        self._exchange = (
            PaceExchange(self.pace, keeper, self.now) if keeper is not None else None
        )
        self._watch = (
            RelayWatch(self.board, book, worker=worker, now=self.now)
            if book is not None
            else None
        )
        self._runs = 0
        self._useless: dict[str, int] = {}  # connections in a row, without a word
        self._dark_since: float | None = None  # no relay is up

    async def __aenter__(self) -> Self:
        """Know what was kept, before the first message; StoreError."""
        if not self._runs:
            if self._exchange:
                await self._exchange.open()
            if self._watch:
                await self._watch.open()
            # Somebody said to go on, who may have mended it: one look does no harm.
            self._dark_since = None
            for relay in self.relays:
                self.board.try_now(relay.name, self.now())
        self._runs += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave behind what was learned, and give back what was booked."""
        self._runs -= 1
        if not self._runs:
            if self._exchange:
                await self._exchange.close()
            if self._watch:
                await self._watch.close()

    async def check(self, *, size: int = 0) -> list[RelayError]:
        """Try every relay, as ``Relay.check``; what is wrong with those that are not up.

        RelayError if none would take a message: the first one's reason.
        """
        wrong: list[RelayError] = []
        for relay in self.relays:
            try:
                await relay.check(size=size)
            except RelayError as error:
                wrong.append(error)
        if wrong and len(wrong) == len(self.relays):
            raise wrong[0]
        return wrong

    @property
    def is_watched(self) -> bool:
        """Whether others may have something to say of our relays."""
        return self._watch is not None

    def now(self) -> float:
        """Seconds since the epoch, on a clock that never steps."""
        return self._epoch + self._clock.monotonic()

    def look(self) -> None:
        """Have news fetched, if it is time; returns at once."""
        if self._exchange:
            self._exchange.look()
        if self._watch:
            self._watch.look()

    def opens_in(self) -> float:
        """Seconds until any relay's quota has room, where that is long; else 0."""
        now = self.now()
        carriers = self.board.carriers(now)
        waits = [self.pace.ready(relay, "", now) for relay in carriers]
        soonest = min(waits, default=0.0)
        return soonest if soonest > _LONG else 0.0

    def connected(self, relay: str) -> None:
        """A connection is open: the relay is up, unless it never says anything on one."""
        if not self.is_trying(relay):
            self._is_up(relay)

    def spoke(self, relay: str) -> None:
        """Something sensible was said."""
        if self._useless.pop(relay, 0) >= _USELESS:
            self._is_up(relay)

    def silent(self, relay: str, stage: Stage) -> RelayError | None:
        """Nothing sensible was said on a connection; the error, after a few in a row."""
        self._useless[relay] = self._useless.get(relay, 0) + 1
        if self._useless[relay] < _USELESS:
            return None
        useless = say("says nothing sensible at {stage}", stage=stage)
        return RelayError(useless, relay=relay, closing=True)

    def is_trying(self, relay: str) -> bool:
        """Whether what *relay* is given next decides if it is of any use."""
        return self._useless.get(relay, 0) >= _USELESS

    def gives_up(self, linger: float) -> Phrase:
        """Why waiting for a relay is no use, or would take longer than *linger* seconds."""
        now = self.now()
        if self._dark_since is None and self.board.carriers(now):
            return NOTHING
        wake = self.board.wake_at(now)
        since = now if self._dark_since is None else self._dark_since
        is_late = wake is not None and wake - since > linger
        is_hopeless = not self.board.carriers(now) and self.board.is_hopeless(now)
        return self.board.why_not(now) if is_late or is_hopeless else NOTHING

    def failed(
        self, relay: str, error: RelayError, *, held: int, jitter: float
    ) -> None:
        """No connection could be opened, or none that is of use, beside *held* others."""
        now = self.now()
        news = self.board.failed(
            relay,
            now,
            error.message,
            permanent=not error.temporary,
            closing=error.closing,
            held=held,
            jitter=jitter,
        )
        standings = self.board.standings(now)
        if self._dark_since is None and not any(
            s.health is Health.UP for s in standings
        ):
            self._dark_since = now
        if news:
            log.warning(
                "relay.set_aside",
                relay=relay,
                reason=str(news.reason),
                seconds=round((news.until or now) - now),
                permanent=news.permanent,
            )

    def heard(self, attempt: Attempt, verdict: Verdict, lane: str) -> None:
        """Learn from a reply whether somebody wants us slower, or bears us faster."""
        news = self.pace.heard(attempt, verdict, lane, self.now())
        if news:
            log.warning(
                "pace.slowed",
                kind=str(news.kind),
                name=news.name,
                rate=round(news.rate, 2),
                pause=round(news.pause, 1),
            )

    def batch(self, most: int, seconds: float) -> int:
        """How many messages go in *seconds*, at most *most*: so many may be claimed."""
        now = self.now()
        rates = {
            standing.name: standing.rate
            for standing in self.pace.rates(now)
            if standing.kind is Kind.RELAY
        }
        relays = [rates.get(relay.name) for relay in self.relays]
        if None in relays:
            return most
        second = sum(rate for rate in relays if rate is not None)
        return max(1, min(most, int(second * seconds)))

    def _is_up(self, relay: str) -> None:
        self._dark_since = None
        if self.board.reached(relay, self.now()):
            log.info("relay.back", relay=relay)
