"""Letters to readers, sent beside everything else: soon after they are written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

import structlog

from mailer.errors import MailerError
from mailer.flows.readers.correspondence import PostDesk, send_letters
from mailer.flows.readers.membership import remind
from mailer.flows.sending.traffic import Traffic
from mailer.public import post_desk
from mailer.stores import Stores
from mailer.wiring import House

log = structlog.get_logger()


class Postman:
    """Looks for letters at every tick, and when somebody rings (``wake``).

    ``traffic`` is that of the runs: letters keep the same pace, and the same quotas.
    """

    def __init__(
        self, house: Callable[[], House], stores: Stores, traffic: Callable[[], Traffic]
    ) -> None:
        self._house, self._stores, self._traffic = house, stores, traffic
        self._made: tuple[House, PostDesk] | None = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._rung = False
        self._reminded: date | None = None

    def wake(self) -> None:
        """Send what there is, now; what comes meanwhile is seen too."""
        if self._task is not None and not self._task.done():
            self._rung = True
        elif not self._stop.is_set():
            self._task = asyncio.create_task(self._round())

    async def stop(self) -> None:
        """Finish the letter on the wire; the rest waits for the next start."""
        self._stop.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _round(self) -> None:
        self._rung = True
        while self._rung and not self._stop.is_set():
            self._rung = False
            try:
                desk = self._desk()
                if desk is not None:
                    await self._remind()
                    await send_letters(desk, self._stop)
            except MailerError as error:
                log.warning("letters.failed", reason=str(error))
                return
            except Exception:  # must not stop the daemon
                log.exception("letters.failed")
                return

    async def _remind(self) -> None:
        """Have members told, once a day, whose membership ends soon."""
        house = self._house()
        ahead, today = house.settings.members.remind, house.today()
        if ahead is None or self._reminded == today:
            return
        zones = {
            name: house.settings.publication(name).timezone
            for name in house.settings.publications
        }
        now, stores = house.clock.now(), self._stores
        written = await remind(stores.memberships, stores.letters, zones, ahead, now)
        self._reminded = today
        if written:
            log.info("members.reminded", count=written)

    def _desk(self) -> PostDesk | None:
        house = self._house()
        if self._made is None or self._made[0] is not house:
            desk = post_desk(house, self._stores, self._traffic())
            if desk is None:
                return None
            self._made = (house, desk)
        return self._made[1]
