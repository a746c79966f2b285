"""The API for programs, wired: made anew when the configuration was read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailer.stores import Stores
from mailer.wiring import House


class Api:
    """Answers programs that have the token; where none is configured, nobody."""

    def __init__(self, house: Callable[[], House], stores: Stores) -> None:
        self._house = house
        self._stores = stores
        self._made_for: House | None = None
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Answer one request (ASGI)."""
        house = self._house()
        if self._made_for is not house:
            self._app, self._made_for = _app(house, self._stores), house
        await self._app(scope, receive, send)


def _app(house: House, stores: Stores) -> Any:  # noqa: ANN401 - an ASGI application
    from mailer.web.api import ApiDesk, api_app, no_api

    members = house.settings.members
    tokens = house.loaded.secret(members.api_token_file, "[members] api_token_file")
    if not tokens:
        return no_api()
    known = house.settings.publications
    zones = {name: house.settings.publication(name).timezone for name in known}
    return api_app(
        ApiDesk(
            readers=stores.readers,
            memberships=stores.memberships,
            zones=zones,
            tokens=tokens.split(),
            rate=members.api_rate,
            clock=house.clock,
        )
    )
