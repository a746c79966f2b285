"""What is held about readers, said from the settings that are in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from mailer.delivery.mailbox import read_mailbox
from mailer.edition.model import Publication
from mailer.phrases import Phrase, say_many
from mailer.web.public.fresh import unless_known
from mailer.web.public.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How long what is kept; None is for ever. ``tracks``: whether anything is measured."""

    replies: timedelta | None
    unconfirmed: timedelta | None
    tracks: bool


@dataclass(frozen=True, slots=True)
class _Answering:
    """Who publishes letters, and where to write to them."""

    name: str
    postal_address: str
    contact: str


def router(held: Held, pages: Pages) -> APIRouter:
    """``/privacy``."""
    routes = APIRouter()

    @routes.get("/privacy")
    async def privacy(request: Request) -> Response:
        every = [_answering(each) for each in pages.publications]
        made = pages.text(
            "privacy.html.j2",
            lang=pages.lang(request),
            answering=list(dict.fromkeys(every)),
            replies=_days(held.replies),
            unconfirmed=_days(held.unconfirmed),
            tracks=held.tracks,
        )
        return unless_known(request, made.encode(), media_type="text/html")

    return routes


def _answering(publication: Publication) -> _Answering:
    mailbox = read_mailbox(
        publication.reply_to or publication.sender, what="the sender"
    )
    return _Answering(publication.name, publication.postal_address, mailbox.address)


def _days(kept: timedelta | None) -> Phrase | None:
    """Begun days count: nothing is kept longer than is said."""
    if kept is None:
        return None
    return say_many("{count} day", "{count} days", -(-kept // timedelta(days=1)))
