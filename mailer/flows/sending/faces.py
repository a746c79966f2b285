"""Real readers as a preview shows them: masked, with what they would get of an edition.

A few of each kind are enough to look at; anybody else is found by their address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.audience.address import mask_wholly
from mailer.edition.model import Variant
from mailer.phrases import NOTHING, Phrase, say
from mailer.rendering.model import Frozen

_HAD_IT = "already sent in an earlier run"
_REASONS = {
    "suppressed": say("the address is suppressed"),
    "unconfirmed": say("they have not confirmed yet"),
    "left": say("they have left"),
    _HAD_IT: say("they had it in an earlier run"),
    "not in the segment": say("they are not in its segment"),
    "paused": say("they have paused"),
    "had one this month": say("they want one a month, and had it"),
    "not for their tier": say("it has nothing for their tier"),
}
"""Why a plan skips somebody, said of one reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A reader of the publication, as a message addresses them.

    ``variant`` is what their tier reads of the edition, None if it has nothing for them.
    ``skipped`` is why a run would leave them out now, in the words of a plan, or empty.
    """

    subscriber: int
    email: str
    name: str
    variant: Variant | None
    skipped: str = ""
    text_only: bool = False
    measured: bool = False

    @property
    def masked(self) -> str:
        """Who it is, for those who know them already."""
        return mask_wholly(self.email)

    @property
    def had_it(self) -> bool:
        """Whether they got it already: that is no reason not to show it."""
        return self.skipped == _HAD_IT

    @property
    def reason(self) -> Phrase:
        """Why a run would leave them out; nothing if it would not."""
        return _REASONS.get(self.skipped, NOTHING)

    @property
    def kind(self) -> tuple[str, str, bool, bool]:
        """What makes their message another than somebody else's, name apart."""
        return self.variant or "", self.skipped, self.text_only, self.measured


class Faces(Protocol):
    """The port to the readers of an edition, one by one. StoreError."""

    async def some(self, frozen: Frozen, *, now: datetime) -> list[Face]:
        """Those who take its publication, of many the first and the last to come."""

    async def find(self, email: str, frozen: Frozen, *, now: datetime) -> Face | None:
        """Whoever has the address; None if they never took its publication."""

    async def known(
        self, subscriber: int, frozen: Frozen, *, now: datetime
    ) -> Face | None:
        """The reader of that number; None if they never took its publication."""


def a_few(faces: Iterable[Face], *, of_each: int = 2) -> list[Face]:
    """At most *of_each* kind, who would get it before who would not."""
    seen: Counter[tuple[str, str, bool, bool]] = Counter()
    chosen = []
    for face in faces:
        if seen[face.kind] < of_each:
            seen[face.kind] += 1
            chosen.append(face)
    return sorted(chosen, key=lambda each: (bool(each.skipped), each.kind))
