"""The database by its ports: one adapter for each, made when it is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.edition.gathering.results import PollResult
    from mailer.flows.approvals import Approvals
    from mailer.flows.archive import Archive
    from mailer.flows.arrivals import Arrivals
    from mailer.flows.choosing import Preferences
    from mailer.flows.control import Control
    from mailer.flows.correspondence import Letters
    from mailer.flows.dossier import Dossiers
    from mailer.flows.figures import Figures
    from mailer.flows.joining import Joining
    from mailer.flows.leaving import Exits
    from mailer.flows.measuring import Measures
    from mailer.flows.membership import Memberships
    from mailer.flows.notices import Notices
    from mailer.flows.pacing import PaceKeeper
    from mailer.flows.patronage import Patrons
    from mailer.flows.ports import Ledger, Readers
    from mailer.flows.relaying import RelayBook
    from mailer.flows.retention import Retention
    from mailer.flows.segments import Segments
    from mailer.flows.slots import Slots
    from mailer.flows.voting import Ballots


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The database, by its ports."""

    readers: Readers
    ledger: Ledger
    control: Control
    slots: Slots
    pace: PaceKeeper
    is_shared: bool  # with other processes, perhaps on other machines
    approvals: Approvals
    notices: Notices
    relay_book: RelayBook
    retention: Retention
    figures: Figures
    memberships: Memberships
    ballots: Ballots
    patrons: Patrons
    joining: Joining
    letters: Letters
    segments: Segments
    measures: Measures
    archive: Archive
    exits: Exits
    preferences: Preferences
    dossiers: Dossiers
    arrivals: Arrivals


class LastResults:
    """The ``Polls`` port of assembling, on a database that is opened when it is asked."""

    def __init__(self, url: str, *, now: Callable[[], datetime]) -> None:
        self._url = url
        self._now = now

    async def last(self, publication: str, *, before: date) -> PollResult | None:
        """See the port."""
        from mailer.flows.voting import last_result

        async with open_stores(self._url) as stores:
            return await last_result(
                stores.ballots, publication, before=before, now=self._now()
            )


@asynccontextmanager
async def open_stores(
    url: str, *, fingerprint: Callable[[str], str] | None = None
) -> AsyncIterator[Stores]:
    """The database at *url*, brought to the newest schema, and closed again.

    *fingerprint* is a keyed hash of an address: by it the erased are known again.
    """
    from mailer.store.approvals import SqlApprovals
    from mailer.store.archive import SqlArchive
    from mailer.store.arrivals import SqlArrivals
    from mailer.store.census import SqlSegments
    from mailer.store.control import SqlControl
    from mailer.store.deliveries import SqlLedger
    from mailer.store.dossier import SqlDossiers
    from mailer.store.engine import Store
    from mailer.store.exits import SqlExits
    from mailer.store.figures import SqlFigures
    from mailer.store.joining import SqlJoining
    from mailer.store.letters import SqlLetters
    from mailer.store.measuring import SqlMeasures
    from mailer.store.membership import SqlMemberships
    from mailer.store.notices import SqlNotices
    from mailer.store.pace import SqlPaceKeeper
    from mailer.store.patrons import SqlPatrons
    from mailer.store.preferences import SqlPreferences
    from mailer.store.readers import SqlReaders
    from mailer.store.relays import SqlRelayBook
    from mailer.store.retention import SqlRetention
    from mailer.store.slots import SqlSlots
    from mailer.store.voting import SqlBallots

    store = await Store.open(url, fingerprint=fingerprint)
    try:
        yield Stores(
            readers=SqlReaders(store),
            ledger=SqlLedger(store),
            control=SqlControl(store),
            slots=SqlSlots(store),
            pace=SqlPaceKeeper(store),
            is_shared=not store.is_sqlite,
            approvals=SqlApprovals(store),
            notices=SqlNotices(store),
            relay_book=SqlRelayBook(store),
            retention=SqlRetention(store),
            figures=SqlFigures(store),
            memberships=SqlMemberships(store),
            ballots=SqlBallots(store),
            patrons=SqlPatrons(store),
            joining=SqlJoining(store),
            letters=SqlLetters(store),
            segments=SqlSegments(store),
            measures=SqlMeasures(store),
            archive=SqlArchive(store),
            exits=SqlExits(store),
            preferences=SqlPreferences(store),
            dossiers=SqlDossiers(store),
            arrivals=SqlArrivals(store),
        )
    finally:
        await store.close()
