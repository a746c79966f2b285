"""Keeping watch over the next departures: proofs by themselves, and an alarm in time.

The edition of Saturday that nobody has approved goes to fixed addresses as a proof;
when nothing is ready some hours before, a person is told. Each once for a slot, kept in
the store, so that two daemons and a restart write no second letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from mailer.delivery.mailbox import read_mailbox
from mailer.edition.agenda import Departure
from mailer.edition.model import Publication
from mailer.edition.vigil import Need, Readiness, Watch, what_is_needed
from mailer.errors import EditionError, InputError, MailerError, RelayError
from mailer.flows.approvals import Approvals
from mailer.flows.departing.alarm import (
    Situation,
    alarm_letter,
    held_letter,
    proof_letter,
)
from mailer.flows.departing.approve import as_approved, clearance_of
from mailer.flows.departing.circular import is_taken, send_circular
from mailer.flows.departing.notices import Notices
from mailer.flows.departing.proofbook import ProofBook, note_proof
from mailer.flows.editing.assemble import Newsroom, assemble
from mailer.flows.ports import Clock, Ledger
from mailer.flows.sending.carriage import Relay
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.proof import send_proof
from mailer.language import Catalogue
from mailer.phrases import Phrase
from mailer.rendering.letter import Letter, write_letter

if TYPE_CHECKING:
    pass

log = structlog.get_logger()

_LEASE = timedelta(minutes=10)
"""Longer than a proof takes; who dies meanwhile is made up for after it."""

_AGAIN = timedelta(minutes=10)
"""How often an edition is rendered anew to see whether its approval still holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDesk:
    """Everything a watch is kept with.

    ``to`` are the mailboxes that get proofs and alarms; without any, alarms are in the
    log alone and no proof leaves. ``templates`` are those of letters, ``sentences``
    gives a language's catalogue. ``auto``: checks approve, nobody needs to.
    """

    newsroom: Newsroom
    publication: Callable[[str], Publication]
    approvals: Approvals
    notices: Notices
    ledger: Ledger
    proof_book: ProofBook
    relay: Relay
    clock: Clock
    stationery: Stationery
    watch: Watch
    auto: bool
    to: Sequence[str]
    templates: Mapping[str, str]
    sentences: Callable[[str], Catalogue]


@dataclass(slots=True)
class Vigil:
    """A watch that remembers when it looked last, so that looking often costs little."""

    desk: WatchDesk
    _looked: dict[tuple[str, str], datetime] = field(default_factory=dict)

    async def look(self, departure: Departure) -> list[Need]:
        """Meet what *departure* needs now; which needs were met by us.

        StoreError if the database cannot say. What a relay does not take is logged, and
        tried again at a later look.
        """
        now = self.desk.clock.now()
        slot = (departure.publication, departure.day.isoformat())
        if now < departure.due - self.desk.watch.begins:
            return []
        last = self._looked.get(slot)
        if last is not None and not self._is_time(departure, last, now):
            return []
        self._looked[slot] = now
        return await _meet(departure, self.desk, now)

    async def tell_held(self, departure: Departure, reason: Phrase) -> bool:
        """Write to the operators that *departure* is held; whether somebody was reached.

        RelayError if no relay is there.
        """
        publication = self.desk.publication(departure.publication)
        situation = Situation(departure=departure, publication=publication)
        letter = held_letter(situation, reason)
        return await _write(letter, situation, self.desk, self.desk.clock.now())

    def _is_time(self, departure: Departure, last: datetime, now: datetime) -> bool:
        """Whether a need may have arisen since *last*."""
        watch = self.desk.watch
        hours = (departure.due - b for b in (watch.proof, watch.alarm) if b is not None)
        return now - last >= _AGAIN or any(last < hour <= now for hour in hours)


async def _meet(departure: Departure, desk: WatchDesk, now: datetime) -> list[Need]:
    met = await desk.notices.met(departure.publication, departure.day)
    open_needs = {Need.ALARM, Need.EDITED} | ({Need.PROOF} if desk.to else set())
    if open_needs <= met:
        return []
    situation = await _situation(departure, desk)
    watch = desk.watch if desk.to else Watch(proof=None, alarm=desk.watch.alarm)
    found = _readiness(situation, desk, met)
    return [
        need
        for need in what_is_needed(departure.due, found, watch, now=now)
        if await _meet_one(need, situation, desk, now)
    ]


async def _meet_one(
    need: Need, situation: Situation, desk: WatchDesk, now: datetime
) -> bool:
    """Meet *need*, unless somebody else does; whether it was met by us."""
    departure = situation.departure
    slot = departure.publication, departure.day
    if not await desk.notices.claim(*slot, need, now=now, lease=_LEASE):
        return False
    words = {
        "publication": departure.publication,
        "date": departure.day.isoformat(),
        "edition": departure.edition or "",
    }
    try:
        if need is Need.PROOF:
            taken = await _prove(situation, desk, now)
        else:
            log.error("edition.not_ready", **words, reason=str(situation.reason))
            letter = alarm_letter(situation, now=now)
            taken = await _write(letter, situation, desk, now)
    except (RelayError, InputError) as error:
        log.error("notice.failed", **words, need=str(need), reason=str(error))  # noqa: TRY400 - its words are the news
        taken = False
    if not taken:
        await desk.notices.release(*slot, need)
        return False
    await desk.notices.settle(*slot, need, now=desk.clock.now())
    log.info("notice.sent", **words, need=str(need))
    return True


async def _prove(situation: Situation, desk: WatchDesk, now: datetime) -> bool:
    """The edition itself to every address, and a letter that says what it waits for."""
    assembled = situation.assembled
    if assembled is None:
        return False
    attempts = await send_proof(
        assembled.frozen,
        [read_mailbox(each, what="proof.to").address for each in desk.to],
        desk.relay,
        desk.stationery,
        now=now,
    )
    if not any(is_taken(attempt) for _, _, attempt in attempts):
        return False
    error = await note_proof(desk.proof_book, assembled, attempts, now=now)
    if error is not None:
        log.warning("proof.not_kept", edition=assembled.edition.name, reason=str(error))
    await _write(proof_letter(situation, auto=desk.auto), situation, desk, now)
    return True


async def _write(
    letter: Letter, situation: Situation, desk: WatchDesk, now: datetime
) -> bool:
    """Send *letter* to everybody in ``to``; whether somebody was reached, or nobody is."""
    publication = situation.publication
    day = situation.departure.day.isoformat()
    return await send_circular(
        write_letter(letter, desk.templates, desk.sentences(publication.lang)),
        publication=publication,
        to=desk.to,
        relays=[desk.relay],
        signers=desk.stationery.signers,
        key=f"{day}.{now:%Y%m%d%H%M%S}",
        now=now,
    )


async def _situation(departure: Departure, desk: WatchDesk) -> Situation:
    """Read, render and compare the edition of *departure*, if there is one."""
    publication = desk.publication(departure.publication)
    situation = Situation(departure=departure, publication=publication)
    if departure.edition is None:
        return situation
    if await desk.ledger.runs(edition=departure.edition, limit=1):
        return Situation(departure=departure, publication=publication, left=True)
    try:
        # In a thread: a long edition takes a second, and a run may be under way.
        assembled = await asyncio.to_thread(
            assemble, departure.edition, desk.newsroom, today=departure.day
        )
    except EditionError as error:
        return Situation(
            departure=departure, publication=publication, findings=error.findings
        )
    except MailerError as error:
        return Situation(departure=departure, publication=publication, fault=error)
    clearance = await clearance_of(assembled, desk.approvals)
    assembled = as_approved(assembled, clearance)
    return Situation(
        departure=departure,
        publication=publication,
        assembled=assembled,
        clearance=clearance,
        findings=assembled.errors,
    )


def _readiness(
    situation: Situation, desk: WatchDesk, met: frozenset[Need]
) -> Readiness:
    assembled, clearance = situation.assembled, situation.clearance
    clean = assembled is not None and not situation.findings
    approved = clearance is not None and clearance.holds
    return Readiness(
        exists=assembled is not None,
        approved=approved,
        edited=clearance is not None and bool(clearance.changes),
        ready=clean and (approved or desk.auto),
        settled=situation.left,
        met=met,
    )
