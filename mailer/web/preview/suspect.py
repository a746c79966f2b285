"""What a spam filter thinks of the message that is shown, asked after the page is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse

from mailer.flows.editing.previewing import Studio
from mailer.flows.editing.suspicion import SpamJudge, Suspicion
from mailer.web.preview.contents import fitting, letter_of
from mailer.web.preview.readers import Readers, beholder_of, face_of
from mailer.web.preview.view import View, asked_of

_KEPT = 32  # verdicts: what was judged and is looked at again is not judged twice

Page = Callable[[str, Mapping[str, object]], HTMLResponse]


class Suspect:
    """A part of the page that may come late, or say that nobody answers."""

    def __init__(
        self, studio: Studio, readers: Readers | None, judge: SpamJudge, page: Page
    ) -> None:
        self._studio, self._readers = studio, readers
        self._judge, self._page = judge, page
        self._known: dict[tuple[object, ...], Suspicion] = {}
        self._busy = asyncio.Lock()

    async def answer(self, request: Request) -> HTMLResponse:
        """The part; empty where no message is shown."""
        # Filters are slow: one message at a time, and whoever waited sees what is newest.
        async with self._busy:
            found = await self._found(*asked_of(request))
        if found is None:
            return HTMLResponse("")
        return self._page("suspect.html.j2", {"found": found})

    async def _found(self, name: str, view: View) -> Suspicion | None:
        looked = await asyncio.to_thread(self._studio.look, name)
        who = beholder_of(view, await face_of(looked, view, self._readers))
        view = fitting(view, looked, who)
        letter = await asyncio.to_thread(letter_of, self._studio, looked, view, who)
        if letter is None or not letter.source:
            return None
        hash_ = looked.assembled.frozen.sha256 if looked.assembled else letter.html
        key = name, hash_, view.variant, view.persona
        if (known := self._known.get(key)) is not None:
            return known
        found = await self._judge.judge(letter.source)
        if not found.fault:
            self._known[key] = found
            while len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return found
