"""What a preview reads of the database, where there is one; it never makes one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from mailer.cli.invocation import Invocation
from mailer.errors import MailerError
from mailer.phrases import NOTHING, Phrase, say

if TYPE_CHECKING:
    from types import TracebackType

    from mailer.edition.states import EditionState
    from mailer.flows.departing.approve import Clearance
    from mailer.flows.departing.proofbook import Proof
    from mailer.flows.editing.assembled import Assembled
    from mailer.flows.sending.faces import Face
    from mailer.rendering.model import Frozen
    from mailer.stores import Stores
    from mailer.web.preview.readers import Company

T = TypeVar("T")

NO_DATABASE = say(
    "There is no database here yet: importing readers, approving or sending makes one."
)
_SQLITE = "sqlite:///"
_FRESH = 5.0  # seconds: states that are not older are not asked for again


class Records:
    """Approvals and runs, read when they are first asked for.

    A database that cannot be read is none: a preview is shown all the same.
    """

    def __init__(self, call: Invocation, *, shows_readers: bool = True) -> None:
        self._call = call
        self._shows_readers = shows_readers
        self._open = AsyncExitStack()
        self._absence = NOTHING
        self._stores: Stores | None = None
        self._states: Mapping[str, EditionState] = {}
        self._asked = float("-inf")
        self._busy = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    async def stores(self) -> Stores | None:
        """The database, opened once; None where there is none, and ``absence`` says why."""
        if self._stores is None:
            self._absence = NO_DATABASE
            if self._is_there():
                try:
                    self._stores = await self._open.enter_async_context(
                        self._call.house.stores()
                    )
                except MailerError as error:
                    self._absence = say(
                        "The database cannot be opened: {reason}.", reason=error
                    )
        return self._stores

    @property
    def absence(self) -> Phrase:
        """Why nobody could say what was last asked."""
        return self._absence

    async def states(self, names: Sequence[str]) -> Mapping[str, EditionState]:
        """Where the editions called *names* stand; nothing without a database."""
        from mailer.flows.register import states_of

        clock = self._call.house.clock
        async with self._busy:
            if clock.monotonic() - self._asked < _FRESH:
                return self._states
            try:
                if stores := await self.stores():
                    self._states = await states_of(
                        names, self._departing(), stores.ledger, stores.approvals
                    )
            except MailerError:
                self._states = {}
            self._asked = clock.monotonic()
            return self._states

    def forget(self) -> None:
        """Something was done: where editions stand is asked for again."""
        self._asked = float("-inf")

    async def clearance(self, assembled: Assembled) -> Clearance | None:
        """How *assembled* stands to its approval; None where nobody can say."""
        from mailer.flows.departing.approve import clearance_of

        return await self._answer(lambda it: clearance_of(assembled, it.approvals))

    async def proof(self, edition: str) -> Proof | None:
        """The last proof of *edition*; None where there is none, or nobody can say."""
        return await self._answer(lambda it: it.proof_book.last(edition))

    async def company(self, frozen: Frozen, number: int | None) -> Company:
        """A few readers of *frozen*, and the one who is subscriber *number*."""
        from mailer.flows.sending.faces import a_few
        from mailer.web.preview.readers import Company

        if not self._shows_readers:
            return Company(absent=say("Real readers are shown on this machine alone."))
        now = self._call.house.clock.now()

        async def those(stores: Stores) -> Company:
            faces = stores.faces
            face = await faces.known(number, frozen, now=now) if number else None
            some = await faces.some(frozen, now=now)
            return Company(faces=a_few(some), face=face)

        return await self._answer(those) or Company(absent=self.absence)

    async def known(self, frozen: Frozen, number: int) -> Face | None:
        """The reader of *frozen* who is subscriber *number*, or None."""
        if not self._shows_readers:
            return None
        now = self._call.house.clock.now()
        return await self._answer(lambda it: it.faces.known(number, frozen, now=now))

    async def find(self, email: str, frozen: Frozen) -> Face | None:
        """Whoever has the address and took the publication of *frozen*, or None."""
        if not self._shows_readers:
            return None
        now = self._call.house.clock.now()
        return await self._answer(lambda it: it.faces.find(email, frozen, now=now))

    async def _answer(self, question: Callable[[Stores], Awaitable[T]]) -> T | None:
        """What the database says to *question*; None where nobody can say."""
        async with self._busy:
            try:
                stores = await self.stores()
                return await question(stores) if stores else None
            except MailerError as error:
                self._absence = unanswered(error)
                return None

    def _is_there(self) -> bool:
        url = self._call.house.loaded.database_url()
        return not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).exists()

    def _departing(self) -> Mapping[str, datetime]:
        """When the next editions of every publication leave."""
        from mailer.edition.agenda import coming

        house = self._call.house
        now = house.clock.now()
        papers = [house.publication(name) for name in house.settings.publications]
        return {
            each.edition: each.due
            for paper in papers
            for each in coming(paper, house.newsroom.dated(paper), now=now, count=5)
            if each.edition is not None
        }


def unanswered(error: MailerError) -> Phrase:
    """That the database was there, and could not say what was asked."""
    return say("The database does not answer: {reason}.", reason=error)
