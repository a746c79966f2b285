"""The archive: what has left, for whoever may read it, as it was frozen.

An edition is in the archive from the moment a run of it begins to send. Nothing is
rendered here: the page, the feed and the pictures are what was approved, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from mailer.audience.token import Keyring, Purpose
from mailer.edition.model import Publication, Variant
from mailer.errors import NotFoundError, TokenError
from mailer.flows.ports import Clock
from mailer.phrases import say
from mailer.rendering.listing import Listing, asked, excerpt
from mailer.rendering.model import FeedEntry

PER_PAGE = 20
"""How many editions a page of a list shows, and how many a feed tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An edition that has left.

    ``frozen`` names what readers have of it: the newest, if it left twice.
    ``published`` is when it first began to leave, ``updated`` when it last did.
    """

    frozen: int
    listing: Listing
    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A stretch of an archive, the newest first, and how many there are in all."""

    editions: Sequence[Published]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """An edition as a feed tells it: what stands around its text, and that text."""

    edition: Published
    entry: FeedEntry
    html: str


class Archive(Protocol):
    """What has left, asked for by pages. Reading only; StoreError."""

    async def shelf(
        self, publication: str, *, words: Sequence[str] = (), start: int, limit: int
    ) -> Shelf:
        """The editions of *publication* that hold every one of *words*, newest first.

        A word is found at the beginning of words, as heard: without case and accents.
        """

    async def find(self, publication: str, slug: str) -> Published | None:
        """The edition at that address, if it has left and has a page."""

    async def beside(self, edition: Published) -> tuple[Listing | None, Listing | None]:
        """The edition before *edition* and the one after it."""

    async def page(self, edition: Published, variant: Variant) -> str | None:
        """The page as it was frozen for *variant*; None if it has none of its own."""

    async def feed(self, publication: str, *, limit: int) -> Sequence[FeedItem]:
        """The newest editions of *publication* as feeds tell them."""

    async def everything(self) -> Sequence[Published]:
        """Every open edition of every publication, without its text."""

    async def picture(self, digest: str) -> bytes | None:
        """The picture of a frozen edition whose SHA-256 begins with *digest*."""

    async def is_member(self, publication: str, subscriber: int, today: date) -> bool:
        """Whether *subscriber* takes *publication* as a member on that day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveDesk:
    """What the archive is served from."""

    archive: Archive
    keyring: Keyring
    clock: Clock
    publications: Mapping[str, Publication]

    def today(self, publication: Publication) -> date:
        """The date on the publication's own calendar."""
        return self.clock.now().astimezone(ZoneInfo(publication.timezone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An edition's page for one visitor.

    ``welcome`` is whether the token they brought is a member's; False for those who
    brought none.
    """

    edition: Published
    html: str
    variant: Variant
    welcome: bool
    before: Listing | None
    after: Listing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An edition in a list, with where its text says what was asked for."""

    edition: Published
    excerpt: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsed:
    """One page of an archive: ``number`` of ``pages``, of ``total`` editions."""

    found: Sequence[Found]
    number: int
    pages: int
    total: int
    welcome: bool


async def open_page(
    desk: ArchiveDesk, publication: str, slug: str, token: str
) -> Opened:
    """The page of an edition, members' if *token* is a member's; NotFoundError.

    A token that is not ours, or no member's any more, opens what is open to all.
    """
    # No database takes a NUL, and no address of ours has one.
    is_sound = publication in desk.publications and slug.isprintable()
    edition = await desk.archive.find(publication, slug) if is_sound else None
    if edition is None:
        message = say("no edition {slug} in the archive", slug=slug)
        raise NotFoundError(message)
    welcome = await _is_member(desk, publication, token)
    html, variant = None, Variant.MEMBER_WEB
    if welcome:
        html = await desk.archive.page(edition, variant)
    if html is None:
        variant = Variant.WEB
        html = await desk.archive.page(edition, variant)
    before, after = await desk.archive.beside(edition)
    return Opened(
        edition=edition,
        html=html or "",
        variant=variant,
        welcome=welcome,
        before=before,
        after=after,
    )


async def latest(
    desk: ArchiveDesk, publication: str, count: int
) -> Sequence[Published]:
    """The newest editions of *publication*, *count* at most."""
    shelf = await desk.archive.shelf(publication, start=0, limit=count)
    return shelf.editions


async def browse(
    desk: ArchiveDesk,
    publication: str,
    *,
    query: str = "",
    number: int = 1,
    token: str = "",
) -> Browsed:
    """A page of *publication*'s archive, of what holds all words of *query*."""
    words = asked(query)
    welcome = await _is_member(desk, publication, token)
    if query.strip() and not words:  # nothing but signs: nothing holds them
        return Browsed(found=(), number=1, pages=1, total=0, welcome=welcome)
    start = (number - 1) * PER_PAGE
    shelf = await desk.archive.shelf(
        publication, words=words, start=start, limit=PER_PAGE
    )
    return Browsed(
        found=[
            Found(
                edition=each,
                excerpt=excerpt(each.listing.text, words) if words else (),
            )
            for each in shelf.editions
        ],
        number=number,
        pages=max(1, -(-shelf.total // PER_PAGE)),
        total=shelf.total,
        welcome=welcome,
    )


async def _is_member(desk: ArchiveDesk, publication: str, token: str) -> bool:
    """Whether *token* is that of a member of *publication*, today."""
    if not token:
        return False
    try:
        whose, subscriber = desk.keyring.read(Purpose.WEB, token)
        person = int(subscriber)
    except (TokenError, ValueError):
        return False
    known = desk.publications.get(publication)
    if whose != publication or known is None:
        return False
    return await desk.archive.is_member(publication, person, desk.today(known))
