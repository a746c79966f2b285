"""The archive: what has left, for whoever may read it, as it was frozen.

An edition is in the archive from the moment a run of it begins to send. Nothing is
rendered here: the page, the feed and the pictures are what was approved, byte for byte.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from mailer.audience.bearer import read_bearer
from mailer.audience.gift import Gift, read_gift
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

    def without(self, hidden: Mapping[str, Collection[str]]) -> Archive:
        """The same archive without these editions: slugs by publication."""

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
    """What the archive is served from. ``gift_days`` 0: members pass nothing on."""

    archive: Archive
    keyring: Keyring
    clock: Clock
    publications: Mapping[str, Publication]
    gift_days: int = 0

    def today(self, publication: Publication) -> date:
        """The date on the publication's own calendar."""
        return self.clock.now().astimezone(ZoneInfo(publication.timezone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An edition's page for one visitor.

    ``welcome`` is whether the token they brought is a member's; False for those who
    brought none. A member may pass the edition on by ``gift``, if it says more than the
    open page; ``given_until`` is the last day of the gift that opened it, if one did.
    """

    edition: Published
    html: str
    variant: Variant
    welcome: bool
    before: Listing | None
    after: Listing | None
    gift: str = ""
    given_until: date | None = None


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
    desk: ArchiveDesk, publication: str, slug: str, token: str, gift: str = ""
) -> Opened:
    """The page of an edition, members' if *token* is a member's; NotFoundError.

    A *gift* opens it as well, and nothing else. A token that is not ours, or no member's
    any more, and a gift that is over, open what is open to all.
    """
    # No database takes a NUL, and no address of ours has one.
    is_sound = publication in desk.publications and slug.isprintable()
    edition = await desk.archive.find(publication, slug) if is_sound else None
    if edition is None:
        message = say("no edition {slug} in the archive", slug=slug)
        raise NotFoundError(message)
    giver = await _member(desk, publication, token)
    given = _given(desk, publication, slug, gift)
    html, variant = None, Variant.MEMBER_WEB
    if giver is not None or given is not None:
        html = await desk.archive.page(edition, variant)
    if html is None:
        variant = Variant.WEB
        html = await desk.archive.page(edition, variant)
    before, after = await desk.archive.beside(edition)
    says_more = variant is Variant.MEMBER_WEB
    return Opened(
        edition=edition,
        html=html or "",
        variant=variant,
        welcome=giver is not None,
        before=before,
        after=after,
        gift=_gift(desk, publication, slug, giver) if giver and says_more else "",
        given_until=given.until if given and giver is None else None,
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
    welcome = await _member(desk, publication, token) is not None
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


async def _member(desk: ArchiveDesk, publication: str, token: str) -> int | None:
    """Whose token it is, if they are a member of *publication* today."""
    try:
        bearer = read_bearer(desk.keyring, Purpose.WEB, token)
    except TokenError:
        return None
    known = desk.publications.get(publication)
    if bearer.publication != publication or known is None:
        return None
    today = desk.today(known)
    is_member = await desk.archive.is_member(publication, bearer.subscriber, today)
    return bearer.subscriber if is_member else None


def _gift(desk: ArchiveDesk, publication: str, slug: str, giver: int) -> str:
    """What *giver* may pass on today; empty if nobody may."""
    if not desk.gift_days:
        return ""
    today = desk.today(desk.publications[publication])
    until = today + timedelta(days=desk.gift_days)
    gift = Gift(publication=publication, slug=slug, giver=giver, until=until)
    return gift.token(desk.keyring)


def _given(desk: ArchiveDesk, publication: str, slug: str, token: str) -> Gift | None:
    """The gift that *token* is, if it is one of this edition and not over."""
    if not (token and desk.gift_days):
        return None
    try:
        gift = read_gift(desk.keyring, token)
    except TokenError:
        return None
    is_this = (gift.publication, gift.slug) == (publication, slug)
    is_over = gift.until < desk.today(desk.publications[publication])
    return gift if is_this and not is_over else None
