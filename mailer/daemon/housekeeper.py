"""What is kept too long goes away once a day, while nothing is being sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from mailer.errors import MailerError
from mailer.stores import Stores
from mailer.wiring import House

log = structlog.get_logger()

_EVERY = timedelta(days=1)


class Housekeeper:
    """Purges by ``[retention]``: soon after the start, then a day after the last time."""

    def __init__(
        self, house: Callable[[], House], stores: Stores, is_sending: Callable[[], bool]
    ) -> None:
        self._house = house
        self._retention = stores.retention
        self._is_sending = is_sending
        self._last: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begin, if it is time and nobody needs the database for sending."""
        now = self._house().clock.now()
        is_time = self._last is None or not timedelta(0) <= now - self._last < _EVERY
        is_busy = self._task is not None and not self._task.done()
        if is_time and not is_busy and not self._is_sending():
            self._last = now
            self._task = asyncio.create_task(self._purge(now))

    async def stop(self) -> None:
        """Leave the rest for another day; the part at hand is finished."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _purge(self, now: datetime) -> None:
        try:
            purged = await self._retention.purge(self._house().retention, now)
        except MailerError as error:
            log.warning("retention.failed", reason=str(error))
        except Exception:  # must not stop the daemon
            log.exception("retention.failed")
        else:
            if purged:
                log.info(
                    "retention.purged",
                    replies=purged.replies,
                    unconfirmed=purged.unconfirmed,
                    left=purged.left,
                    measured=purged.measured,
                    polls=purged.polls,
                )
