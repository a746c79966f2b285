"""What is held about a reader, and its end: behind a link that came to their mailbox.

``/preferences/<token>/data`` has the letter sent; ``/data/<token>`` shows, hands out and
erases. The last asks first, and says what happens.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from mailer.audience.bearer import Bearer
from mailer.errors import TokenError
from mailer.flows.readers.choosing import ChoosingDesk, who_chooses
from mailer.flows.readers.dossier import (
    Dossier,
    DossierDesk,
    ask_for_data,
    erase,
    open_dossier,
)
from mailer.phrases import Phrase, say_many
from mailer.web.public.forms import fields
from mailer.web.public.leaving import PRIVATE, name_of, reader_page
from mailer.web.public.pages import Pages

_STRANGE = "nobody's token"


def router(desk: DossierDesk, choosing: ChoosingDesk, pages: Pages) -> APIRouter:
    """``/preferences/<token>/data`` and ``/data/<token>``."""
    routes = APIRouter()

    @routes.post("/preferences/{token}/data")
    async def ask(request: Request, token: str) -> HTMLResponse:
        chooser = await who_chooses(token, choosing)
        if chooser is None:
            raise TokenError(_STRANGE)
        person, bearer = chooser.person, chooser.bearer
        await ask_for_data(bearer, desk, lang=person.lang)
        return reader_page(pages, "asked.html.j2", request, person, bearer.publication)

    @routes.get("/data/{token}")
    async def look(request: Request, token: str) -> HTMLResponse:
        bearer, dossier = await _opened(token, desk)
        return reader_page(
            pages,
            "data.html.j2",
            request,
            dossier.person,
            bearer.publication,
            who=dossier.person,
            held=_held(dossier),
            names={
                taken.publication: name_of(pages, taken.publication)
                for taken in dossier.person.subscriptions
            },
            token=token,
        )

    @routes.get("/data/{token}/export.json")
    async def hand_out(token: str) -> Response:
        _, dossier = await _opened(token, desk)
        text = json.dumps({"schema": 1, **dossier.facts}, ensure_ascii=False, indent=2)
        headers = {
            **PRIVATE,
            "Content-Disposition": 'attachment; filename="my-data.json"',
        }
        return Response(text + "\n", media_type="application/json", headers=headers)

    @routes.get("/data/{token}/erase")
    async def warn(request: Request, token: str) -> HTMLResponse:
        bearer, dossier = await _opened(token, desk)
        return reader_page(
            pages,
            "erase.html.j2",
            request,
            dossier.person,
            bearer.publication,
            email=dossier.person.email,
        )

    @routes.post("/data/{token}/erase")
    async def end(request: Request, token: str) -> HTMLResponse:
        bearer, dossier = await _opened(token, desk)
        if (await fields(request)).get("do") != "erase":
            return await warn(request, token)
        if await erase(token, desk) is None:
            raise TokenError(_STRANGE)
        return _erased(request, bearer, dossier)

    def _erased(request: Request, bearer: Bearer, dossier: Dossier) -> HTMLResponse:
        return reader_page(
            pages, "erased.html.j2", request, dossier.person, bearer.publication
        )

    return routes


async def _opened(token: str, desk: DossierDesk) -> tuple[Bearer, Dossier]:
    found = await open_dossier(token, desk)
    if found is None:
        raise TokenError(_STRANGE)
    return found


def _held(dossier: Dossier) -> list[Phrase]:
    """How much there is of each kind, in words."""
    count = dossier.counts()
    said = [
        (
            count["consents"],
            say_many(
                "{count} line of the log of consents",
                "{count} lines of the log of consents",
                count["consents"],
            ),
        ),
        (
            count["deliveries"],
            say_many(
                "{count} edition sent to you",
                "{count} editions sent to you",
                count["deliveries"],
            ),
        ),
        (
            count["letters"],
            say_many(
                "{count} letter about your subscription",
                "{count} letters about your subscription",
                count["letters"],
            ),
        ),
        (
            count["votes"],
            say_many(
                "{count} vote in a poll", "{count} votes in polls", count["votes"]
            ),
        ),
        (
            count["answers"],
            say_many(
                "{count} note that you wrote back",
                "{count} notes that you wrote back",
                count["answers"],
            ),
        ),
        (
            count["measured"],
            say_many(
                "{count} click or opening counted with your consent",
                "{count} clicks and openings counted with your consent",
                count["measured"],
            ),
        ),
        (
            count["bounces"],
            say_many(
                "{count} message that came back",
                "{count} messages that came back",
                count["bounces"],
            ),
        ),
        (
            count["tags"],
            say_many("{count} label of ours", "{count} labels of ours", count["tags"]),
        ),
    ]
    return [phrase for number, phrase in said if number]
