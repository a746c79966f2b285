"""Polls: a link of the reader's own asks once more, and its button counts the vote.

``GET`` shows and ``POST`` counts: what opens every link of a mail has voted for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from mailer.edition.ballot import shares_of
from mailer.errors import TokenError
from mailer.flows.readers.voting import (
    Slip,
    Standing,
    VotingDesk,
    cast,
    look,
    results,
    slip_of,
)
from mailer.web.public.pages import Pages

_PRIVATE = {"X-Robots-Tag": "noindex"}


def router(desk: VotingDesk, pages: Pages, *, now: Callable[[], datetime]) -> APIRouter:
    """``/poll/<publication>/<slug>/<poll>`` and ``…/<slug>/<token>/<poll>/<choice>``."""
    routes = APIRouter()

    @routes.get("/poll/{publication}/{slug}/{poll}")
    async def answers(
        request: Request, publication: str, slug: str, poll: str
    ) -> HTMLResponse:
        found = await results(desk.ballots, publication, slug, poll, now())
        if found is None:
            raise HTTPException(404)
        return page(request, found)

    @routes.get("/poll/{publication}/{slug}/{token}/{poll}/{choice}")
    async def ask(
        request: Request,
        publication: str,
        slug: str,
        token: str,
        poll: str,
        choice: str,
    ) -> HTMLResponse:
        slip = await held(publication, slug, token, poll, choice)
        return page(request, await look(desk, slip, now()), slip=slip, token=token)

    @routes.post("/poll/{publication}/{slug}/{token}/{poll}/{choice}")
    async def vote(
        request: Request,
        publication: str,
        slug: str,
        token: str,
        poll: str,
        choice: str,
    ) -> Response:
        slip = await held(publication, slug, token, poll, choice)
        await cast(desk, slip, now())
        # Shown by GET: what is too late says so there, and no reload votes again.
        whose = pages.publication(publication)
        lang = pages.lang(request, whose)
        there = pages.link(
            f"{_prefix(slip, token)}/{slip.choice}", lang, whose.lang if whose else ""
        )
        return RedirectResponse(there, status_code=303, headers=_PRIVATE)

    async def held(
        publication: str, slug: str, token: str, poll: str, choice: str
    ) -> Slip:
        slip = await slip_of(desk, publication, slug, token, poll, choice)
        if slip is None or pages.publication(publication) is None:
            message = "no vote"
            raise TokenError(message)
        return slip

    def page(
        request: Request,
        standing: Standing,
        *,
        slip: Slip | None = None,
        token: str = "",
    ) -> HTMLResponse:
        poll = standing.poll
        publication = pages.publication(poll.publication)
        if publication is None:  # no longer in the settings
            raise HTTPException(404)
        return pages.html(
            "poll.html.j2",
            publication=publication,
            lang=pages.lang(request, publication),
            headers=_PRIVATE if slip else None,
            ballot=poll.ballot,
            poll=poll,
            is_open=standing.is_open,
            given=standing.given,
            counts=standing.counts,
            shares=shares_of(standing.counts or ()),
            asked=slip.choice if slip else None,
            here=_prefix(slip, token) if slip else "",
        )

    return routes


def _prefix(slip: Slip, token: str) -> str:
    """Where a choice's number follows."""
    poll = slip.poll
    parts = (poll.publication, poll.slug, token, poll.ballot.id)
    return "/poll/" + "/".join(quote(part, safe="") for part in parts)
