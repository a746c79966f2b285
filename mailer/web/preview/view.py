"""What is chosen of a preview: all of it stands in the address of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from urllib.parse import urlencode

from starlette.requests import Request

from mailer.edition.model import Variant
from mailer.errors import InputError
from mailer.flows.editing.previewing import PERSONAS
from mailer.phrases import say
from mailer.rendering.simulation import Appearance, Client

WIDTHS = ("375", "680", "both")
"""How wide the mail is shown: on a phone, in a mail program, side by side."""

NARROWEST, WIDEST, PHONE = 280, 1200, 480
"""CSS pixels of any other width, and up to which one it is a phone's."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_WIDTH = re.compile(r"both|[1-9][0-9]{2,3}")


class Tab(StrEnum):
    """What is shown of it."""

    SEEN = "seen"
    INBOX = "inbox"
    TEXT = "text"
    SOURCE = "source"
    WIRE = "wire"
    LINKS = "links"
    OUTLINE = "outline"
    ORDER = "order"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that is chosen; it stands in the address.

    ``persona`` is the id of one of ``PERSONAS`` or the number of a subscriber.
    ``width`` is one of ``WIDTHS`` or any other in pixels; ``line`` of the manuscript is
    where one looks, 0 the beginning.
    """

    variant: Variant = Variant.FREE
    width: str = WIDTHS[-1]
    appearance: Appearance = Appearance.LIGHT
    client: Client = Client.NONE
    tab: Tab = Tab.SEEN
    persona: str = PERSONAS[0].id
    line: int = 0

    @property
    def pixels(self) -> int:
        """How wide the one frame is; 0 for two side by side."""
        if self.width == "both":
            return 0
        return min(max(int(self.width), NARROWEST), WIDEST)

    @property
    def is_phone(self) -> bool:
        """Whether the one frame is as narrow as a phone."""
        return 0 < self.pixels <= PHONE

    @property
    def subscriber(self) -> int | None:
        """The number of the reader whose message it is; None for an invented one."""
        return int(self.persona) if _NUMBER.fullmatch(self.persona) else None

    def query(self, **changed: object) -> str:
        """Itself with something *changed*, as a query; what is usual is left out."""
        asked = replace(self, **changed)  # type: ignore[arg-type]
        said = {f.name: str(getattr(asked, f.name)) for f in fields(View)}
        kept = {k: v for k, v in said.items() if v != str(getattr(_USUAL, k))}
        return f"?{urlencode(kept)}" if kept else "?"


_USUAL = View()


def chosen(query: Mapping[str, str]) -> View:
    """What the *query* of an address says; a name that nobody has is nobody's.

    InputError if there is no such view.
    """
    said = {f.name: str(getattr(_USUAL, f.name)) for f in fields(View)} | dict(query)
    known = {each.id for each in PERSONAS}
    is_known = said["persona"] in known or _NUMBER.fullmatch(said["persona"])
    message = say("there is no such view")
    if not _WIDTH.fullmatch(said["width"]) or not _NUMBER.fullmatch(said["line"]):
        raise InputError(message)
    try:
        return View(
            variant=Variant(said["variant"]),
            width=said["width"],
            appearance=Appearance(said["appearance"]),
            client=Client(said["client"]),
            tab=Tab(said["tab"]),
            persona=said["persona"] if is_known else _USUAL.persona,
            line=int(said["line"]),
        )
    except ValueError as error:
        raise InputError(message) from error


def asked_of(request: Request) -> tuple[str, View]:
    """The name of what *request* asks to see, and how; InputError."""
    path = request.path_params
    return f"{path['publication']}/{path['number']}", chosen(request.query_params)
