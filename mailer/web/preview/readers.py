"""For whom a preview is: somebody invented, or a reader that the database knows.

An address is asked for in the body of a form and answered with a number: it stands in
no address bar and no history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailer.audience.address import read_address
from mailer.edition.states import EditionState
from mailer.flows.departing.approve import Clearance
from mailer.flows.departing.proofbook import Proof
from mailer.flows.editing.assembled import Assembled
from mailer.flows.editing.previewing import (
    LETTER,
    PERSONAS,
    THEME,
    Beholder,
    Looked,
    Persona,
    Studio,
)
from mailer.flows.sending.faces import Face
from mailer.phrases import NOTHING, Phrase, say
from mailer.rendering.model import Frozen
from mailer.web.preview.view import View, asked_of
from mailer.web.public.forms import fields

_NOBODY = "0"  # the number of no subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Readers who can be looked at: a few, and the one who is.

    ``absent`` is why there are none, if nobody can say who reads.
    """

    faces: Sequence[Face] = ()
    face: Face | None = None
    absent: Phrase = NOTHING


UNKNOWN = Company(absent=say("Nobody here knows of readers."))


class Readers(Protocol):
    """Where readers are known."""

    async def company(self, frozen: Frozen, number: int | None) -> Company:
        """A few readers of *frozen*, and the one who is subscriber *number*."""

    async def known(self, frozen: Frozen, number: int) -> Face | None:
        """The reader of *frozen* who is subscriber *number*, or None."""

    async def find(self, email: str, frozen: Frozen) -> Face | None:
        """Whoever has the address and took the publication of *frozen*, or None."""


class Records(Readers, Protocol):
    """What a database tells of editions, where there is one.

    ``absence`` is why nobody could say what was last asked.
    """

    @property
    def absence(self) -> Phrase:
        """For people, with a way out."""

    async def states(self, names: Sequence[str]) -> Mapping[str, EditionState]:
        """Where each stands; nothing where nobody can say."""

    async def proof(self, edition: str) -> Proof | None:
        """The last proof of *edition*; None where there is none, or nobody can say."""

    async def clearance(self, assembled: Assembled) -> Clearance | None:
        """How it stands to its approval; None where nobody can say."""


async def company_of(looked: Looked, view: View, readers: Readers | None) -> Company:
    """Those who read *looked*; letters and galleries have no readers."""
    if looked.assembled is None or looked.name.startswith((LETTER, THEME)):
        return Company()
    if readers is None:
        return UNKNOWN
    return await readers.company(looked.assembled.frozen, view.subscriber)


async def face_of(looked: Looked, view: View, readers: Readers | None) -> Face | None:
    """The reader of *looked* that *view* names, without the others."""
    if readers is None or looked.assembled is None or view.subscriber is None:
        return None
    return await readers.known(looked.assembled.frozen, view.subscriber)


def beholder_of(view: View, face: Face | None) -> Beholder:
    """Whose message is shown: theirs, if the edition has something for them."""
    return face if face is not None and face.variant is not None else persona_of(view)


def persona_of(view: View) -> Persona:
    """The invented reader of *view*; the first for whoever is none."""
    known = {each.id: each for each in PERSONAS}
    return known.get(view.persona, PERSONAS[0])


def note_of(view: View, company: Company, publication: str) -> Phrase:
    """What is to be said of a real reader; nothing of an invented one."""
    face = company.face
    if face is None:
        if view.subscriber is not None and not company.absent:
            return say(
                "Nobody of that address takes {publication}.", publication=publication
            )
        return NOTHING
    if face.skipped and not face.had_it:
        return say(
            "{reader} would not get it: {reason}.",
            reader=face.masked,
            reason=face.reason,
        )
    return say(
        "What {reader} gets, to the byte but for its hour: the links are theirs.",
        reader=face.masked,
    )


class Search:
    """Finds a reader by their exact address."""

    def __init__(self, studio: Studio, readers: Readers | None) -> None:
        self._studio, self._readers = studio, readers

    async def answer(self, request: Request) -> Response:
        """Lead back to the page, which shows whoever was found."""
        name, view = asked_of(request)
        looked = await asyncio.to_thread(self._studio.look, name)
        face = None
        if self._readers is not None and looked.assembled is not None:
            email = read_address((await fields(request)).get("address", ""))
            face = await self._readers.find(email, looked.assembled.frozen)
        persona = _NOBODY if face is None else str(face.subscriber)
        where = f"/edition/{quote(name)}{view.query(persona=persona)}"
        return RedirectResponse(where, status_code=303)
