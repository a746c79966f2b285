"""What one connection is given to carry, and what is done with its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mailer.delivery.message import Envelope
from mailer.delivery.reply import Attempt, Stage
from mailer.errors import InputError
from mailer.flows.ports import Claim
from mailer.flows.sending.bookkeeper import Bookkeeper
from mailer.flows.sending.carriage import Message, Session


@dataclass(slots=True, kw_only=True)
class Addressed(Message):
    """A message, and the claim it was written for."""

    claim: Claim


class Source(Protocol):
    """The run, as one connection sees it."""

    def take(self, carrier: RunCarrier) -> Claim | None:
        """The next claim for *carrier*; None: it was told to leave, or will be woken."""

    def take_ahead(self, carrier: RunCarrier) -> Claim | None:
        """The next claim, while the message before it is marked; None: not yet."""

    def put_back(self, claim: Claim) -> None:
        """A claim that was not begun."""

    def written(self, claim: Claim) -> tuple[Envelope, bytes]:
        """The message to the reader of *claim*; InputError if none can be addressed."""

    def refused(self, claim: Claim, relay: str, error: InputError) -> None:
        """Book a reader to whom no message can be addressed."""

    def answered(self, claim: Claim, attempt: Attempt, *, carried: int) -> None:
        """Book what became of an attempt, after *carried* that went well before it."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be handed over."""


class RunCarrier:
    """The ``Carrier`` of a run for one *session*.

    ``heard_sense`` and ``silent_at`` tell a connection that is of use from one on which
    nothing sensible is ever said.
    """

    def __init__(
        self, session: Session, relay: str, source: Source, books: Bookkeeper
    ) -> None:
        self.session = session
        self.relay = relay
        self._source = source
        self._books = books
        self.heard_sense = False
        self.silent_at: Stage | None = None
        self.marked_at: float | None = None
        self._on_the_way = 0
        self._carried = 0
        self._lost_claims: set[int] = set()
        self._marking: Addressed | None = None
        self._ahead: Addressed | None = None
        self._rests = False

    def next(self) -> Addressed | None:
        """The next message, addressed to its reader."""
        message, self._ahead = self._ahead or self._write(self._source.take), None
        if message is not None:
            self._count(+1)
        return message

    def prepare(self) -> None:
        """Write the next message while the disk is waited for: it leaves with this one."""
        if self._ahead is None and not self._rests:
            self._ahead = self._write(self._source.take_ahead)

    def rest(self) -> None:
        """Nothing more is carried: what was written ahead is another's."""
        self._rests = True
        if self._ahead is not None:
            self._source.put_back(self._ahead.claim)
            self._ahead = None

    def _write(self, take: Callable[[RunCarrier], Claim | None]) -> Addressed | None:
        while (claim := take(self)) is not None:
            try:
                envelope, content = self._source.written(claim)
            except InputError as error:
                self._source.refused(claim, self.relay, error)
                continue
            return Addressed(envelope=envelope, content=content, claim=claim)
        return None

    def ready(self, message: Addressed) -> None:
        """The relay waits for the body: the mark first, if anything may still go."""
        if self._source.is_over:
            self.session.go(False)
            return
        self._marking = message
        self._books.ask(message.claim, self)

    def marked(self, held: bool) -> None:
        """The mark of the message that waits is durable, or does not hold."""
        message, self._marking = self._marking, None
        if message and not held and not self._source.is_over:
            self._lost_claims.add(message.claim.subscriber)  # left, or fenced off
        self.session.go(held)

    def done(self, message: Addressed, attempt: Attempt) -> None:
        """A reply, or silence."""
        if attempt.made_sense:
            self.heard_sense = True
        else:
            self.silent_at = attempt.stage
        self._count(-1)
        self._source.answered(message.claim, attempt, carried=self._carried)
        self._carried += attempt.reply is not None and attempt.reply.code // 100 == 2

    def undone(self, message: Addressed) -> None:
        """Back to where it came from, unless it is no longer ours."""
        self._count(-1)
        if message.claim.subscriber not in self._lost_claims:
            self._source.put_back(message.claim)

    def _count(self, change: int) -> None:
        """Keep account of the connections that are busy, not of their messages."""
        before, self._on_the_way = self._on_the_way, self._on_the_way + change
        self._books.busy += bool(self._on_the_way) - bool(before)
