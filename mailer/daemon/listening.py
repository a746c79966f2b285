"""The listeners: opened where they can be, and never a reason to stay away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from mailer.api import Api
from mailer.daemon.observer import Observer
from mailer.phrases import Phrase, say
from mailer.public import PublicSite
from mailer.stores import Stores
from mailer.wiring import House

log = structlog.get_logger()


@asynccontextmanager
async def answering(
    address: str, observer: Observer, api: Api, tell: Callable[[Phrase], None]
) -> AsyncIterator[None]:
    """Answer at *address* how the daemon is, and programs; nowhere if it is empty.

    Where it is taken that is told, and the daemon does its work unasked: mail is worth
    more than figures about it.
    """
    beating = asyncio.create_task(observer.pulse.beat())
    async with AsyncExitStack() as stack:
        if address:
            from mailer.web.admin import admin_app

            fault = await _open("admin", address, admin_app(observer, api), stack)
            if fault:
                told = say(
                    "[web] admin: {address} cannot be had ({reason}): nobody can ask"
                    " how the daemon is",
                    address=address,
                    reason=fault,
                )
                tell(told)
        try:
            yield
        finally:
            beating.cancel()


@asynccontextmanager
async def publishing(
    house: Callable[[], House],
    stores: Stores,
    tell: Callable[[Phrase], None],
    ring: Callable[[], None],
) -> AsyncIterator[None]:
    """Serve readers their pages where ``[web] public`` says; nowhere if it is empty.

    *ring* is called when a letter was written down.
    """
    address = house().settings.web.public
    async with AsyncExitStack() as stack:
        if address and house().settings.publications:
            site = PublicSite(house, stores, ring)
            stack.push_async_callback(site.close)
            fault = await _open("public", address, site, stack)
            if fault:
                told = say(
                    "[web] public: {address} cannot be had ({reason}): readers have no"
                    " pages",
                    address=address,
                    reason=fault,
                )
                tell(told)
        yield


async def _open(name: str, address: str, app: Any, stack: AsyncExitStack) -> str:  # noqa: ANN401 - an ASGI application
    """Serve *app* at *address* as long as *stack* lasts; why not, if not."""
    from mailer.web.serving import listen, serving

    try:
        listener = listen(address)
    except OSError as error:
        reason = error.strerror or str(error)
        taken = f"{name}.taken"
        log.warning(taken, address=address, reason=reason)
        return reason
    port = listener.getsockname()[1]
    await stack.enter_async_context(serving(app, listener))
    listens = f"{name}.listens"
    log.info(listens, address=address, port=port)
    return ""
