"""Where readers choose: publications, rhythm, pause, form, language, measurement.

One page, one form, one button. A publication that the page did not show is not touched,
however old the page is: the form names what it offered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from mailer.audience.subscriber import Rhythm, Standing, Subscription, Tier
from mailer.edition.model import Publication, Variant
from mailer.edition.rhythm import rhythm
from mailer.errors import TokenError
from mailer.flows.readers.choosing import (
    Choices,
    Chooser,
    ChoosingDesk,
    Chosen,
    Taking,
    choose,
    who_chooses,
)
from mailer.phrases import NOTHING, Phrase, say
from mailer.web.public.forms import fields
from mailer.web.public.leaving import LONGEST_PAUSE, name_of, reader_page
from mailer.web.public.pages import LANGUAGES, Pages

TRACKING = say(
    "You may count whether I open the letters and which links I follow, to learn what"
    " is read. It stays here, is passed on to nobody, and I can take this back on this"
    " page at any time, for letters already sent too."
)
"""What stands beside the boxes for measurement, and in the log when one is chosen."""

_STRANGE = "nobody's token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One publication on the page: what it is, how it is taken, until when it rests."""

    publication: Publication
    often: Phrase
    taken: Subscription | None
    is_taken: bool
    is_member: bool
    paused: date | None
    wording: Phrase
    first: date
    last: date


def router(desk: ChoosingDesk, pages: Pages, *, measures: bool) -> APIRouter:
    """``/preferences/<token>``; *measures* where clicks or opens may be counted."""
    routes = APIRouter()

    @routes.get("/preferences/{token}")
    async def look(request: Request, token: str) -> HTMLResponse:
        chooser = await _known(token, desk)
        return show(request, chooser, token)

    @routes.post("/preferences/{token}")
    async def change(request: Request, token: str) -> HTMLResponse:
        chooser = await _known(token, desk)
        sent = await fields(request)
        if sent.get("form") != "preferences":
            raise HTTPException(400)
        choices, faults = _Reading(pages, request, desk, chooser).read(sent)
        if faults:
            return show(request, chooser, token, faults=faults)
        chosen = await choose(chooser, choices, desk)
        if chosen is None:
            raise TokenError(_STRANGE)
        return show(request, await _known(token, desk), token, chosen=chosen)

    def show(
        request: Request,
        chooser: Chooser,
        token: str,
        *,
        chosen: Chosen | None = None,
        faults: Mapping[str, Phrase] | None = None,
    ) -> HTMLResponse:
        person = chooser.person
        return reader_page(
            pages,
            "preferences.html.j2",
            request,
            person,
            chooser.bearer.publication,
            status=400 if faults else 200,
            who=person,
            token=token,
            offers=_Reading(pages, request, desk, chooser).offers(),
            languages=LANGUAGES,
            tracking=TRACKING if measures or person.tracking is not None else NOTHING,
            chosen=chosen,
            faults=faults or {},
            joined=_names(pages, chosen.joined if chosen else ()),
            left=_names(pages, chosen.left if chosen else ()),
        )

    return routes


async def _known(token: str, desk: ChoosingDesk) -> Chooser:
    chooser = await who_chooses(token, desk)
    if chooser is None:
        raise TokenError(_STRANGE)
    return chooser


def _names(pages: Pages, papers: Sequence[str]) -> list[str]:
    return [name_of(pages, paper) for paper in papers]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one reader is offered, and what they made of it."""

    pages: Pages
    request: Request
    desk: ChoosingDesk
    chooser: Chooser

    def offers(self) -> list[Offer]:
        """What they take, and what else is free for everybody; theirs comes first."""
        offers = [
            offer
            for publication in self.pages.publications
            if (offer := self._offer(publication)) is not None
        ]
        mine = self.chooser.bearer.publication
        return sorted(offers, key=lambda offer: offer.publication.id != mine)

    def read(self, sent: Mapping[str, str]) -> tuple[Choices, Mapping[str, Phrase]]:
        """The choices in *sent*, and what is wrong with them by the field's name."""
        faults: dict[str, Phrase] = {}
        takes: dict[str, Taking | None] = {}
        for offer in self.offers():
            paper = offer.publication.id
            if f"offered-{paper}" not in sent:
                continue
            if f"take-{paper}" not in sent:
                takes[paper] = None
                continue
            until = self._until(sent.get(f"pause-{paper}", ""), offer)
            if isinstance(until, Phrase):
                faults[f"pause-{paper}"] = until
                continue
            is_monthly = sent.get(f"rhythm-{paper}") == Rhythm.MONTHLY
            takes[paper] = Taking(
                rhythm=Rhythm.MONTHLY if is_monthly else Rhythm.EVERY,
                paused_until=until,
                wording=self._said(offer.wording),
            )
        lang = sent.get("lang", "")
        choices = Choices(
            takes=takes,
            lang=lang if lang in LANGUAGES else "",
            text_only="text_only" in sent,
            tracking={"yes": True, "no": False}.get(sent.get("tracking", "")),
            tracking_wording=self._said(TRACKING),
        )
        return choices, faults

    def _offer(self, publication: Publication) -> Offer | None:
        taken = next(
            (
                each
                for each in self.chooser.person.subscriptions
                if each.publication == publication.id
            ),
            None,
        )
        if taken is None and Variant.FREE not in publication.audiences:
            return None  # who is to be a member is not for a tick to say
        zone = ZoneInfo(publication.timezone)
        today = self.desk.clock.now().astimezone(zone).date()
        often = rhythm(publication.schedule)
        paused = taken.paused_until if taken is not None else None
        return Offer(
            publication=publication,
            often=often,
            taken=taken,
            is_taken=taken is not None and taken.standing is Standing.ACTIVE,
            is_member=taken is not None and taken.tier_on(today) is Tier.MEMBER,
            paused=paused if paused is not None and paused > today else None,
            wording=_wording(publication, often),
            first=today + timedelta(days=1),
            last=today + LONGEST_PAUSE,
        )

    def _until(self, text: str, offer: Offer) -> date | Phrase | None:
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return say("Please choose a day.")
        if day < offer.first:
            return None  # a pause that is over
        if day > offer.last:
            return say("Please choose a day within the next year.")
        return day

    def _said(self, phrase: Phrase) -> str:
        """*phrase* as it stood on the page, for the log of consents."""
        publication = self.pages.publication(self.chooser.bearer.publication)
        lang = self.request.query_params.get("lang", "") or self.chooser.person.lang
        spoken = self.pages.spoken(lang, publication)
        return self.pages.sentences(spoken).translate(phrase)


def _wording(publication: Publication, often: Phrase) -> Phrase:
    """What a tick beside *publication* asks for."""
    if often:
        return say(
            "Send me {name} by e-mail. {often}.", name=publication.name, often=often
        )
    return say("Send me {name} by e-mail.", name=publication.name)
