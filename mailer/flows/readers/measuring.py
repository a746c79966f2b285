"""Measuring what readers do, of those who agreed to it, and telling it in the whole.

Off by default, asked of each reader, taken back at any time: then links in mails already
sent lead where they led and count nothing. A click is the one GET that writes anything:
a line of its own in a table that nothing else reads, and no reader's state changes.

Traces wait some seconds in memory, so that a scanner that fetches everything is known as
one, and are written together. What a crash takes with it are a few counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from mailer.audience.bearer import Bearer, read_bearer
from mailer.audience.measuring import BURST, Kind, Trace, judged
from mailer.audience.token import Keyring, Purpose
from mailer.edition.model import Variant
from mailer.errors import StoreError, TokenError
from mailer.flows.ports import Clock

log = structlog.get_logger()

_MOST = 10_000
"""Traces that wait at most; who floods us is not counted beyond."""

_FULL = 2_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What consenting readers did with one link: how many of them, and how often.

    ``automatic`` is what machines left, which is counted in neither.
    """

    target: str
    people: int
    clicks: int
    automatic: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the ledger knows of an edition: messages that relays accepted, by variant.

    ``measured`` are those among them whose reader had agreed to be measured.
    """

    accepted: Mapping[Variant, int]
    measured: Mapping[Variant, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """How many consenting readers opened an edition, and how often machines did."""

    people: int
    automatic: int


class Measures(Protocol):
    """The port to what is measured. StoreError, and then nothing has happened."""

    async def accepted(
        self, keys: Sequence[tuple[str, int]]
    ) -> Mapping[tuple[str, int], datetime]:
        """When a relay took the message of each edition and subscriber, as far as it did."""

    async def write(self, traces: Sequence[Trace]) -> int:
        """Keep the *traces* of those who agree to it at this moment; how many."""

    async def links(self, edition: str) -> Sequence[Measured]:
        """What was clicked in *edition*, the most clicked first."""

    async def opened(self, edition: str) -> Opened:
        """How many opened *edition*."""

    async def reach(self, edition: str) -> Reach:
        """How many messages of *edition* were accepted, over all its runs."""


class Notebook:
    """Gathers traces for a moment, judges them together, and writes them down."""

    def __init__(self, measures: Measures, clock: Clock) -> None:
        self._measures, self._clock = measures, clock
        self._waiting: list[Trace] = []
        self._full = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def note(self, trace: Trace) -> None:
        """Keep *trace* in mind; returns at once."""
        if len(self._waiting) >= _MOST:
            return
        self._waiting.append(trace)
        if len(self._waiting) >= _FULL:
            self._full.set()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Write what waits, without waiting longer."""
        self._full.set()
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            await self._clock.wait(self._full, BURST)
            traces, self._waiting = self._waiting, []
            self._full.clear()
            try:
                keys = sorted({(each.edition, each.subscriber) for each in traces})
                accepted = await self._measures.accepted(keys)
                await self._measures.write(judged(traces, accepted))
            except StoreError as error:
                log.warning("measuring.lost", count=len(traces), reason=str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringDesk:
    """What following a measured link needs; ``clicks`` and ``opens`` say what counts now."""

    notebook: Notebook
    keyring: Keyring
    clock: Clock
    clicks: bool
    opens: bool


def follow(link: str, reader: str, desk: MeasuringDesk, *, machine: bool) -> str:
    """Where the measured *link* leads; TokenError if it or the *reader*'s is not ours.

    It is counted if clicks are counted, and if they still agree when it is written.
    """
    parts = desk.keyring.read(Purpose.CLICK, link)
    bearer = read_bearer(desk.keyring, Purpose.MEASURE, reader)
    publication, edition, target = parts if len(parts) == 3 else ("", "", "")
    if publication != bearer.publication or urlsplit(target).scheme not in _SCHEMES:
        message = "a link and a reader of two publications"
        raise TokenError(message)
    if desk.clicks:
        _note(Kind.CLICK, bearer, edition, desk, target=target, machine=machine)
    return target


def see(mail: str, reader: str, desk: MeasuringDesk, *, machine: bool) -> None:
    """Note that a mail was opened; TokenError if one of the two is not ours."""
    parts = desk.keyring.read(Purpose.OPEN, mail)
    bearer = read_bearer(desk.keyring, Purpose.MEASURE, reader)
    publication, edition = parts if len(parts) == 2 else ("", "")
    if publication != bearer.publication:
        message = "a mail and a reader of two publications"
        raise TokenError(message)
    if desk.opens:
        _note(Kind.OPEN, bearer, edition, desk, target="", machine=machine)


def _note(
    kind: Kind,
    bearer: Bearer,
    edition: str,
    desk: MeasuringDesk,
    *,
    target: str,
    machine: bool,
) -> None:
    trace = Trace(
        kind=kind,
        subscriber=bearer.subscriber,
        publication=bearer.publication,
        edition=edition,
        target=target,
        at=desk.clock.now(),
        automatic=machine,
    )
    desk.notebook.note(trace)


_SCHEMES = frozenset({"http", "https"})
