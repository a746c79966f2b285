"""Publication, edition, section: the immutable tree every renderer reads.

Blocks and inlines stand in ``blocks``. Every node of the tree carries ``at``, the
file and line it came from, so that a finding or a rendering fault can point there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailer.edition.blocks import Block, Inlines, Source
from mailer.edition.feature import NO_ASSEMBLY, Assembly
from mailer.edition.walk import walk
from mailer.errors import Finding


class Variant(StrEnum):
    """The edition as one group reads it."""

    FREE = "free"
    MEMBER = "member"
    WEB = "web"
    FEED = "feed"
    MEMBER_WEB = "member-web"

    @property
    def is_mail(self) -> bool:
        """True for what goes out by e-mail; pages and the feed have no recipient."""
        return self in (Variant.FREE, Variant.MEMBER)

    @property
    def is_members(self) -> bool:
        """True for what only members read, by mail and on the page their token opens."""
        return self in (Variant.MEMBER, Variant.MEMBER_WEB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """One table of ``authors.toml``; ``invite`` and ``bio`` are parsed Markdown lines."""

    key: str
    name: str
    email: str = ""
    photo: str = ""
    invite: Inlines = ()
    bio: Inlines = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an edition of a publication usually has.

    ``require`` names sections, each by its class (``editorial``) or by its title;
    ``story`` names the labels that every story carries, in their order.
    """

    require: tuple[str, ...] = ()
    story: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A newsletter: everything about it that does not change from week to week.

    ``sender`` and ``reply_to`` are mailboxes (``Name <address>``); ``labels`` maps a
    label's text to the style the theme gives it; ``tokens`` overrides theme colours,
    as (light, dark), dark being empty where the theme's own stays. ``fallback_name`` is what
    ``{{ name }}`` says to a reader whose name we do not know. ``headline`` and ``about``
    stand on its page, ``consent`` is what one agrees to by signing up there. ``indexed``
    is whether search engines may list its archive.
    """

    id: str
    name: str
    sender: str
    list_id: str
    tagline: str = ""
    theme: str = "presse"
    url: str = ""
    subscribe_url: str = ""
    reply_to: str = ""
    return_path: str = ""
    unsubscribe_to: str = ""
    schedule: str = ""
    exceptions: tuple[str, ...] = ()
    timezone: str = "Europe/Paris"
    lang: str = "fr"
    kicker: str = ""
    welcome: str = ""
    fallback_name: str = ""
    headline: str = ""
    about: str = ""
    consent: str = ""
    postal_address: str = ""
    audiences: tuple[Variant, ...] = (Variant.FREE,)
    flags: tuple[str, ...] = ()
    endmatter: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    typography: str = ""
    typography_spaces: str = "narrow"
    toc_links: str = "web"
    shape: Shape = Shape()
    assembly: Assembly = NO_ASSEMBLY
    indexed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The picture of the archive card and of ``og:image``."""

    src: str
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled run of blocks, opened by ``# Title {.class}``.

    ``id`` comes from the title unless ``{#id}`` says otherwise, unique in the edition.
    """

    at: Source
    title: Inlines
    id: str
    classes: tuple[str, ...] = ()
    strap: Inlines = ()
    standfirst: Inlines = ()
    blocks: tuple[Block, ...] = ()


def edition_name(publication: str, number: int | None, slug: str) -> str:
    """``le-meridien/118``, or ``le-meridien/ports`` where there is no number."""
    return f"{publication}/{slug if number is None else number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One dated issue as written, before any audience cut.

    ``folder`` is the name of its folder under ``editions/<publication>/``; ``send_at``
    is local wall time in the publication's zone. ``audiences``, ``sender`` and
    ``reply_to`` are empty when the publication's own apply. ``archive`` says who may
    read it on the web: everybody (``public``), only ``members``, or nobody (``none``);
    empty is ``public``, or ``members`` for what no free reader gets by mail.
    ``segment`` is a rule that leaves some of the readers out (``audience.segment``); empty
    leaves none out. ``warnings`` are the findings that did not stop the parser.
    """

    at: Source
    publication: str
    folder: str
    slug: str
    title: str
    date: dt.date
    subject: str = ""
    subtitle: str = ""
    preheader: str = ""
    summary: tuple[str, ...] = ()
    number: int | None = None
    authors: tuple[str, ...] = ()
    sender: str = ""
    reply_to: str = ""
    send_at: dt.datetime | None = None
    lang: str = ""
    cover: Cover | None = None
    audiences: tuple[Variant, ...] = ()
    segment: str = ""
    archive: str = ""
    tags: tuple[str, ...] = ()
    tokens: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ignored_checks: tuple[str, ...] = ()
    preface: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    warnings: tuple[Finding, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How commands and the ledger call it."""
        return edition_name(self.publication, self.number, self.slug)

    def every_block(self) -> Iterator[Block]:
        """All blocks, preface and sections, those inside others too."""
        yield from walk(self.preface)
        for section in self.sections:
            yield from walk(section.blocks)
