"""The private listener: opened where it can be, and never a reason to stay away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from mailer.daemon.observer import Observer
from mailer.phrases import Phrase, say

log = structlog.get_logger()


@asynccontextmanager
async def answering(
    address: str, observer: Observer, tell: Callable[[Phrase], None]
) -> AsyncIterator[None]:
    """Answer at *address* how the daemon is; nowhere if it is empty.

    Where it is taken that is told, and the daemon does its work unasked: mail is worth
    more than figures about it.
    """
    beating = asyncio.create_task(observer.pulse.beat())
    async with AsyncExitStack() as stack:
        if address:
            await _open(address, observer, tell, stack)
        try:
            yield
        finally:
            beating.cancel()


async def _open(
    address: str,
    observer: Observer,
    tell: Callable[[Phrase], None],
    stack: AsyncExitStack,
) -> None:
    from mailer.web.admin import admin_app, listen
    from mailer.web.serving import serving

    try:
        listener = listen(address)
    except OSError as error:
        reason = error.strerror or str(error)
        log.warning("admin.taken", address=address, reason=reason)
        told = say(
            "[web] admin: {address} cannot be had ({reason}): nobody can ask how the"
            " daemon is",
            address=address,
            reason=reason,
        )
        tell(told)
        return
    port = listener.getsockname()[1]
    await stack.enter_async_context(serving(admin_app(observer), listener))
    log.info("admin.listens", address=address, port=port)
