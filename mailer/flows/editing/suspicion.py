"""What a spam filter thinks of a message, before a reader's thinks it.

An opinion and no check: filters learn, and no two have the same rules, so that nothing
is blocked by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mailer.phrases import NOTHING, Phrase


@dataclass(frozen=True, slots=True)
class Suspect:
    """A rule that fired: what it adds to the score, its name, and its own words."""

    points: float
    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """The score, and from which one on it would be spam; ``fault`` why nobody can say."""

    score: float = 0.0
    limit: float = 0.0
    rules: tuple[Suspect, ...] = ()
    fault: Phrase = NOTHING

    @property
    def is_spam(self) -> bool:
        """Whether the filter would keep it from its reader."""
        return not self.fault and self.score >= self.limit

    @property
    def against(self) -> tuple[Suspect, ...]:
        """What speaks against the message, the worst first."""
        found = [rule for rule in self.rules if rule.points > 0]
        return tuple(sorted(found, key=lambda rule: -rule.points))


class SpamJudge(Protocol):
    """The port to a spam filter."""

    async def judge(self, message: bytes) -> Suspicion:
        """What it thinks of exactly these bytes, within a time; never an error."""
