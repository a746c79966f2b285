"""What is chosen of a preview: all of it stands in the address of the page."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

from mailer.edition.model import Variant
from mailer.flows.previewing import PERSONAS
from mailer.rendering.simulation import Appearance, Client


class Width(StrEnum):
    """How wide the mail is shown."""

    PHONE = "375"
    DESKTOP = "680"
    BOTH = "both"


class Tab(StrEnum):
    """What is shown of it."""

    SEEN = "seen"
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

    ``line`` of the manuscript is where one looks, 0 the beginning.
    """

    variant: Variant = Variant.FREE
    width: Width = Width.BOTH
    appearance: Appearance = Appearance.LIGHT
    client: Client = Client.NONE
    tab: Tab = Tab.SEEN
    persona: str = PERSONAS[0].id
    line: int = 0

    def query(self, **changed: object) -> str:
        """Itself with something *changed*, as a query; what is usual is left out."""
        asked = replace(self, **changed)  # type: ignore[arg-type]
        usual = View()
        said = {f.name: str(getattr(asked, f.name)) for f in fields(View)}
        kept = {k: v for k, v in said.items() if v != str(getattr(usual, k))}
        return f"?{urlencode(kept)}" if kept else "?"


def chosen(
    variant: Variant = Variant.FREE,
    width: Width = Width.BOTH,
    appearance: Appearance = Appearance.LIGHT,
    client: Client = Client.NONE,
    tab: Tab = Tab.SEEN,
    persona: str = PERSONAS[0].id,
    line: Annotated[int, Query(ge=0)] = 0,
) -> View:
    """What the address says; a name that nobody has is nobody's."""
    known = {each.id for each in PERSONAS}
    return View(
        variant=variant,
        width=width,
        appearance=appearance,
        client=client,
        tab=tab,
        persona=persona if persona in known else PERSONAS[0].id,
        line=line,
    )
