"""What came back from the world about messages of ours: a port, and its words.

An arrival is a mail or an event of a provider, kept once under its digest before anybody
is told that it was taken. What is to be done about it is decided afterwards (``intake``):
a crash in between costs nothing, for what is open is looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mailer.audience.subscriber import Suppression
from mailer.delivery.bounce.policy import Incident
from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.phrases import NOTHING, Phrase

LEAVE = "leave"
ANSWER = "answer"
"""The kinds of a mail that asks to leave, and of one that a reader wrote back; the others
are those of ``bounce.model.Kind``."""


_COMPLAINTS = 0.003
"""The share of complaints above which Gmail and Yahoo turn mail away."""


_FEW = 20
"""Messages below which a share of what came back says nothing."""

RECENT = timedelta(days=14)
"""How far back something is still worth a word to operators."""


class Proof(StrEnum):
    """How we know that an arrival is about a message of ours, and whose."""

    NONE = ""
    RETURN_PATH = "return path"
    TOKEN = "token"  # noqa: S105 - a word
    MESSAGE_ID = "message-id"
    PROVIDER = "provider"
    LEDGER = "ledger"
    SENDER = "sender"


class Upshot(StrEnum):
    """What became of an arrival; ``open`` until it was looked at."""

    OPEN = "open"
    COUNTED = "counted"
    SUPPRESSED = "suppressed"
    LEFT = "left"
    IGNORED = "ignored"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One mail or event, and what became of it.

    ``way`` is how it came (``lmtp``, ``maildir``, ``imap``, a provider, ``relay`` for
    what a relay refused at once). ``subscriber`` and ``run`` are None where nothing is
    proved. ``said`` is one line of who reports; ``evidence`` the lines that the kind
    rests on. ``id`` is 0 before it is kept. ``raw`` is kept for a while, and not listed.
    """

    digest: str
    at: datetime
    way: str
    kind: str
    recipient: str = ""
    reason: str = ""
    status: str = ""
    said: str = ""
    evidence: tuple[str, ...] = ()
    proof: Proof = Proof.NONE
    subscriber: int | None = None
    run: int | None = None
    publication: str = ""
    edition: str = ""
    raw: bytes | None = None
    id: int = 0
    upshot: Upshot = Upshot.OPEN
    words: Phrase = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A message of ours, as it was meant for one subscriber in one run."""

    run: int
    edition: str
    publication: str
    subscriber: int
    variant: Variant
    email: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A message that a relay refused at once, with what it said; ``status`` is ``5.1.1``."""

    copy: Copy
    status: str
    said: str
    at: datetime
    at_rcpt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What is written of an arrival when it is settled, in one transaction.

    ``state`` is where the delivery goes, if it is there yet; ``suppression`` who is
    never written to again.
    """

    arrival: Arrival
    upshot: Upshot
    words: Phrase
    state: State | None = None
    suppression: Suppression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which arrivals are asked for; what is not said is not asked for."""

    kinds: frozenset[str] = frozenset()
    upshots: frozenset[Upshot] = frozenset()
    publication: str = ""
    address: str = ""
    domain: str = ""
    since: datetime | None = None
    reasons: frozenset[str] = frozenset()


class Worry(StrEnum):
    """What is wrong where much comes back."""

    BLOCKED = "blocked"
    BOUNCES = "bounces"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What came back of the newest edition of a publication, beside what was taken."""

    publication: str
    edition: str
    accepted: int
    hard: int = 0
    soft: int = 0
    complaints: int = 0
    ours: int = 0

    def worries(self, *, blocked: int, ratio: float) -> list[Worry]:
        """What of it a person should hear.

        That *blocked* reports blame us; that more than *ratio* of what was taken bounced,
        where that is a number that says something; that so many complain that providers
        act on it. 0 is never.
        """
        found = []
        if blocked and self.ours >= blocked:
            found.append(Worry.BLOCKED)
        bounced = self.hard + self.soft
        if ratio and self.accepted >= _FEW and bounced > ratio * self.accepted:
            found.append(Worry.BOUNCES)
        if self.complaints > max(2, _COMPLAINTS * self.accepted):
            found.append(Worry.COMPLAINTS)
        return found


class Arrivals(Protocol):
    """The table of arrivals. Every method is durable when it returns; StoreError."""

    async def keep(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Keep those that are new, once for ever by their digest; they are returned."""

    async def open(self, *, limit: int) -> list[Arrival]:
        """What was not settled yet, the oldest first."""

    async def settle(
        self, settlings: Sequence[Settling], *, now: datetime
    ) -> list[bool]:
        """Write what becomes of open arrivals, all of them; False where it was written.

        The delivery moves as the ledger allows: who bounced had been accepted, and so
        had a doubt. What is elsewhere stays there.
        """

    async def copy(self, run: int, subscriber: int) -> Copy | None:
        """The message of *run* to *subscriber*."""

    async def copies(self, email: str, *, limit: int) -> list[Copy]:
        """The newest messages to the address *email*, the newest first."""

    async def copies_to(self, subscriber: int, publication: str) -> list[Copy]:
        """Every message of *publication* to *subscriber*, the oldest first."""

    async def incidents(self, subscriber: int, publication: str) -> list[Incident]:
        """What is proved to have come back from them, the oldest first.

        Since they joined: what an address did before does not count against it.
        """

    async def refusals(self, run: int, *, after: int, limit: int) -> list[Refused]:
        """What relays refused at once in *run*, and is no arrival yet, by subscriber.

        Those above number *after*: what is looked at and left is not met again.
        """

    async def latest(self, wanted: Wanted, *, limit: int) -> list[Arrival]:
        """The last *limit* arrivals, the newest first."""

    async def find(self, number: int) -> Arrival | None:
        """One, with its raw mail if that is still kept."""

    async def tolls(self, *, since: datetime) -> list[Toll]:
        """What came back of the newest edition of each publication sent *since*."""

    async def forget(
        self, *, mails: timedelta | None, arrivals: timedelta | None, now: datetime
    ) -> tuple[int, int]:
        """Forget the raw mail of arrivals, and arrivals, that are older; how many each.

        None is for ever. What is open is kept.
        """
