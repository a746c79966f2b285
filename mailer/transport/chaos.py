"""What a trial relay does on purpose: whims in, a behaviour for each occasion out.

Nothing here touches the wire, the clock or chance: the moment is handed in, and chance
is a hash of the seed, the whim and the how-manieth occasion it is, so that the same
seed does the same again. The first whim that fits an occasion has it; a whim counts the
occasions that reach it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Protocol

from mailer.transport.whims import Act, Behaviour, Moment, Per, When, Whim

_REMEMBERED = 200
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_ANNOUNCED = frozenset({Act.WITHOUT, Act.SIZE})

EXAMPLES = (
    ("rcpt:550 5.1.1@20%", "one recipient in five is unknown"),
    ("hotmail.example/rcpt:550 5.7.1 you are blocked", "one domain refuses us"),
    ("*@*.example/rcpt:452 4.2.2 mailbox full@first=3", "the first three are full"),
    ("rcpt:greylist 5m", "450 at first, accepted five minutes later"),
    ("orange.fr/rcpt:421 4.7.0@after=10/min", "no more than ten a minute"),
    ("rcpt:450 4.7.1@after=10/min,per=domain", "the same for every domain"),
    ("mail:421 4.3.2@after=100,per=connection", "100 messages a connection, then 421"),
    ("connect:554 5.3.2@first=2", "the first two connections are refused"),
    ("connect:stall@10%", "silence instead of a greeting"),
    ("ehlo:without PIPELINING ENHANCEDSTATUSCODES", "a poor server"),
    ("ehlo:502 5.5.1", "HELO only"),
    ("ehlo:size 50000", "no message above 50,000 bytes"),
    ("ehlo:lines 300", "a greeting of three hundred lines"),
    ("starttls:454 4.7.0", "TLS is offered, and not to be had"),
    ("ehlo:without STARTTLS", "TLS is stripped from the offer"),
    ("starttls:certificate expired", "also: foreign, other-host"),
    ("auth:535 5.7.8", "the login is refused"),
    ("auth:454 4.7.0@once", "the first login is not possible now"),
    ("mail:garbage", "an answer that is none"),
    ("rcpt:endless@once", "an answer without end"),
    ("data:554 5.6.0@every=50", "every fiftieth message is refused before its body"),
    ("body:drop@5%", "the connection is lost in the middle of a body"),
    ("dot:drop@every=50", "lost after the dot, the message too"),
    ("dot:accept-drop@every=50", "the message is kept, its 250 is lost"),
    ("dot:accept-partial@once", "kept, and half of the 250 said"),
    ("dot:delay 61s@1%", "the 250 comes late"),
    ("dot:451 4.3.0@first=100", "a storm of deferrals, then calm"),
)
"""Whims and what they mean; help and manual show this table, and a test plays it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A moment of a dialogue: who is speaking on which connection, and when.

    ``recipients`` are those of the transaction so far, the one in question the last;
    ``now`` is in seconds since 1970.
    """

    moment: Moment
    connection: int
    now: float
    sender: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What chaos did, when, and whom it concerned (nobody before RCPT)."""

    whim: Whim
    at: datetime
    moment: Moment
    recipient: str

    @property
    def did(self) -> str:
        """The whim as it was written."""
        return self.whim.text


class Decider(Protocol):
    """Whoever says how a relay behaves."""

    def decide(self, occasion: Occasion) -> Behaviour | None:
        """What to do instead of the ordinary; None for the ordinary."""

    def announce(self, occasion: Occasion) -> Sequence[Behaviour]:
        """What the answer to EHLO leaves out or limits."""

    def offers(self, extension: str) -> bool:
        """Whether STARTTLS or AUTH is part of the play."""


class Chaos:
    """Whims, and what they remember of a relay's life."""

    def __init__(self, whims: Iterable[Whim] = (), *, seed: int = 0) -> None:
        self.whims = tuple(whims)
        self.seed = seed
        self._done: Counter[Whim] = Counter()
        self._recent: deque[Incident] = deque(maxlen=_REMEMBERED)
        self._met: Counter[tuple[int, object]] = Counter()
        self._passed: dict[tuple[int, object], deque[float]] = {}
        self._grey: dict[tuple[int, str, str], float | None] = {}

    def decide(self, occasion: Occasion) -> Behaviour | None:
        """What the first whim that fits *occasion* does; None if none does."""
        for number, whim in enumerate(self.whims):
            if whim.behaviour.act in _ANNOUNCED:
                continue
            recipient = _subject(whim, occasion)
            if recipient is None:
                continue
            if whim.behaviour.act is Act.GREYLIST:
                behaviour = self._greylisted(number, whim, occasion, recipient)
            else:
                fits = self._fits(number, whim.when, occasion, recipient)
                behaviour = whim.behaviour if fits else None
            if behaviour is not None:
                self._note(whim, occasion, recipient)
                return behaviour
        return None

    def announce(self, occasion: Occasion) -> Sequence[Behaviour]:
        """Every limit that fits *occasion*: extensions left out, and a size."""
        found = []
        for number, whim in enumerate(self.whims):
            if whim.behaviour.act in _ANNOUNCED and self._fits(
                number, whim.when, occasion, ""
            ):
                self._note(whim, occasion, "")
                found.append(whim.behaviour)
        return found

    def offers(self, extension: str) -> bool:
        """Whether some whim is about *extension*: what nobody asks for is not played."""
        return any(
            whim.moment == extension.lower()
            or (
                whim.behaviour.act is Act.WITHOUT
                and extension in whim.behaviour.text.split()
            )
            for whim in self.whims
        )

    def told(self) -> Sequence[tuple[str, int]]:
        """Each whim as it was written, and how often it had its way."""
        return [(whim.text, self._done[whim]) for whim in self.whims]

    def incidents(self) -> Sequence[Incident]:
        """What was done lately, the newest first."""
        return list(self._recent)

    def _fits(
        self, number: int, when: When, occasion: Occasion, recipient: str
    ) -> bool:
        key = number, _kept_per(when.per, occasion, recipient)
        self._met[key] += 1
        count = self._met[key]
        fits = (
            count > when.after
            and (when.first is None or count <= when.first + when.after)
            and (count - when.after) % when.every == 0
            and (when.chance >= 1 or _chance(self.seed, *key, count) < when.chance)
        )
        if when.limit is None or not fits:
            return fits
        window = occasion.now - _SECONDS[when.limit.unit]
        passed = self._passed.setdefault(key, deque())
        while passed and passed[0] <= window:
            passed.popleft()
        if len(passed) >= when.limit.count:
            return True
        passed.append(occasion.now)
        return False

    def _greylisted(
        self, number: int, whim: Whim, occasion: Occasion, recipient: str
    ) -> Behaviour | None:
        """A deferral until the wait is over; conditions are asked at first sight."""
        key = number, occasion.sender, recipient
        if key not in self._grey:
            fits = self._fits(number, whim.when, occasion, recipient)
            self._grey[key] = occasion.now if fits else None
        first = self._grey[key]
        left = 0.0 if first is None else first + whim.behaviour.number - occasion.now
        if left <= 0:
            return None
        words = f"450 4.7.1 greylisted, come back in {left:.0f} s"
        return replace(whim.behaviour, act=Act.REPLY, text=words)

    def _note(self, whim: Whim, occasion: Occasion, recipient: str) -> None:
        self._done[whim] += 1
        at = datetime.fromtimestamp(occasion.now, UTC)
        self._recent.appendleft(
            Incident(whim=whim, at=at, moment=occasion.moment, recipient=recipient)
        )


def _subject(whim: Whim, occasion: Occasion) -> str | None:
    """Whom an occasion is about, empty before anybody is named; None if not *whim*'s."""
    if whim.moment is not occasion.moment:
        return None
    named = occasion.recipients
    if occasion.moment is Moment.RCPT:
        named = named[-1:]
    if not whim.who:
        return named[-1] if named else ""
    return next((each for each in reversed(named) if _is(whim.who, each)), None)


def _is(pattern: str, recipient: str) -> bool:
    address = recipient.lower()
    return fnmatchcase(address if "@" in pattern else _domain(address), pattern)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _kept_per(per: Per, occasion: Occasion, recipient: str) -> object:
    match per:
        case Per.CONNECTION:
            return occasion.connection
        case Per.DOMAIN:
            return _domain(recipient)
        case Per.RECIPIENT:
            return recipient
        case Per.ALL:
            return ""


def _chance(*words: object) -> float:
    """A number in [0, 1) that the same words always give."""
    digest = hashlib.sha256(repr(words).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
