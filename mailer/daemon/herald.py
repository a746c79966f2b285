"""What needs a person is told to people and to a program, once, beside everything else.

Sentences stand in ``tidings``. Letters are tried again for an hour or so, for the relay
that would carry them may be what they are about; no send ever waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from mailer.daemon import tidings
from mailer.daemon.observer import free_bytes
from mailer.daemon.tidings import Tidings
from mailer.delivery.report import Tally
from mailer.edition.agenda import Departure
from mailer.edition.vigil import Need
from mailer.errors import MailerError, StoreError
from mailer.flows.departing.circular import send_circular
from mailer.flows.departing.schedule import News
from mailer.flows.ports import Run
from mailer.flows.sending.relaying import RelayBook
from mailer.phrases import verbatim
from mailer.rendering.letter import write_letter
from mailer.wiring import House

log = structlog.get_logger()

_AGAIN = (60.0, 300.0, 900.0, 3600.0)
"""Seconds between attempts to send a letter."""

_PATIENCE = 3
"""Ticks in a row that a database may fail before somebody is told."""

_FAREWELL_SECONDS = 10.0


class Herald:
    """Tells each event once; ``house`` is the one in force."""

    def __init__(self, house: Callable[[], House], book: RelayBook) -> None:
        self._house = house
        self._book = book
        self._jobs: set[asyncio.Task[None]] = set()
        self._aside: set[str] | None = None  # nobody has looked yet
        self._is_disk_low = False
        self._failures = 0

    # -- what happened -----------------------------------------------------------

    def ended(self, run: Run, tally: Tally) -> None:
        """A run is sent, cancelled, or stands still."""
        if told := tidings.of_run(run, tally):
            self.cry(told)

    def news(self, news: News) -> None:
        """A slot: late, waiting, held. What its letter says, the vigil has written."""
        if told := tidings.of_slot(news):
            self.cry(told)

    def need(self, departure: Departure, need: Need) -> None:
        """Nothing is ready to leave."""
        if need is not Need.PROOF:
            self.cry(tidings.of_need(departure))

    def database(self, error: StoreError | None) -> None:
        """A tick has come to its end, or the database kept it from that."""
        if error is None:
            if self._failures >= _PATIENCE:
                self.cry(tidings.database_back())
            self._failures = 0
            return
        self._failures += 1
        if self._failures == _PATIENCE:
            self.cry(tidings.database_failing(str(error)))

    async def look(self) -> None:
        """Relays and disk; StoreError."""
        seen = {p.relay: p.sighting for p in await self._book.pages() if p.sighting}
        names = {relay.name for relay in self._house().settings.relays}
        aside = {n for n, s in seen.items() if n in names and s.until is not None}
        if self._aside is not None:
            for name in sorted(aside - self._aside):
                self.cry(tidings.relay_aside(name, seen[name].reason))
            for name in sorted(self._aside - aside):
                self.cry(tidings.relay_back(name))
        self._aside = aside
        self._look_at_disk()

    def _look_at_disk(self) -> None:
        house = self._house()
        limit = house.settings.alerts.disk_mb * 1_000_000
        free = free_bytes(house)
        if free is None:
            return
        if free < limit and not self._is_disk_low:
            self._is_disk_low = True
            self.cry(tidings.disk_low(free, house.loaded.data_folder()))
        elif free > limit * 1.1:
            self._is_disk_low = False

    # -- telling -----------------------------------------------------------------

    def cry(self, told: Tidings) -> None:
        """Tell it, without waiting for anybody."""
        settings = self._house().settings.alerts
        log.info("alert", kind=told.event, text=str(told.text))
        if told.letter is not None and (settings.to or self._house().settings.proof.to):
            self._begin(self._write(told))
        if settings.webhook:
            self._begin(self._post(told))

    async def stop(self) -> None:
        """Give what is on its way a moment, and leave the rest."""
        if self._jobs:
            _, late = await asyncio.wait(self._jobs, timeout=_FAREWELL_SECONDS)
            for job in late:
                job.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, story: Any) -> None:  # noqa: ANN401 - a coroutine
        job = asyncio.create_task(story)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _write(self, told: Tidings) -> None:
        for pause in (*_AGAIN, None):
            try:
                if await self._try_letter(told):
                    log.info("alert.written", kind=told.event)
                    return
                reason = "no relay has taken it"
            except MailerError as error:
                reason = str(error)
            except Exception:
                log.exception("alert.failed", kind=told.event)
                return
            log.warning("alert.failed", kind=told.event, reason=reason)
            if pause is not None:
                await asyncio.sleep(pause)

    async def _try_letter(self, told: Tidings) -> bool:
        from mailer.workspace.letters import letter_templates

        house = self._house()
        settings = house.settings
        name = told.publication or min(settings.publications)
        publication = settings.publication(name)
        now = house.clock.now()
        assert told.letter is not None  # noqa: S101 - asked by `cry`
        written = await asyncio.to_thread(
            write_letter,
            told.letter(publication.name),
            letter_templates(house.newsroom.templates),
            house.newsroom.sentences(publication.lang),
        )
        return await send_circular(
            written,
            publication=publication,
            to=settings.alerts.to or settings.proof.to,
            relays=house.relays(),
            signers=house.signers,
            key=f"{told.event}.{now:%Y%m%d%H%M%S%f}",
            now=now,
        )

    async def _post(self, told: Tidings) -> None:
        from mailer.online.webhook import post

        house = self._house()
        now = house.clock.now()
        words: Mapping[str, Any] = {
            "schema": 1,
            "event": told.event,
            "at": now.isoformat(),
            "text": str(told.text),
            **told.particulars,
        }
        try:
            key = house.loaded.webhook_key()
            fault = await post(house.settings.alerts.webhook, words, key=key, now=now)
        except MailerError as error:
            fault = verbatim(error)
        except Exception:
            log.exception("webhook.failed", kind=told.event)
            return
        if fault:
            log.warning("webhook.failed", kind=told.event, reason=str(fault))
