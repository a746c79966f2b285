"""What the flows need from the world, in the flows' own words.

Adapters stand in ``store``, ``transport`` and ``workspace``; fakes in ``tests/fakes``.
Each port has one contract suite, run over every adapter and fake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from mailer.audience.subscriber import Standing, Subscriber, Suppression, Tier
from mailer.delivery.canary import NOBODY, Canary
from mailer.delivery.ledger import State
from mailer.delivery.reply import Attempt, Verdict
from mailer.delivery.report import Tally
from mailer.edition.model import Variant
from mailer.fleeting import fleeting
from mailer.flows.approvals import Acceptance, Approval
from mailer.phrases import NOTHING, Phrase
from mailer.rendering.model import Frozen

if TYPE_CHECKING:
    from mailer.audience.roster import Row


class Clock(Protocol):
    """Time as the flows see it; tests move it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, for pace and for elapsed time."""

    async def wait(self, event: asyncio.Event, duration: timedelta) -> bool:
        """Wait for *event*, at most *duration*; whether it came."""


# -- readers ------------------------------------------------------------------


class Admission(StrEnum):
    """What became of one row of a roster."""

    ADDED = "added"
    PRESENT = "present"
    UPDATED = "updated"
    SUPPRESSED = "suppressed"
    LEFT = "left"
    GONE = "gone"
    BARRED = "barred"


class Readers(Protocol):
    """Subscribers, their consent, and the suppression list."""

    async def admit(
        self,
        rows: Iterable[Row],
        *,
        publication: str,
        source: str,
        now: datetime,
        dry_run: bool = False,
        update: bool = False,
        told: Callable[[Row, Admission], None] | None = None,
    ) -> None:
        """Take in *rows*, one admission each, in one transaction; consent recorded.

        Never revives who left and never passes the suppression list. Somebody present
        keeps their tier, unless *update*: then they take that of their row, and its tags
        beside theirs. A row of who left elsewhere is kept as that (GONE), or on the
        suppression list (BARRED), unless they joined here later. With ``dry_run`` nothing
        is written. Rows are asked for as they are needed, in another thread, where *told*
        hears what became of each; what either of them raises undoes everything.
        """

    async def leave(self, email: str, *, publication: str | None, now: datetime) -> int:
        """End the subscriptions of *email*, one or all; how many were active."""

    async def find(self, email: str) -> Subscriber | None:
        """Everything held about *email*, or None."""

    async def known(self, number: int) -> Subscriber | None:
        """Everything held about subscriber *number*, or None."""

    async def list_subscribers(
        self,
        *,
        publication: str | None = None,
        standing: Standing | None = None,
        tier: Tier | None = None,
        today: date | None = None,
        after: str = "",
        limit: int | None = None,
    ) -> list[Subscriber]:
        """Subscribers by address, those behind *after*, without their consents.

        With *today* a membership that is over counts as free.
        """

    async def suppress(self, suppression: Suppression) -> bool:
        """Put an address on the suppression list; False if it was there."""

    async def suppressions(self) -> list[Suppression]:
        """The suppression list by address."""


# -- the ledger ---------------------------------------------------------------


class RunState(StrEnum):
    """Where a run stands; ``sent`` only when nothing waits any more.

    ``armed`` is the grace before it: everything is frozen, and nothing leaves yet.
    """

    ARMED = "armed"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sending of one edition to one frozen audience.

    ``name`` is ``<publication>-<number or slug>-<n>``; ``edition`` is
    ``publication/number``. ``departs`` is when an armed run begins to send, and None
    for one that had no grace. ``finished`` is None while anything waits. ``accepted`` are
    the errors of the checks that somebody took upon themselves. ``segment`` is the rule
    that its audience was frozen by, empty for none.

    A run that is ``held`` goes on at somebody's word alone: a person or a limit stopped
    it. ``canary`` is how many readers go ahead; ``patient_from`` is when the time began
    after which what waits is given up.
    """

    id: int
    name: str
    edition: str
    title: str
    publication: str
    sha256: str
    state: RunState
    started: datetime
    departs: datetime | None = None
    finished: datetime | None = None
    reason: Phrase = NOTHING
    accepted: tuple[Acceptance, ...] = ()
    segment: str = ""
    held: bool = False
    canary: int = 0
    patient_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Whom a run would write to, counted before anything is written.

    ``skipped`` maps a reason in words (``suppressed``, ``unconfirmed``, ``paused``,
    ``already sent in an earlier run``) to a count.
    """

    recipients: Mapping[Variant, int]
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def audience(self) -> int:
        """Everybody who would be written to."""
        return sum(self.recipients.values())


@fleeting
class Claim:
    """A delivery claimed by one worker, with its recipient.

    ``fence`` proves the claim: a later claim of the same row has a greater one, and
    no statement of the older claim changes the row any more. ``attempts`` counts the
    attempts already spent. Who reads ``text_only`` gets no HTML; ``measured`` have agreed.
    """

    run: int
    subscriber: int
    fence: int
    variant: Variant
    email: str
    name: str
    attempts: int
    text_only: bool = False
    measured: bool = False


@fleeting
class Settlement:
    """What one attempt did to a delivery.

    ``state`` is where the row goes; DUE needs ``next_attempt``. ``attempt`` and
    ``verdict`` are the evidence kept beside it. What was put off without being tried
    (not ``tried``) has spent no attempt.
    """

    claim: Claim
    state: State
    attempt: Attempt
    verdict: Verdict
    next_attempt: datetime | None = None
    tried: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What was found of a sender that died: back to due, and in doubt."""

    released: int
    in_doubt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit found: which marks hold, in their order, and how the run stands.

    A mark that does not hold is no longer ours to send: withdrawn, fenced off, or of a
    run that was paused or cancelled (``state``, ``reason``). Then no byte may leave.
    """

    held: Sequence[bool]
    state: RunState
    reason: Phrase = NOTHING


class Ledger(Protocol):
    """The durable record of all deliveries. Every method is durable when it returns.

    Raises StoreError, and then nothing of that call has happened.
    """

    async def plan(self, frozen: Frozen, *, now: datetime) -> Plan:
        """Whom a run of *frozen* would write to *now*."""

    async def open_run(
        self,
        frozen: Frozen,
        *,
        now: datetime,
        accepted: Sequence[Acceptance] = (),
        approval: Approval | None = None,
        departs: datetime | None = None,
        canary: Canary = NOBODY,
        proposal: int | None = None,
    ) -> Run:
        """Freeze edition and audience in one transaction: run, and a row per reader.

        Of a *proposal* the rows stand already, if it still stands (``Proposals``).
        With *departs* it is armed, and sends nothing before. The readers of the *canary*
        are claimed before all others. GuardError if an earlier run of this edition is
        not finished, if *approval* does not stand any more, or if nobody of a named
        *canary* is in the run.
        """

    async def depart(self, run: Run, *, now: datetime) -> Run:
        """Move an armed run whose time has come to sending; else as it stands.

        It starts then: patience and the Date of its messages count from its departure.
        """

    async def cancel(self, run: Run, *, now: datetime, reason: Phrase = NOTHING) -> Run:
        """End *run* for good; what was not handed over is withdrawn.

        Nothing more is handed over from then on, in any process; what is on the wire is
        left to its sender. A later run reaches who was withdrawn. GuardError if the run
        is finished.
        """

    async def withdraw(self, run: Run, *, now: datetime) -> int:
        """Withdraw what waits in a cancelled run; how many. Of any other run nothing.

        A sender does so when it stops for that: what it had deferred waits no more.
        """

    def sole_sender(self, run: Run) -> AbstractAsyncContextManager[None]:
        """Be the only process that sends *run*; freed even by ``kill -9``.

        GuardError if another process does.
        """

    async def runs(
        self, *, edition: str | None = None, limit: int | None = None
    ) -> list[Run]:
        """Runs, the newest first."""

    async def find_run(self, name: str) -> Run | None:
        """A run by its name, or the newest run of an edition named like one."""

    async def frozen(self, run: Run) -> Frozen:
        """The edition as it was frozen for *run*, bytes and all."""

    async def recover(self, run: Run, *, now: datetime, all_leases: bool) -> Recovery:
        """Settle what a dead sender left: claimed -> due, handing over -> in doubt.

        Only where the lease has ended; ``all_leases`` when it is certain that no other
        sender lives (inside ``sole_sender``).
        """

    async def claim(
        self, run: Run, *, worker: str, limit: int, now: datetime, lease: timedelta
    ) -> list[Claim]:
        """Claim up to *limit* deliveries whose time has come, oldest first.

        Who left or was suppressed meanwhile becomes withdrawn instead.
        """

    async def commit(
        self,
        run: Run,
        *,
        settlements: Sequence[Settlement] = (),
        marks: Sequence[Claim] = (),
        now: datetime,
        meanwhile: Callable[[], None] | None = None,
    ) -> Committed:
        """Write outcomes, and mark claims as being handed over: the one hot statement.

        One transaction, durable when it returns, and so before the first body byte of
        any of *marks*. It must mark at most one claim per connection, and an outcome is
        never written after the next mark of its connection: then a crash leaves at most
        one unknown per connection. A fenced-off claim changes nothing, and nothing is
        marked unless the run is SENDING.

        *meanwhile* may be called, by the loop and at most once, while a disk is waited
        for: what it does costs no time then.
        """

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give back claims that were not begun; no attempt is spent."""

    async def reopen(self, run: Run, *, states: Sequence[State], now: datetime) -> int:
        """Make rows due again at the operator's word; how many. Never accepted rows.

        DUE stands for the deferred ones: their next attempt becomes now.
        """

    async def expire(self, run: Run, *, now: datetime) -> int:
        """Give up what was tried and still waits: due -> expired; how many."""

    async def mark_run(
        self,
        run: Run,
        state: RunState,
        *,
        now: datetime,
        reason: Phrase = NOTHING,
        held: bool = False,
        patient_from: datetime | None = None,
    ) -> Run:
        """Move a run to *state*; ``finished`` is set for SENT and CANCELLED.

        With *held* only somebody's word goes on. SENDING forgets that, and begins to be
        patient anew where somebody was not tried yet, unless *patient_from* is said;
        else *patient_from* is kept.

        What somebody has said meanwhile stands: a run that was cancelled or held comes
        back as it is. GuardError for SENDING, unless *run* was seen as held.
        """

    async def tally(self, run: Run) -> Tally:
        """Count the deliveries of *run* from their rows."""

    async def next_attempt(self, run: Run) -> datetime | None:
        """When the next waiting delivery is due; None if nothing waits."""

    async def entries(
        self, run: Run, *, states: Sequence[State] = (), limit: int | None = None
    ) -> list[Entry]:
        """Lines of the ledger, by address: who got it, and why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One delivery as the ledger holds it."""

    email: str
    variant: Variant
    state: State
    attempts: int
    relay: str
    code: int | None
    reason: str
    next_attempt: datetime | None
    updated: datetime
