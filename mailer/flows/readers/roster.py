"""Taking readers in: a roster becomes subscribers, each line with its answer."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.audience.address import address_key, is_role, needs_smtputf8
from mailer.audience.roster import Invalid, Row
from mailer.audience.seen import Seen
from mailer.flows.ports import Admission, Clock, Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What an import did, or with a dry run would do.

    ``counts`` has every admission, and how many lines were invalid or repeated;
    ``problems`` every line of a reader that brought nobody in, in the file's order. ``roles``
    are new addresses of a function, ``info@``: did a person agree? ``smtputf8`` are new
    ones that many relays cannot carry.
    """

    counts: Mapping[str, int]
    problems: Sequence[Invalid]
    roles: Sequence[str]
    smtputf8: Sequence[str]
    dry_run: bool


async def take_in(
    lines: Iterable[Row | Invalid],
    readers: Readers,
    clock: Clock,
    *,
    publication: str,
    source: str,
    dry_run: bool = False,
    update: bool = False,
) -> Intake:
    """Admit every usable one of *lines* to *publication*, with the consent's source.

    Never revives who left, never passes the suppression list. The lines are read as
    they are needed: what is held of a million of them are the few to be told about.
    """
    gathering = _Gathering(dry_run)
    await readers.admit(
        gathering.usable(lines),
        publication=publication,
        source=source,
        now=clock.now(),
        dry_run=dry_run,
        update=update,
        told=gathering.hear,
    )
    return gathering.intake()


def count_readers(lines: Iterable[Row | Invalid]) -> int:
    """How many different people *lines* would bring; who left elsewhere is none."""
    seen = Seen()
    for line in lines:
        if isinstance(line, Row) and line.gone is None:
            seen.add(address_key(line.email))
    return len(seen)


class _Gathering:
    """What is heard while lines go in one after another."""

    def __init__(self, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._seen = Seen()
        self._asked: deque[bool] = deque()  # of rows on the way: seen before?
        self._counts: Counter[str] = Counter()
        self._problems: list[Invalid] = []
        self._roles: list[str] = []
        self._smtputf8: list[str] = []

    def usable(self, lines: Iterable[Row | Invalid]) -> Iterator[Row]:
        for line in lines:
            if isinstance(line, Invalid):
                self._problems.append(line)
                self._counts["invalid"] += 1
            else:
                self._asked.append(self._seen.add(address_key(line.email)))
                yield line

    def hear(self, row: Row, admission: Admission) -> None:
        seen = self._asked.popleft()
        if seen and (self._dry_run or admission is not Admission.ADDED):
            self._counts["duplicates"] += 1
            return
        self._counts[str(admission)] += 1
        if admission is Admission.ADDED:
            if is_role(row.email):
                self._roles.append(row.email)
            if needs_smtputf8(row.email):
                self._smtputf8.append(row.email)
        elif admission in {Admission.SUPPRESSED, Admission.LEFT} and not row.gone:
            reason = str(admission)
            self._problems.append(Invalid(line=row.line, text=row.email, reason=reason))

    def intake(self) -> Intake:
        kinds = (*map(str, Admission), "invalid", "duplicates")
        return Intake(
            counts={kind: self._counts[kind] for kind in kinds},
            problems=sorted(self._problems, key=lambda each: each.line),
            roles=self._roles,
            smtputf8=self._smtputf8,
            dry_run=self._dry_run,
        )
