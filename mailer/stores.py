"""The database by its ports: one adapter for each, made when it is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.edition.gathering.results import PollResult
    from mailer.flows.answers import Answers
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
    from mailer.flows.restoring import Partings
    from mailer.flows.retention import Retention
    from mailer.flows.segments import Segments
    from mailer.flows.slots import Slots
    from mailer.flows.voting import Ballots
    from mailer.store.engine import Store


class Stores:
    """The database, by its ports. What a process never asks for, it never loads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def is_shared(self) -> bool:
        """Whether other processes, perhaps on other machines, work on it too."""
        return not self._store.is_sqlite

    @cached_property
    def readers(self) -> Readers:
        from mailer.store.readers import SqlReaders

        return SqlReaders(self._store)

    @cached_property
    def ledger(self) -> Ledger:
        from mailer.store.deliveries import SqlLedger

        return SqlLedger(self._store)

    @cached_property
    def answers(self) -> Answers:
        from mailer.store.answers import SqlAnswers

        return SqlAnswers(self._store)

    @cached_property
    def control(self) -> Control:
        from mailer.store.control import SqlControl

        return SqlControl(self._store)

    @cached_property
    def slots(self) -> Slots:
        from mailer.store.slots import SqlSlots

        return SqlSlots(self._store)

    @cached_property
    def pace(self) -> PaceKeeper:
        from mailer.store.pace import SqlPaceKeeper

        return SqlPaceKeeper(self._store)

    @cached_property
    def approvals(self) -> Approvals:
        from mailer.store.approvals import SqlApprovals

        return SqlApprovals(self._store)

    @cached_property
    def notices(self) -> Notices:
        from mailer.store.notices import SqlNotices

        return SqlNotices(self._store)

    @cached_property
    def relay_book(self) -> RelayBook:
        from mailer.store.relays import SqlRelayBook

        return SqlRelayBook(self._store)

    @cached_property
    def retention(self) -> Retention:
        from mailer.store.retention import SqlRetention

        return SqlRetention(self._store)

    @cached_property
    def figures(self) -> Figures:
        from mailer.store.figures import SqlFigures

        return SqlFigures(self._store)

    @cached_property
    def memberships(self) -> Memberships:
        from mailer.store.membership import SqlMemberships

        return SqlMemberships(self._store)

    @cached_property
    def ballots(self) -> Ballots:
        from mailer.store.voting import SqlBallots

        return SqlBallots(self._store)

    @cached_property
    def patrons(self) -> Patrons:
        from mailer.store.patrons import SqlPatrons

        return SqlPatrons(self._store)

    @cached_property
    def joining(self) -> Joining:
        from mailer.store.joining import SqlJoining

        return SqlJoining(self._store)

    @cached_property
    def letters(self) -> Letters:
        from mailer.store.letters import SqlLetters

        return SqlLetters(self._store)

    @cached_property
    def segments(self) -> Segments:
        from mailer.store.census import SqlSegments

        return SqlSegments(self._store)

    @cached_property
    def measures(self) -> Measures:
        from mailer.store.measuring import SqlMeasures

        return SqlMeasures(self._store)

    @cached_property
    def archive(self) -> Archive:
        from mailer.store.archive import SqlArchive

        return SqlArchive(self._store)

    @cached_property
    def exits(self) -> Exits:
        from mailer.store.exits import SqlExits

        return SqlExits(self._store)

    @cached_property
    def preferences(self) -> Preferences:
        from mailer.store.preferences import SqlPreferences

        return SqlPreferences(self._store)

    @cached_property
    def partings(self) -> Partings:
        from mailer.store.partings import SqlPartings

        return SqlPartings(self._store)

    @cached_property
    def dossiers(self) -> Dossiers:
        from mailer.store.dossier import SqlDossiers

        return SqlDossiers(self._store)

    @cached_property
    def arrivals(self) -> Arrivals:
        from mailer.store.arrivals import SqlArrivals

        return SqlArrivals(self._store)


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
    from mailer.store.engine import Store

    store = await Store.open(url, fingerprint=fingerprint)
    try:
        yield Stores(store)
    finally:
        await store.close()
