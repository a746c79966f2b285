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
    from mailer.flows.control import Control
    from mailer.flows.departing.notices import Notices
    from mailer.flows.departing.proofbook import ProofBook
    from mailer.flows.departing.proposing import Proposals
    from mailer.flows.departing.slots import Slots
    from mailer.flows.figures import Figures
    from mailer.flows.ports import Ledger, Readers, Run
    from mailer.flows.readers.archive import Archive
    from mailer.flows.readers.choosing import Preferences
    from mailer.flows.readers.correspondence import Letters
    from mailer.flows.readers.dossier import Dossiers
    from mailer.flows.readers.joining import Joining
    from mailer.flows.readers.leaving import Exits
    from mailer.flows.readers.letterbook import LetterBook
    from mailer.flows.readers.measuring import Measures
    from mailer.flows.readers.membership import Memberships
    from mailer.flows.readers.patronage import Patrons
    from mailer.flows.readers.retention import Retention
    from mailer.flows.readers.segments import Segments
    from mailer.flows.readers.voting import Ballots
    from mailer.flows.restoring import Partings
    from mailer.flows.returning.arrivals import Arrivals
    from mailer.flows.sending.faces import Faces
    from mailer.flows.sending.pacing import PaceKeeper
    from mailer.flows.sending.relaying import RelayBook
    from mailer.store.engine import Store


class Stores:
    """The database, by its ports. What a process never asks for, it never loads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def is_shared(self) -> bool:
        """Whether other processes, perhaps on other machines, work on it too."""
        return not self._store.is_sqlite

    async def has_sender(self, run: Run) -> bool:
        """Whether a process sends *run* just now; of databases that are shared."""
        from mailer.store.ledger.locks import has_sender

        return await has_sender(self._store, run)

    @property
    def sound_until(self) -> float:
        """When the database is to be looked through again (``time.monotonic``)."""
        return self._store.sound_until

    @sound_until.setter
    def sound_until(self, moment: float) -> None:
        self._store.sound_until = moment

    @cached_property
    def readers(self) -> Readers:
        from mailer.store.people.readers import SqlReaders

        return SqlReaders(self._store)

    @cached_property
    def faces(self) -> Faces:
        from mailer.store.people.faces import SqlFaces

        return SqlFaces(self._store)

    @cached_property
    def ledger(self) -> Ledger:
        from mailer.store.ledger.deliveries import SqlLedger

        return SqlLedger(self._store)

    @cached_property
    def answers(self) -> Answers:
        from mailer.store.answers import SqlAnswers

        return SqlAnswers(self._store)

    @cached_property
    def control(self) -> Control:
        from mailer.store.ledger.control import SqlControl

        return SqlControl(self._store)

    @cached_property
    def slots(self) -> Slots:
        from mailer.store.ledger.slots import SqlSlots

        return SqlSlots(self._store)

    @cached_property
    def pace(self) -> PaceKeeper:
        from mailer.store.ledger.pace import SqlPaceKeeper

        return SqlPaceKeeper(self._store)

    @cached_property
    def approvals(self) -> Approvals:
        from mailer.store.ledger.approvals import SqlApprovals

        return SqlApprovals(self._store)

    @cached_property
    def notices(self) -> Notices:
        from mailer.store.ledger.notices import SqlNotices

        return SqlNotices(self._store)

    @cached_property
    def proposals(self) -> Proposals:
        from mailer.store.ledger.proposals import SqlProposals

        return SqlProposals(self._store)

    @cached_property
    def proof_book(self) -> ProofBook:
        from mailer.store.ledger.proofs import SqlProofBook

        return SqlProofBook(self._store)

    @cached_property
    def relay_book(self) -> RelayBook:
        from mailer.store.ledger.relays import SqlRelayBook

        return SqlRelayBook(self._store)

    @cached_property
    def retention(self) -> Retention:
        from mailer.store.people.retention import SqlRetention

        return SqlRetention(self._store)

    @cached_property
    def figures(self) -> Figures:
        from mailer.store.figures import SqlFigures

        return SqlFigures(self._store)

    @cached_property
    def memberships(self) -> Memberships:
        from mailer.store.people.membership import SqlMemberships

        return SqlMemberships(self._store)

    @cached_property
    def ballots(self) -> Ballots:
        from mailer.store.people.voting import SqlBallots

        return SqlBallots(self._store)

    @cached_property
    def patrons(self) -> Patrons:
        from mailer.store.people.patrons import SqlPatrons

        return SqlPatrons(self._store)

    @cached_property
    def joining(self) -> Joining:
        from mailer.store.people.joining import SqlJoining

        return SqlJoining(self._store)

    @cached_property
    def letters(self) -> Letters:
        from mailer.store.people.letters import SqlLetters

        return SqlLetters(self._store)

    @cached_property
    def letter_book(self) -> LetterBook:
        from mailer.store.people.letterbook import SqlLetterBook

        return SqlLetterBook(self._store)

    @cached_property
    def segments(self) -> Segments:
        from mailer.store.people.census import SqlSegments

        return SqlSegments(self._store)

    @cached_property
    def measures(self) -> Measures:
        from mailer.store.people.measuring import SqlMeasures

        return SqlMeasures(self._store)

    @cached_property
    def archive(self) -> Archive:
        from mailer.store.people.archive import SqlArchive

        return SqlArchive(self._store)

    @cached_property
    def exits(self) -> Exits:
        from mailer.store.people.exits import SqlExits

        return SqlExits(self._store)

    @cached_property
    def preferences(self) -> Preferences:
        from mailer.store.people.preferences import SqlPreferences

        return SqlPreferences(self._store)

    @cached_property
    def partings(self) -> Partings:
        from mailer.store.partings import SqlPartings

        return SqlPartings(self._store)

    @cached_property
    def dossiers(self) -> Dossiers:
        from mailer.store.people.dossier import SqlDossiers

        return SqlDossiers(self._store)

    @cached_property
    def arrivals(self) -> Arrivals:
        from mailer.store.people.arrivals import SqlArrivals

        return SqlArrivals(self._store)


class LastResults:
    """The ``Polls`` port of assembling, on a database that is opened when it is asked."""

    def __init__(self, url: str, *, now: Callable[[], datetime]) -> None:
        self._url = url
        self._now = now

    async def last(self, publication: str, *, before: date) -> PollResult | None:
        """See the port."""
        from mailer.flows.readers.voting import last_result

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
