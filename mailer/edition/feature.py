"""The sections of a publication that come back every week, and what they are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

_HOLE = re.compile(r"\{([a-z_]+)\}")

FIELDS = (
    "title",
    "text",
    "link",
    "origin",
    "author",
    "date",
    "picture",
)
"""What may stand between braces in the template of a piece, and in a feature's title."""

TITLE_FIELDS = ("name", "date")
"""What may stand between braces in the title of an edition: publication and day."""


class Supply(StrEnum):
    """Where the material of a feature comes from; ``HAND``: somebody writes it."""

    HAND = "hand"
    INBOX = "inbox"
    FEED = "feed"
    SPONSORS = "sponsors"
    POLL = "poll"


class Form(StrEnum):
    """What one piece of material becomes in its section."""

    BRIEF = "brief"
    ITEM = "item"
    STORY = "story"
    PROSE = "prose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A section that every edition has, filled from material of one kind.

    ``title`` may name fields of its first piece (``L’outil : {title}``); without a
    title it goes on with the section before. ``item`` is the template of a piece,
    where ``form`` will not do. ``count`` is the most it takes; ``window`` how old an
    entry of a feed may be, ``words`` how many of its words are quoted.
    """

    name: str
    supply: Supply
    title: str = ""
    kind: str = ""
    standfirst: str = ""
    form: Form = Form.BRIEF
    item: str = ""
    count: int = 6
    feeds: tuple[str, ...] = ()
    window: timedelta = timedelta(days=7)
    words: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """How drafts of a publication are made: their features in order, title, and when.

    ``before`` is how long ahead of its departure an edition is assembled without being
    asked; zero is never.
    """

    before: timedelta = timedelta()
    title: str = ""
    subtitle: str = ""
    features: tuple[Feature, ...] = ()


NO_ASSEMBLY = Assembly()
"""What a publication has that is written by hand from end to end."""


def holes_in(template: str) -> list[str]:
    """The names between braces in *template*."""
    return [hole[1] for hole in _HOLE.finditer(template)]


def filled(template: str, values: dict[str, str]) -> str:
    """*template* with each known name replaced; what a value brings is not read again."""
    return _HOLE.sub(lambda hole: values.get(hole[1], hole[0]), template)
