"""One thing that a feature can be filled with, wherever it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailer.edition.feature import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """An item of the inbox, an entry of a feed, a booking or a result, as Markdown.

    ``name`` is what it is called when something is said about it. ``keys`` are what it
    is known by, so that it is not printed twice; those of a feed's entry are its id,
    its link and its title. ``form`` overrides the feature's.
    """

    name: str
    title: str = ""
    text: str = ""
    link: str = ""
    origin: str = ""
    author: str = ""
    day: date | None = None
    picture: str = ""
    form: Form | None = None
    keys: frozenset[str] = frozenset()
