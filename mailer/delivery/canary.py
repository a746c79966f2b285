"""Who goes ahead of a run: a share of the readers, so many of them, or named ones.

The others wait for what becomes of these; a bad edition then costs a few readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from mailer.audience.address import address_key, read_address
from mailer.errors import InputError
from mailer.phrases import say

_SHARE = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)\s*%")
_COUNT = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """At most one of the three is said; none of them: everybody goes at once."""

    percent: float = 0
    count: int = 0
    seeds: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.percent or self.count or self.seeds)

    def __str__(self) -> str:
        if self.percent:
            return f"{self.percent:g}%"
        return str(self.count) if self.count else ", ".join(self.seeds)

    def size(self, audience: int) -> int:
        """How many of *audience* go ahead; named readers are counted by the ledger."""
        wanted = ceil(audience * self.percent / 100) if self.percent else self.count
        return min(audience, wanted)


NOBODY = Canary()
"""Nobody goes ahead."""


def read_canary(words: Iterable[str]) -> Canary:
    """``1%``, ``50``, or addresses of readers; InputError with a way out otherwise."""
    said = [word.strip() for word in words if word.strip()]
    if not said:
        return NOBODY
    if len(said) == 1:
        if (share := _SHARE.fullmatch(said[0])) and float(share[1]):
            return Canary(percent=float(share[1]))
        if _COUNT.fullmatch(said[0]) and int(said[0]):
            return Canary(count=int(said[0]))
    if all("@" in word for word in said):
        seeds = {address_key(email): email for email in map(read_address, said)}
        return Canary(seeds=tuple(seeds.values()))
    message = say("{text} is no canary", text=", ".join(said))
    raise InputError(message, hint=say("write 1%, 50, or addresses of readers"))
