"""What goes into a rendering and what comes out of it.

Everything is handed over: pictures are ready bytes with their address, the theme is a
mapping of template texts, the catalogue is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Protocol

from mailer.edition.ballot import Ballot
from mailer.edition.model import Author, Edition, Publication, Variant
from mailer.language import ENGLISH, Catalogue
from mailer.rendering.theme import Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture made ready for mail: resized, without EXIF, JPEG, PNG or GIF.

    ``src`` is what the HTML points to: ``https://…/media/HASH.jpg``, or ``cid:HASH``
    when it travels inside the message (``inline``). ``width`` and ``height`` are the
    file's own pixels; it is shown at ``shown_width`` CSS pixels at most. ``original_format`` and
    ``original_width`` are the format (``WEBP``) and pixels it had in the newsroom's folder.
    """

    name: str
    src: str
    content: bytes
    media_type: str
    width: int
    height: int
    shown_width: int
    original_format: str = ""
    original_width: int = 0

    @property
    def inline(self) -> bool:
        """True when the picture travels inside the message."""
        return self.src.startswith("cid:")

    @property
    def file_name(self) -> str:
        """Its name when it lies in a folder: the hash of its content, and its kind."""
        suffix = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}
        digest = hashlib.sha256(self.content).hexdigest()[:20]
        return f"{digest}.{suffix[self.media_type]}"

    @property
    def cid(self) -> str:
        """The Content-ID without brackets (RFC 2392), empty when hosted."""
        return self.src.removeprefix("cid:") if self.inline else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """A past edition, for the end matter."""

    title: str
    date: date
    url: str


class Cache(Protocol):
    """Bytes that were made of others at some cost, by name; each may be gone."""

    def get(self, name: str) -> bytes | None:
        """What was put under *name*; None where there is nothing."""

    def put(self, name: str, content: bytes) -> None:
        """Keep *content* under *name*, if that can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a rendering needs besides the edition itself.

    ``pictures`` and ``authors`` are keyed as the edition names them. ``public_url`` is
    None where nothing is hosted: then no link to the web version can be made.
    ``sentences`` says what themes say in the edition's language. ``cache`` keeps compiled
    templates for the next process.
    """

    publication: Publication
    theme: Theme
    sentences: Catalogue = ENGLISH
    authors: Mapping[str, Author] = field(default_factory=dict)
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    latest: tuple[Latest, ...] = ()
    public_url: str | None = None
    cache: Cache | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """What a feed says of an edition beside its text, which is the rendering's ``html``.

    ``authors`` are names; ``permalink`` and ``picture`` are addresses, and None where
    nothing is hosted. ``published`` is the day the edition is dated.
    """

    title: str
    summary: str
    published: date
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    permalink: str | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    r"""One variant, finished but for its placeholders (see ``personalise``).

    ``html`` and ``text`` use ``\n`` line ends. Page and feed have no text part; ``entry``
    is there for the feed only. ``pictures`` are those that ``html`` shows, each once,
    and ``polls`` those that it asks.
    """

    variant: Variant
    lang: str
    subject: str
    preheader: str
    html: str
    text: str
    pictures: tuple[Picture, ...] = ()
    entry: FeedEntry | None = None
    polls: tuple[Ballot, ...] = ()

    def as_text(self) -> Rendering:
        """The text part alone, for readers who want neither layout nor pictures."""
        return replace(self, html="", pictures=())

    def digest(self) -> str:
        """SHA-256 over everything a reader could see, in hex."""
        seal = hashlib.sha256()
        for part in (self.variant, self.lang, self.subject, self.preheader):
            seal.update(part.encode() + b"\0")
        for body in (self.html, self.text):
            seal.update(hashlib.sha256(body.encode()).digest())
        for picture in self.pictures:
            seal.update(hashlib.sha256(picture.content).digest())
        if self.entry is not None:
            seal.update(json.dumps(asdict(self.entry), default=str).encode())
        for poll in self.polls:
            seal.update(json.dumps(asdict(poll), default=str).encode())
        return seal.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """An edition as it goes out: all its renderings under one hash."""

    edition: Edition
    publication: Publication
    renderings: tuple[Rendering, ...]

    @property
    def segment(self) -> str:
        """The rule that says who gets it, beside their tier."""
        return self.edition.segment or "everybody"

    @property
    def sha256(self) -> str:
        """One hash over all variants and the rule for whom they are, in hex."""
        digests = sorted(rendering.digest() for rendering in self.renderings)
        if self.segment != "everybody":
            digests.append(f"segment {self.segment}")
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    @property
    def mail_variants(self) -> list[Variant]:
        """The variants that go by mail."""
        return [each.variant for each in self.renderings if each.variant.is_mail]

    def as_text(self) -> Frozen:
        """The same edition for readers of plain text: its mails without their HTML."""
        mails = (each.as_text() for each in self.renderings if each.variant.is_mail)
        return replace(self, renderings=tuple(mails))

    def rendering(self, variant: Variant) -> Rendering:
        """The rendering of *variant*; KeyError if it was not built."""
        for rendering in self.renderings:
            if rendering.variant is variant:
                return rendering
        raise KeyError(variant)
