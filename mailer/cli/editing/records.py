"""What a preview reads of the database, where there is one; it never makes one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mailer.cli.invocation import Invocation
from mailer.errors import MailerError
from mailer.phrases import say

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
        """The database, opened once; None where there is none."""
        if self._stores is None and self._is_there():
            try:
                self._stores = await self._open.enter_async_context(
                    self._call.house.stores()
                )
            except MailerError:
                return None
        return self._stores

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

        async with self._busy:
            try:
                if stores := await self.stores():
                    return await clearance_of(assembled, stores.approvals)
            except MailerError:
                return None
        return None

    async def proof(self, edition: str) -> Proof | None:
        """The last proof of *edition*; None where there is none, or nobody can say."""
        async with self._busy:
            try:
                stores = await self.stores()
                return await stores.proof_book.last(edition) if stores else None
            except MailerError:
                return None

    async def company(self, frozen: Frozen, number: int | None) -> Company:
        """A few readers of *frozen*, and the one who is subscriber *number*."""
        from mailer.flows.sending.faces import a_few
        from mailer.web.preview.readers import UNKNOWN, Company

        if not self._shows_readers:
            return Company(absent=say("Real readers are shown on this machine alone."))
        now = self._call.house.clock.now()
        async with self._busy:
            try:
                if stores := await self.stores():
                    faces = stores.faces
                    face = (
                        await faces.known(number, frozen, now=now) if number else None
                    )
                    some = await faces.some(frozen, now=now)
                    return Company(faces=a_few(some), face=face)
            except MailerError:
                return Company(absent=say("The database does not answer."))
        return UNKNOWN

    async def known(self, frozen: Frozen, number: int) -> Face | None:
        """The reader of *frozen* who is subscriber *number*, or None."""
        if not self._shows_readers:
            return None
        now = self._call.house.clock.now()
        async with self._busy:
            try:
                stores = await self.stores()
                return (
                    await stores.faces.known(number, frozen, now=now)
                    if stores
                    else None
                )
            except MailerError:
                return None

    async def find(self, email: str, frozen: Frozen) -> Face | None:
        """Whoever has the address and took the publication of *frozen*, or None."""
        if not self._shows_readers:
            return None
        now = self._call.house.clock.now()
        async with self._busy:
            stores = await self.stores()
            return await stores.faces.find(email, frozen, now=now) if stores else None

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
