"""The operator's hand on the ledger over SQL; see ``flows.control.Control``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial

from mailer.flows.control import Doubt, Line, Resolution, Search
from mailer.flows.ports import Run
from mailer.phrases import Phrase
from mailer.store.engine import Store
from mailer.store.ledger import doubts as doubting
from mailer.store.ledger import search as searching
from mailer.store.ledger import steering

_PAGE = 1000
_FIRST = -1  # before every subscriber


class SqlControl:
    """What happens at an operator's word, and what they want to know."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def pause(self, run: Run, *, reason: Phrase) -> Run:
        """Hold *run* until somebody resumes it."""
        return await self._store.write(lambda c: steering.pause(c, run, reason))

    async def latest(self, search: Search, *, limit: int) -> list[Line]:
        """The lines that changed last, the oldest of them first."""
        return await self._store.read(lambda c: searching.latest(c, search, limit))

    async def lines(self, search: Search) -> AsyncIterator[Sequence[Line]]:
        """Every line, in pages."""
        for number in await self._store.read(lambda c: searching.runs(c, search)):
            after = _FIRST
            while True:
                look = partial(
                    searching.page,
                    search=search,
                    number=number,
                    after=after,
                    size=_PAGE,
                )
                found, after = await self._store.read(look)
                if found:
                    yield found
                if len(found) < _PAGE:
                    break

    async def doubts(self, run: Run) -> list[Doubt]:
        """What is in doubt, by address."""
        return await self._store.read(lambda c: doubting.doubts(c, run))

    async def resolve(
        self, run: Run, resolutions: Sequence[Resolution], *, now: datetime
    ) -> int:
        """End doubts, all or none; how many still stood."""
        return await self._store.write(
            lambda c: doubting.resolve(c, run, resolutions, now)
        )
