"""Drafts by the calendar: assembled ahead of their departure, and kept fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime

import structlog

from mailer.edition.model import Publication
from mailer.errors import MailerError
from mailer.flows.editing.gather import (
    Gathering,
    SettledError,
    Standing,
    assemble_due,
    days_due,
    gather,
)
from mailer.phrases import Phrase, say
from mailer.stores import Stores
from mailer.wiring import House

log = structlog.get_logger()


class Gatherer:
    """Assembles what is due, beside everything else: feeds may take their time.

    ``tell`` says to people what happens; what waits or failed is said once.
    """

    def __init__(
        self,
        house: Callable[[], House],
        stores: Stores,
        tell: Callable[[Phrase], None],
    ) -> None:
        self._house = house
        self._standing = Standing(stores.ledger, stores.approvals)
        self._tell = tell
        self._last: dict[tuple[str, date], datetime] = {}
        self._said: set[tuple[str, date, str, str]] = set()
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begin with what is due, unless that is under way."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._all())

    async def stop(self) -> None:
        """Begin nothing more; what is being written is written to its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _all(self) -> None:
        house = self._house()
        now = house.clock.now()
        for name in house.settings.publications:
            publication = house.publication(name)
            for day in days_due(publication, now):
                key = (name, day)
                if assemble_due(publication, day, now, last=self._last.get(key)):
                    self._last[key] = now
                    await self._one(house, publication, day)

    async def _one(self, house: House, publication: Publication, day: date) -> None:
        try:
            gathering = await gather(
                publication, day=day, desk=house.gathering, standing=self._standing
            )
        except SettledError:
            return  # somebody's own, or approved: nothing is to be done
        except MailerError as error:
            log.warning("draft.failed", publication=publication.id, reason=str(error))
            self._once(publication.id, day, "", say("{error}", error=error))
        except Exception:  # a draft must not stop the daemon
            log.exception("draft.failed", publication=publication.id)
        else:
            self._report(gathering)

    def _report(self, gathering: Gathering) -> None:
        if gathering.changes:
            log.info("draft.assembled", edition=gathering.edition)
            self._tell(
                say(
                    "{edition} of {date} was assembled",
                    edition=gathering.edition,
                    date=gathering.day.isoformat(),
                )
            )
        for about, reason in gathering.notes:
            self._once(gathering.publication, gathering.day, about, reason)

    def _once(self, publication: str, day: date, about: str, reason: Phrase) -> None:
        key = (publication, day, about, str(reason))
        if key in self._said:
            return
        self._said.add(key)
        log.warning("draft.note", publication=publication, about=about, reason=reason)
        name = about or publication
        self._tell(say("! {name}: {reason}", name=name, reason=reason))
