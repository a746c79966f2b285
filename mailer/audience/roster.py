"""Reading a roster: a CSV of people, as spreadsheets really write it."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.audience.subscriber import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable line of a roster; ``line`` counts from 1, the header included."""

    line: int
    email: str
    name: str = ""
    tier: Tier = Tier.FREE
