"""The pages of ``mailer preview``: an edition in every look, and what is wrong with it.

Everything that is chosen stands in the address, so that a view can be bookmarked, and
works without a script; the script swaps in what was saved and keeps where one was.
Frames hold mail: sandboxed, and told to run nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from mailer.config.places import shipped
from mailer.edition.blocks import Source
from mailer.edition.comparison import beside
from mailer.edition.finding import error
from mailer.edition.outline import outline
from mailer.errors import Finding, InputError, NotFoundError, Severity
from mailer.flows.departing.proofbook import Proof, changes_of
from mailer.flows.editing.previewing import (
    LETTER,
    PERSONAS,
    THEME,
    Looked,
    Persona,
    Studio,
)
from mailer.flows.editing.suspicion import SpamJudge
from mailer.flows.readers.correspondence import LetterKind
from mailer.flows.sending.faces import Face
from mailer.language import Catalogue
from mailer.phrases import NOTHING, say
from mailer.rendering.checks.online import Answer
from mailer.rendering.listening import listen
from mailer.rendering.model import Cache
from mailer.rendering.render import every_variant
from mailer.rendering.simulation import Appearance, Client, as_shown
from mailer.web.local import keep_local, with_base
from mailer.web.preview.actions import Actions, Permit, key_of, routes
from mailer.web.preview.changes import Changes
from mailer.web.preview.contents import (
    findings_of,
    fitting,
    home_of,
    letter_of,
    links_of,
    outline_of,
    place_of,
    shown_of,
    tabs_of,
    variants_of,
    words_at,
)
from mailer.web.preview.haste import Haste
from mailer.web.preview.inspector import impression
from mailer.web.preview.pages import GMAIL_CUT, environment
from mailer.web.preview.readers import (
    Company,
    Records,
    Search,
    beholder_of,
    company_of,
    face_of,
    note_of,
    persona_of,
)
from mailer.web.preview.suspect import Suspect
from mailer.web.preview.view import NARROWEST, WIDEST, WIDTHS, Tab, View, asked_of

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https: http:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_HOUR = "07:00"  # any: inboxes show one
_KINDS = {"css": "text/css", "js": "text/javascript"}
_LONGEST = 2000  # characters that are looked for
_BEAT = 15.0  # seconds: a stream that says nothing is taken for dead


App = Starlette


def preview_app(
    studio: Studio,
    changes: Changes,
    *,
    records: Records | None,
    judge: SpamJudge | None = None,
    catalogue: Catalogue,
    editor_url: str,
    hosts: list[str],
    first: Callable[[], str],
    path_of: Callable[[str, Finding], str],
    actions: Actions | None = None,
    answers: Callable[[], Mapping[str, Answer]] = dict,
    cache: Cache | None = None,
) -> App:
    """The pages. ``first`` names the edition that is shown when none is asked for.

    ``path_of`` is where the file of a finding lies on this machine, and *editor_url*
    opens it: ``vscode://file/{path}:{line}``. Without *actions* it can only be looked at.
    ``answers`` are what is known of links, by address. *cache* keeps compiled templates.
    """
    folder = shipped("templates") / "pages" / "preview"

    def opened(name: str, finding: Finding) -> str:
        if name.startswith((LETTER, THEME)):
            return ""  # nobody's manuscript
        path = quote(path_of(name, finding))
        return editor_url.format(path=path, line=max(1, finding.line))

    permit = Permit() if actions else None
    templates = environment(folder, catalogue, cache=cache)
    pages = _Pages(
        studio, changes, records, templates, opened, permit, judge, answers, Haste()
    )
    here = "{publication}/{number}"
    served = [
        Route("/", lambda _: RedirectResponse(f"/edition/{quote(first())}", 307)),
        Route(f"/edition/{here}", pages.edition),
        Route(f"/frame/{here}", pages.frame),
        Route("/picture/{publication}/{number}/{file_name}", pages.picture),
        Route(f"/place/{here}", pages.place),
        Route(f"/reader/{here}", Search(studio, records).answer, methods=["POST"]),
        Route("/changes", pages.stream),
    ]
    if actions and permit:
        served += routes(actions, permit, templates, catalogue)
    if judge is not None:
        suspect = Suspect(studio, records, judge, pages.page)
        served.append(Route(f"/suspect/{here}", suspect.answer))
    for file in ("preview.css", "preview.js", "judges.js"):
        text = (folder / file).read_text(encoding="utf-8")
        served.append(Route(f"/{file}", _file(text, _KINDS[file.rpartition(".")[2]])))

    def fault(_: Request, error: Exception) -> Response:
        assert isinstance(error, InputError)  # noqa: S101 - it is registered for it
        status = 404 if isinstance(error, NotFoundError) else 422
        return pages.page("fault.html.j2", {"message": error.message}, status=status)

    app = App(routes=served, exception_handlers={InputError: fault})
    keep_local(app, hosts=hosts, policy=_PAGE_POLICY)
    return app


@dataclass(frozen=True, slots=True)
class _Pages:
    """What is answered; ``opened`` makes the address that opens a finding's place."""

    studio: Studio
    changes: Changes
    records: Records | None
    templates: Environment
    opened: Callable[[str, Finding], str]
    permit: Permit | None
    judge: SpamJudge | None
    answers: Callable[[], Mapping[str, Answer]]
    haste: Haste

    def page(
        self, template: str, values: Mapping[str, object], *, status: int = 200
    ) -> HTMLResponse:
        """The page *template* with *values*."""
        text = self.templates.get_template(template).render(values)
        return HTMLResponse(text, status_code=status)

    async def edition(self, request: Request) -> Response:
        """An edition, as its address says, beside all that is known of it."""
        name, view = asked_of(request)
        mark = self.changes.count  # what is saved from here on is told to the page
        if self.haste.allows(request, name, view, mark):
            early = await asyncio.to_thread(self._early, name, view, mark)
            if early is not None:
                return early
        sheets = await asyncio.to_thread(self.studio.sheets)
        names = [each.name for _, editions in sheets for each in editions]
        states = await self.records.states(names) if self.records else {}
        looked = await asyncio.to_thread(self.studio.look, name)
        company = await company_of(looked, view, self.records)
        clearance = proof = None
        if self.records and view.tab is Tab.CHANGES and looked.assembled:
            clearance = await self.records.clearance(looked.assembled)
            proof = await self.records.proof(name)
        return await asyncio.to_thread(
            self._edition,
            looked,
            view,
            mark=mark,
            sheets=sheets,
            states=states,
            clearance=clearance,
            absence=self.records.absence if self.records else NOTHING,
            proof=proof,
            company=company,
        )

    def _early(self, name: str, view: View, mark: int) -> Response | None:
        """The page with the mail alone: its script asks for all the rest after it."""
        edition = self.studio.outlined(name)
        if edition is None:
            return None
        variants = shown_of(every_variant(edition))
        if view.variant not in variants:
            view = replace(view, variant=variants[0])
        if not view.variant.is_mail:
            return None
        self.haste.remember(name, mark)
        values = self._chrome(name, view) | {
            "early": True,
            "mark": mark,
            "sheets": self.studio.sheets(),
            "states": {},
            "company": Company(),
            "note": NOTHING,
            "looked": Looked(name=name, assembled=None),
            "edition": edition,
            "seen": "",
            "letter": None,
            "variants": variants,
            "tabs": list(Tab),
            "sought": words_at(outline(edition), view.line),
        }
        page, who = self.page("preview.html.j2", values), persona_of(view)
        # While the browser reads it, what its frames will ask for.
        page.background = BackgroundTask(self.studio.glimpse, name, view.variant, who)
        return page

    def _edition(
        self,
        looked: Looked,
        view: View,
        *,
        company: Company,
        proof: Proof | None,
        **known: object,
    ) -> Response:
        name = looked.name
        who = beholder_of(view, company.face)
        view = fitting(view, looked, who)
        letter = letter_of(self.studio, looked, view, who)
        is_edition = not name.startswith((LETTER, THEME))
        before = (
            self.studio.before(name) if is_edition and view.tab is Tab.CHANGES else None
        )
        entries = outline_of(looked)
        found = looked.assembled
        values = self._chrome(name, view) | dict(
            known,
            early=False,
            company=company,
            note=note_of(view, company, name.partition("/")[0]),
            proof=proof,
            proofed=changes_of(proof, found) if proof and found else (),
            looked=looked,
            edition=found.edition if found else None,
            seen=found.frozen.sha256 if found else "",
            letter=letter,
            variants=variants_of(looked),
            tabs=tabs_of(looked, view),
            links=links_of(letter) if letter and view.tab is Tab.LINKS else [],
            answers=self.answers() if view.tab is Tab.LINKS else {},
            heard=listen(letter.html) if letter and view.tab is Tab.ORDER else [],
            outline=entries,
            before=before,
            pairs=beside(entries, outline(before)) if before else [],
            impression=impression(looked, view.variant, letter, self.studio),
            sought=words_at(entries, view.line),
            errors=findings_of(looked, Severity.ERROR),
            warnings=findings_of(looked, Severity.WARNING),
        )
        return self.page("preview.html.j2", values)

    def _chrome(self, name: str, view: View) -> dict[str, object]:
        """What stands around a mail, whatever it is."""
        is_edition = not name.startswith((LETTER, THEME))
        return {
            "name": name,
            "view": view,
            "persona": persona_of(view),
            "is_edition": is_edition,
            "home": home_of(name, self.studio),
            "letters": list(LetterKind),
            "themes": self.studio.themes(),
            "samples": self.studio.samples,
            "frame": f"/frame/{quote(name)}{view.query()}",
            "frames": {
                look: f"/frame/{quote(name)}{view.query(appearance=look)}"
                for look in Appearance
            },
            "personas": PERSONAS,
            "widths": WIDTHS,
            "reach": (NARROWEST, WIDEST),
            "appearances": list(Appearance),
            "clients": list(Client),
            "opened": partial(self.opened, name),
            "edited": partial(self._edited, name),
            "hour": _HOUR,
            "suspect": f"/suspect/{quote(name)}{view.query()}" if self.judge else "",
            "gmail": GMAIL_CUT,
            "token": self.permit.token if self.permit and is_edition else "",
            "key_of": key_of,
        }

    async def frame(self, request: Request) -> Response:
        """The mail itself, to be put into a frame."""
        name, view = asked_of(request)
        face = None
        if view.subscriber is not None:
            looked = await asyncio.to_thread(self.studio.look, name)
            face = await face_of(looked, view, self.records)
        return await asyncio.to_thread(self._frame, name, view, face)

    def _frame(self, name: str, view: View, face: Face | None) -> Response:
        who = beholder_of(view, face)
        letter = None
        if isinstance(who, Persona):
            letter = self.studio.glimpse(name, view.variant, who)
        if letter is None:
            looked = self.studio.look(name)
            letter = letter_of(self.studio, looked, fitting(view, looked, who), who)
        seen = as_shown(letter.html if letter else "", view.appearance, view.client)
        for file_name, picture in self.studio.pictures(name).items():
            seen = seen.replace(picture.src, f"/picture/{quote(name)}/{file_name}")
        headers = {"Content-Security-Policy": _MAIL_POLICY}
        return HTMLResponse(with_base(seen), headers=headers)

    def picture(self, request: Request) -> Response:
        """A picture as it would be served, or travel."""
        name, _ = asked_of(request)
        file_name = request.path_params["file_name"]
        found = self.studio.pictures(name).get(file_name)
        if found is None:  # an address from before this preview began
            self.studio.look(name)
            found = self.studio.pictures(name).get(file_name)
        if found is None:
            message = say("no such picture")
            raise NotFoundError(message)
        return Response(found.content, media_type=found.media_type)

    def place(self, request: Request) -> Response:
        """Where in the manuscript words of the mail were written, and how to go there."""
        name, _ = asked_of(request)
        words = request.query_params.get("words", "")[:_LONGEST]
        at = place_of(self.studio.look(name), words)
        if at is None:
            message = say("nothing of the manuscript says that")
            raise NotFoundError(message)
        return JSONResponse({"place": str(at), "open": self._edited(name, at)})

    def _edited(self, name: str, at: Source) -> str:
        """The address that opens the editor at *at*."""
        words = say("here")
        return self.opened(name, error("place", at, words))

    async def stream(self, request: Request) -> Response:
        """An event for each change after the one that the page knows of."""
        since = request.query_params.get("since", "")

        async def events() -> AsyncIterator[str]:
            seen = int(since) if since.isdecimal() else 0
            while True:
                try:
                    async with asyncio.timeout(_BEAT):
                        seen = await self.changes.after(seen)
                except TimeoutError:
                    yield ": beat\n\n"
                else:
                    yield f"event: rebuilt\ndata: {seen}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")


def _file(text: str, kind: str) -> Callable[[Request], Response]:
    return lambda _: Response(text, media_type=kind)
