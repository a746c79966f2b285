"""Taking readers in: a roster becomes subscribers, each line with its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from mailer.audience.roster import Roster, Row
from mailer.flows.ports import Admission, Clock, Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What an import did, or with a dry run would do: one admission per usable row."""

    roster: Roster
    admissions: tuple[tuple[Row, Admission], ...]
    dry_run: bool

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each admission, and how many lines were invalid."""
        found = Counter(admission for _, admission in self.admissions)
        counts = {str(admission): found[admission] for admission in Admission}
        return {**counts, "invalid": len(self.roster.invalid)}


async def take_in(
    roster: Roster,
    readers: Readers,
    clock: Clock,
    *,
    publication: str,
    source: str,
    dry_run: bool = False,
) -> Intake:
    """Admit every usable row of *roster* to *publication*, with the consent's source.

    Never revives who left, never passes the suppression list.
    """
    admissions = await readers.admit(
        roster.rows,
        publication=publication,
        source=source,
        now=clock.now(),
        dry_run=dry_run,
    )
    return Intake(
        roster=roster,
        admissions=tuple(zip(roster.rows, admissions, strict=True)),
        dry_run=dry_run,
    )
