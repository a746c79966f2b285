"""Taking readers in: a roster becomes subscribers, each line with its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailer.audience.address import is_role, needs_smtputf8
from mailer.audience.roster import Invalid, Roster, Row
from mailer.flows.ports import Admission, Clock, Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What an import did, or with a dry run would do: one admission per usable row."""

    roster: Roster
    admissions: tuple[tuple[Row, Admission], ...]
    dry_run: bool

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each admission, and how many lines were invalid or repeated."""
        found = Counter(admission for _, admission in self.admissions)
        return {
            **{str(admission): found[admission] for admission in Admission},
            "invalid": len(self.roster.invalid),
            "duplicates": self.roster.duplicates,
        }

    @property
    def problems(self) -> tuple[Invalid, ...]:
        """Every line that brought nobody in, in the order of the file, and why."""
        kept_out = (
            Invalid(line=row.line, text=row.email, reason=str(admission))
            for row, admission in self.admissions
            if admission in {Admission.SUPPRESSED, Admission.LEFT}
        )
        return tuple(sorted((*self.roster.invalid, *kept_out), key=lambda p: p.line))

    @property
    def roles(self) -> tuple[str, ...]:
        """New addresses of a function, ``info@``: did a person agree?"""
        return tuple(email for email in self._added() if is_role(email))

    @property
    def smtputf8(self) -> tuple[str, ...]:
        """New addresses that many relays cannot carry."""
        return tuple(email for email in self._added() if needs_smtputf8(email))

    def _added(self) -> Iterator[str]:
        return (row.email for row, a in self.admissions if a is Admission.ADDED)


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
