"""What can be done from the preview: send a test, approve, schedule, mend.

Only our own page acts: a POST of JSON with the token of this process, from the origin
that was asked. Whoever looks from another machine has no such page, and no such address.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from mailer.edition.model import Variant
from mailer.errors import EditionError, Finding, InputError, MailerError
from mailer.flows.approvals import Approval
from mailer.language import Catalogue
from mailer.phrases import NOTHING, Phrase, say, verbatim
from mailer.rendering.changes import Change
from mailer.web.preview.view import View, asked_of

TOKEN = "X-Mailer-Token"  # noqa: S105 - a header's name
_LONGEST = 2000  # characters of a field


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdles:
    """The errors of an edition by their rules: what may be accepted, what nobody may."""

    acceptable: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    others: Sequence[Finding] = ()
    warnings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Testing:
    """What a test is about to be; ``relay`` is the name of who carries it.

    ``to`` is proposed where the browser remembers nobody; ``variant`` and ``greeting``
    are those of the reader one looks at.
    """

    relay: str
    to: str
    variants: Sequence[Variant]
    variant: Variant
    greeting: str
    hurdles: Hurdles


@dataclass(frozen=True, slots=True, kw_only=True)
class Approving:
    """How an edition stands to its approval, and what another would be for.

    ``given`` says when and by whom it was approved, ``accepted`` what errors it lets pass; ``changes`` what is not so any more.
    It is for ``segment``, else for what its ``head`` says; ``segments`` have a name.
    """

    by: str
    subject: str
    variants: Sequence[Variant]
    segment: str
    head: str
    segments: Mapping[str, str]
    hurdles: Hurdles
    approval: Approval | None = None
    given: Phrase = NOTHING
    accepted: Phrase | str = ""
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """When an edition leaves: ``wall`` in its ``zone``, None where nothing says.

    ``planned`` if that is an hour of its own; ``reason`` keeps it from leaving.
    """

    zone: str
    proposed: datetime
    wall: datetime | None = None
    planned: bool = False
    reason: Phrase = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of it, line by line."""

    lines: Sequence[Phrase]
    is_done: bool = True


class Actions(Protocol):
    """Whoever does what is asked for, as the command of its name; else a MailerError."""

    async def testing(self, name: str, view: View) -> Testing:
        """What a test begins with of the edition called *name*, seen as *view* says."""

    async def test(
        self,
        name: str,
        *,
        to: Sequence[str],
        variants: Sequence[Variant],
        greeting: str,
        accept: Sequence[str],
    ) -> Told:
        """Send marked proofs, as to a reader called *greeting*."""

    async def approving(self, name: str) -> Approving:
        """How the edition stands to its approval."""

    async def approve(
        self,
        name: str,
        *,
        seen: str,
        accept: Sequence[str],
        by: str,
        segment: str | None,
    ) -> Told:
        """Approve what was *seen*, its hash; GuardError if it is not that any more.

        For *segment*, or for whom its files say if that is empty; None: as it was before.
        """

    async def withdraw(self, name: str, *, by: str) -> Told:
        """Take the approval back."""

    async def planning(self, name: str) -> Planning:
        """When the edition leaves."""

    async def schedule(self, name: str, *, at: str | None) -> Told:
        """Give it an hour of its own, local wall time; None: that of the calendar."""

    async def ask_links(self, name: str) -> Told:
        """Ask whether the links of the edition answer."""

    async def mend(self, name: str, *, key: str) -> Told:
        """Mend the finding that has this ``key_of``; all that can be, if it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the page sends: of each action what it has to say."""

    to: str
    variants: Sequence[Variant]
    greeting: str
    seen: str
    accept: Sequence[str]
    by: str
    segment: str | None
    at: str
    key: str


def _read(body: bytes) -> _Asked:
    """The JSON of our page; HTTPException 422 if it is none."""
    try:
        said = json.loads(body)
        segment = said.get("segment")
        return _Asked(
            to=_text(said.get("to", "")),
            variants=[Variant(each) for each in said.get("variant", [])],
            greeting=_text(said.get("greeting", "")),
            seen=_text(said.get("seen", "")),
            accept=[_text(each) for each in said.get("accept", [])],
            by=_text(said.get("by", "")).strip(),
            segment=None if segment is None else _text(segment).strip(),
            at=_text(said.get("at", "")),
            key=_text(said.get("key", "")),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise HTTPException(422) from error


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError(value)
    return value


def key_of(finding: Finding) -> str:
    """What a finding is called on the page: its place, its rule, and its change."""
    fix = finding.fix
    change = f" {fix.before}\N{RIGHTWARDS ARROW}{fix.after}" if fix else ""
    return f"{finding.place} {finding.rule}{change}"


class Permit:
    """Who may act: the page that knows the ``token`` of this process, and no other.

    No foreign page can read it, nor send JSON or a header of its own without being
    allowed first, which nothing here does (Fetch Standard, CORS protocol).
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)

    def __call__(self, request: Request) -> None:
        """403 unless our own page asks."""
        headers = request.headers
        given = headers.get(TOKEN, "").encode()
        is_ours = (
            secrets.compare_digest(given, self.token.encode())
            and headers.get("sec-fetch-site", "same-origin") == "same-origin"
            and urlsplit(headers.get("origin", "")).netloc == headers.get("host")
        )
        if not is_ours:
            raise HTTPException(403)


def routes(
    actions: Actions, permit: Permit, pages: Environment, catalogue: Catalogue
) -> Sequence[Route]:
    """The addresses at which *actions* are asked about (GET) and done (POST)."""
    desk = _Desk(actions, permit, pages, catalogue)
    asked = {
        "test": desk.ask_test,
        "approve": desk.ask_approve,
        "schedule": desk.ask_schedule,
    }
    done = {
        "test": desk.test,
        "approve": desk.approve,
        "withdraw": desk.withdraw,
        "schedule": desk.schedule,
        "mend": desk.mend,
        "links": desk.links,
    }
    edition = "{publication}/{number}"
    return [
        *(Route(f"/act/{name}/{edition}", ask) for name, ask in asked.items()),
        *(
            Route(f"/act/{name}/{edition}", desk.doing(do), methods=["POST"])
            for name, do in done.items()
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is answered: a dialog with what it begins with, or lines of what was done."""

    actions: Actions
    permit: Permit
    pages: Environment
    catalogue: Catalogue

    async def ask_test(self, request: Request) -> Response:
        return await self._dialog("test", self.actions.testing(*asked_of(request)))

    async def ask_approve(self, request: Request) -> Response:
        name, _ = asked_of(request)
        return await self._dialog("approve", self.actions.approving(name))

    async def ask_schedule(self, request: Request) -> Response:
        name, _ = asked_of(request)
        return await self._dialog("schedule", self.actions.planning(name))

    def doing(
        self, do: Callable[[str, _Asked], Awaitable[Told]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """What answers whoever may *do* that with the edition they name."""

        async def answer(request: Request) -> Response:
            self.permit(request)
            if request.headers.get("content-type") != "application/json":
                raise HTTPException(415)
            name, _ = asked_of(request)
            asked = _read(await request.body())
            try:
                told = await do(name, asked)
            except MailerError as error:
                told = Told(lines=refusal(error), is_done=False)
            said: Callable[[Phrase], str] = self.catalogue.translate
            lines = [said(line) for line in told.lines]
            return JSONResponse({"done": told.is_done, "lines": lines})

        return answer

    async def test(self, name: str, asked: _Asked) -> Told:
        return await self.actions.test(
            name,
            to=[each.strip() for each in asked.to.split(",") if each.strip()],
            variants=asked.variants,
            greeting=asked.greeting,
            accept=asked.accept,
        )

    async def approve(self, name: str, asked: _Asked) -> Told:
        return await self.actions.approve(
            name,
            seen=asked.seen,
            accept=asked.accept,
            by=asked.by,
            segment=asked.segment,
        )

    async def withdraw(self, name: str, asked: _Asked) -> Told:
        return await self.actions.withdraw(name, by=asked.by)

    async def schedule(self, name: str, asked: _Asked) -> Told:
        at = asked.at.replace("T", " ") or None
        return await self.actions.schedule(name, at=at)

    async def links(self, name: str, _: _Asked) -> Told:
        return await self.actions.ask_links(name)

    async def mend(self, name: str, asked: _Asked) -> Told:
        return await self.actions.mend(name, key=asked.key)

    async def _dialog(self, act: str, asked: Awaitable[object]) -> Response:
        try:
            known = {"found": await asked, "lines": []}
        except MailerError as error:
            known = {"lines": refusal(error)}
        page = self.pages.get_template("act.html.j2")
        return HTMLResponse(page.render(known, act=act))


def refusal(error: MailerError) -> Sequence[Phrase]:
    """Why it was not done, and the way out."""
    match error:
        case EditionError(findings=findings):
            return [
                say("{place}: {what}", place=verbatim(each.place), what=each.message)
                for each in findings
            ]
        case InputError(message=message, hint=hint):
            place = verbatim(error.place)
            lines = [say("{place}{what}", place=place, what=message)]
            return [*lines, verbatim(hint)] if hint else lines
        case _:
            return [verbatim(error.args[0])]
