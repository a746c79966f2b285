"""Segments of those who read a publication now, and the tags that some rest on.

It stands apart from ``ports`` for its size alone; the adapter is in ``store``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.audience.segment import Rule
from mailer.audience.subscriber import Subscriber
from mailer.edition.model import Publication


@dataclass(frozen=True, slots=True)
class Census:
    """How many of the *active* readers of a publication are *inside* a segment.

    Who is suppressed is no active reader.
    """

    inside: int
    active: int


class Segments(Protocol):
    """Who is in a segment; StoreError, and then nothing happened."""

    async def count(
        self, rule: Rule, *, publication: Publication, now: datetime
    ) -> Census:
        """How many are in it *now*."""

    async def members(
        self,
        rule: Rule,
        *,
        publication: Publication,
        now: datetime,
        limit: int | None = None,
    ) -> list[Subscriber]:
        """Who is in it *now*, by address."""

    async def tag(
        self,
        emails: Sequence[str],
        *,
        add: Collection[str] = (),
        remove: Collection[str] = (),
    ) -> list[str]:
        """Give tags to people and take others from them; the addresses nobody has.

        All of it or nothing: where an address is unknown, nobody is tagged.
        """

    async def tags(self) -> Mapping[str, int]:
        """Every tag that somebody has, and how many do."""
