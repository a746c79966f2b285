"""The way out: a page with a button, and the one click of a mail program.

``/unsubscribe/<token>`` is both. GET and HEAD show a page and change nothing, however
often a scanner asks. A POST from our page says what its button means; every other POST is
one-click (RFC 8058): urlencoded, multipart or empty, with or without fields, once or ten
times. Its answer is the same octets for every token, ours or not, without a redirect
(section 3.1) and without a cookie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from mailer.audience.address import mask
from mailer.audience.subscriber import (
    How,
    Rhythm,
    Standing,
    Subscriber,
    Subscription,
)
from mailer.audience.token import Purpose
from mailer.edition.model import Publication
from mailer.edition.rhythm import rhythm
from mailer.errors import TokenError
from mailer.flows.readers.choosing import (
    Choices,
    Chooser,
    ChoosingDesk,
    Taking,
    choose,
    who_chooses,
)
from mailer.flows.readers.leaving import (
    Farewell,
    LeavingDesk,
    leave,
    leave_all,
    read_undo,
    rejoin,
    undo_token,
)
from mailer.phrases import NOTHING, Phrase, say
from mailer.web.public.forms import fields
from mailer.web.public.pages import Pages

PRIVATE: Mapping[str, str] = {"X-Robots-Tag": "noindex, nofollow"}
"""Of pages that a token opens: they are one reader's, and nobody's to find."""

LONGEST_PAUSE = timedelta(days=366)
_PAUSE = timedelta(days=30)
_ONE_CLICK = "List-Unsubscribe"


def router(leaving: LeavingDesk, choosing: ChoosingDesk, pages: Pages) -> APIRouter:
    """``/unsubscribe/<token>`` and ``/rejoin/<token>``."""
    routes = APIRouter()

    @routes.get("/unsubscribe/{token}")
    async def ask(request: Request, token: str) -> HTMLResponse:
        chooser = await _known(token, choosing)
        return _Exit(pages, request, chooser, choosing).asked()

    @routes.post("/unsubscribe/{token}")
    async def act(request: Request, token: str) -> Response:
        sent = await fields(request)
        if "do" not in sent or _ONE_CLICK in sent:
            await leave(token, How.ONE_CLICK, leaving)
            return PlainTextResponse("OK\n", headers=PRIVATE)
        chooser = await _known(token, choosing)
        page = _Exit(pages, request, chooser, choosing)
        match sent["do"]:
            case "monthly":
                return await page.tempered(Taking(rhythm=Rhythm.MONTHLY))
            case "every":
                return await page.tempered(Taking())
            case "pause":
                return await page.paused(sent.get("until", ""))
            case "all":
                farewell = await leave_all(token, How.PAGE, leaving)
            case _:
                farewell = await leave(token, How.PAGE, leaving)
        return page.left(farewell, leaving)

    @routes.get("/rejoin/{token}")
    async def offer(request: Request, token: str) -> HTMLResponse:
        undoing = read_undo(token, leaving)
        person = undoing and await choosing.readers.known(undoing.bearer.subscriber)
        if undoing is None or not person or not person.email:
            raise TokenError(_STRANGE)
        return _back(pages, request, person, undoing.bearer.publication)

    @routes.post("/rejoin/{token}")
    async def come_back(request: Request, token: str) -> HTMLResponse:
        bearer = await rejoin(token, leaving)
        person = bearer and await choosing.readers.known(bearer.subscriber)
        if bearer is None or not person:
            raise TokenError(_STRANGE)
        return _back(pages, request, person, bearer.publication, is_done=True)

    return routes


_STRANGE = "nobody's token"


async def _known(token: str, desk: ChoosingDesk) -> Chooser:
    """Whom an unsubscribe link names; TokenError becomes the page for strangers."""
    chooser = await who_chooses(token, desk, Purpose.UNSUBSCRIBE)
    if chooser is None:
        raise TokenError(_STRANGE)
    return chooser


@dataclass(frozen=True, slots=True)
class _Exit:
    """The pages of one reader on their way out."""

    pages: Pages
    request: Request
    chooser: Chooser
    desk: ChoosingDesk

    @property
    def publication(self) -> Publication | None:
        """What they leave; None for one that is no more."""
        return self.pages.publication(self.chooser.bearer.publication)

    @property
    def taken(self) -> Subscription:
        """Their subscription to it."""
        return next(
            taken
            for taken in self.chooser.person.subscriptions
            if taken.publication == self.chooser.bearer.publication
        )

    @property
    def today(self) -> date:
        """By the publication's calendar."""
        zone = ZoneInfo(self.publication.timezone if self.publication else "UTC")
        return self.desk.clock.now().astimezone(zone).date()

    def asked(self, fault: Phrase = NOTHING, status: int = 200) -> HTMLResponse:
        """The button, or that there is nothing to leave any more."""
        if self.taken.standing is Standing.LEFT:
            return self._html("left.html.j2", undo="", also=self._others())
        return self._html(
            "leave.html.j2",
            status,
            often=rhythm(self.publication.schedule) if self.publication else NOTHING,
            also=self._others(),
            is_monthly=self.taken.rhythm is Rhythm.MONTHLY,
            paused=self._paused(),
            first=self.today + timedelta(days=1),
            proposed=self.today + _PAUSE,
            last=self.today + LONGEST_PAUSE,
            fault=fault,
        )

    def left(self, farewell: Farewell | None, desk: LeavingDesk) -> HTMLResponse:
        """That it is done, with the way back for whom it was done just now."""
        paper = self.chooser.bearer.publication
        undo = ""
        if farewell is not None and paper in farewell.ended:
            undo = undo_token(farewell, paper, desk.keyring)
        ended = farewell.ended if farewell is not None else ()
        others = [name for key, name in self._taken().items() if key not in ended]
        others = [name for name in others if name != self._name(paper)]
        return self._html("left.html.j2", undo=undo, also=others)

    async def paused(self, until: str) -> HTMLResponse:
        """Silence until a day."""
        try:
            day = date.fromisoformat(until)
        except ValueError:
            return self.asked(say("Please choose a day."), 400)
        if not self.today < day <= self.today + LONGEST_PAUSE:
            return self.asked(say("Please choose a day within the next year."), 400)
        rhythm_now = self.taken.rhythm
        return await self.tempered(Taking(rhythm=rhythm_now, paused_until=day))

    async def tempered(self, taking: Taking) -> HTMLResponse:
        """Less often, or not for a while, or again as before."""
        if self.taken.standing is not Standing.ACTIVE:
            return self.asked()  # an unsubscribe link brings nobody back
        choices = Choices(takes={self.chooser.bearer.publication: taking})
        if await choose(self.chooser, choices, self.desk) is None:
            raise TokenError(_STRANGE)
        return self._html(
            "tempered.html.j2",
            is_monthly=taking.rhythm is Rhythm.MONTHLY,
            paused=taking.paused_until,
        )

    def _html(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        return reader_page(
            self.pages,
            template,
            self.request,
            self.chooser.person,
            self.chooser.bearer.publication,
            status=status,
            **values,
        )

    def _paused(self) -> date | None:
        until = self.taken.paused_until
        return until if until is not None and until > self.today else None

    def _taken(self) -> dict[str, str]:
        """What they take, by its name."""
        return {
            taken.publication: self._name(taken.publication)
            for taken in self.chooser.person.subscriptions
            if taken.standing is Standing.ACTIVE
        }

    def _name(self, paper: str) -> str:
        return name_of(self.pages, paper)

    def _others(self) -> Sequence[str]:
        mine = self.chooser.bearer.publication
        return [name for paper, name in self._taken().items() if paper != mine]


def reader_page(
    pages: Pages,
    template: str,
    request: Request,
    person: Subscriber,
    paper: str,
    *,
    status: int = 200,
    **values: object,
) -> HTMLResponse:
    """A page for *person*, of whom it says the mask, in the language they chose."""
    publication = pages.publication(paper)
    lang = request.query_params.get("lang", "") or person.lang
    return pages.html(
        template,
        publication=publication,
        lang=pages.spoken(lang, publication),
        status=status,
        headers=PRIVATE,
        paper=name_of(pages, paper),
        address=mask(person.email),
        **values,
    )


def name_of(pages: Pages, paper: str) -> str:
    """The name of the publication *paper*; its id where it is no more."""
    publication = pages.publication(paper)
    return paper if publication is None else publication.name


def _back(
    pages: Pages,
    request: Request,
    person: Subscriber,
    paper: str,
    *,
    is_done: bool = False,
) -> HTMLResponse:
    return reader_page(pages, "back.html.j2", request, person, paper, is_done=is_done)
