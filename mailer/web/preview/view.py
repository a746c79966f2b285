"""What is chosen of a preview: all of it stands in the address of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from pydantic import BaseModel, Field
from starlette.requests import Request

from mailer.edition.model import Variant
from mailer.flows.editing.previewing import PERSONAS
from mailer.rendering.simulation import Appearance, Client

WIDTHS = ("375", "680", "both")
"""How wide the mail is shown: on a phone, in a mail program, side by side."""

NARROWEST, WIDEST, PHONE = 280, 1200, 480
"""CSS pixels of any other width, and up to which one it is a phone's."""

_NUMBER = re.compile(r"[0-9]{1,18}")


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
        usual = View()
        said = {f.name: str(getattr(asked, f.name)) for f in fields(View)}
        kept = {k: v for k, v in said.items() if v != str(getattr(usual, k))}
        return f"?{urlencode(kept)}" if kept else "?"


class _Asked(BaseModel):
    """The query of an address; of several values of a name the last counts."""

    variant: Variant = Variant.FREE
    width: Annotated[str, Field(pattern=r"^(both|[1-9]\d{2,3})$")] = WIDTHS[-1]
    appearance: Appearance = Appearance.LIGHT
    client: Client = Client.NONE
    tab: Tab = Tab.SEEN
    persona: str = PERSONAS[0].id
    line: Annotated[int, Field(ge=0)] = 0


def chosen(query: Mapping[str, str]) -> View:
    """What the *query* of an address says; a name that nobody has is nobody's.

    ValidationError if there is no such view.
    """
    asked = _Asked.model_validate(dict(query))
    known = {each.id for each in PERSONAS}
    is_known = asked.persona in known or _NUMBER.fullmatch(asked.persona)
    persona = asked.persona if is_known else PERSONAS[0].id
    return View(**dict(asked) | {"persona": persona})


def asked_of(request: Request) -> tuple[str, View]:
    """The name of what *request* asks to see, and how; ValidationError."""
    path = request.path_params
    return f"{path['publication']}/{path['number']}", chosen(request.query_params)
