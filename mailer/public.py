"""The public site, wired: which routers it is made of, and what each is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailer.flows.readers.measuring import Notebook
from mailer.stores import Stores
from mailer.wiring import House

if TYPE_CHECKING:
    from mailer.edition.model import Publication
    from mailer.flows.readers.archive import ArchiveDesk
    from mailer.flows.readers.correspondence import PostDesk
    from mailer.flows.readers.joining import Form, JoiningDesk
    from mailer.flows.readers.letters import Writer
    from mailer.flows.readers.patronage import PatronageDesk
    from mailer.flows.sending.traffic import Traffic
    from mailer.language import Catalogue
    from mailer.rendering.theme import Theme
    from mailer.web.public.app import Router, Site
    from mailer.web.public.archive import MakeForm
    from mailer.web.public.pages import Pages
    from mailer.web.public.privacy import Held

_LAST = 3
"""How many editions a publication's page shows below its form."""

_LINK_LASTS = timedelta(days=7)
"""How long a confirmation link works where unconfirmed requests are kept for ever."""


class Looks:
    """Publications, themes and sentences of one house, each read once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._themes: dict[str, Theme] = {}

    def publications(self) -> Sequence[Publication]:
        """See the port."""
        settings = self._house.settings
        return [settings.publication(name) for name in settings.publications]

    def theme(self, publication: Publication) -> Theme:
        """See the port."""
        if publication.id not in self._themes:
            from mailer.workspace.themes import load_theme

            theme = load_theme(publication.theme, self._house.newsroom.templates)
            theme = theme.override(publication.tokens, file="config/mailer.toml")
            self._themes[publication.id] = theme
        return self._themes[publication.id]

    def sentences(self, lang: str) -> Catalogue:
        """See the port."""
        return self._house.newsroom.sentences(lang)


class PublicSite:
    """The site of the house in force: made anew when the configuration was read again.

    ``ring`` tells whoever sends letters that there is one.
    """

    def __init__(
        self,
        house: Callable[[], House],
        stores: Stores,
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        self._house = house
        self._stores = stores
        self._ring = ring
        self._notebook = Notebook(stores.measures, house().clock)
        self._made_for: House | None = None
        self._app: Site | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Answer one request (ASGI)."""
        await self.app(scope, receive, send)

    @property
    def app(self) -> Site:
        """What answers now."""
        house = self._house()
        if self._app is None or self._made_for is not house:
            self._app = make_site(house, self._stores, self._ring, self._notebook)
            self._made_for = house
        return self._app

    async def close(self) -> None:
        """Write down what was measured in the last seconds."""
        await self._notebook.close()


def make_site(
    house: House,
    stores: Stores,
    ring: Callable[[], None] = lambda: None,
    notebook: Notebook | None = None,
) -> Site:
    """The public site of *house*; what is measured goes into *notebook*."""
    from mailer.web.public.app import public_app
    from mailer.web.public.pages import Pages

    pages = Pages(
        Looks(house), folders=house.newsroom.templates, public_url=house.public_url
    )
    return public_app(
        [
            *_routers(house, stores, pages, ring),
            _measuring(house, notebook or Notebook(stores.measures, house.clock)),
        ],
        pages,
        proxies=house.settings.web.trusted_proxies,
    )


def _routers(
    house: House, stores: Stores, pages: Pages, ring: Callable[[], None]
) -> list[Router]:
    """One for each subject; what a subject needs is handed over here."""
    from mailer.flows.readers.archive import Published, latest
    from mailer.flows.readers.joining import show_form
    from mailer.flows.readers.voting import VotingDesk
    from mailer.intake import hook_desk
    from mailer.web.public import hooks, joining, members, polls

    archive = _archive_desk(house, stores)

    async def last(publication: str) -> Sequence[Published]:
        return await latest(archive, publication, _LAST)

    voting = VotingDesk(ballots=stores.ballots, keyring=house.keyring)
    entrance = _joining(house, stores, pages, ring)

    def form(publication: Publication, lang: str) -> Form | None:
        if not entrance.is_open or entrance.work:
            return None  # a page that brings its own style brings no script of ours
        return show_form(publication, lang, entrance)

    return [
        joining.router(entrance, pages, latest=last),
        *_own(house, stores, pages),
        polls.router(voting, pages, now=house.clock.now),
        hooks.router(hook_desk(house, stores)),
        *_archive(house, archive, stores, pages, form),
        members.router(patronage(house, stores), now=house.clock.now),
    ]


def patronage(house: House, stores: Stores) -> PatronageDesk:
    """What programs post about memberships is taken in with this."""
    from mailer.audience.stripe import Shop
    from mailer.flows.readers.patronage import PatronageDesk, Source

    members = house.settings.members
    known = {
        name: house.settings.publication(name) for name in house.settings.publications
    }
    own = house.loaded.secret(members.secret_file, "[members] secret_file")
    stripe = house.loaded.secret(
        members.stripe.secret_file, "[members.stripe] secret_file"
    )
    only = next(iter(known)) if len(known) == 1 else ""
    return PatronageDesk(
        patrons=stores.patrons,
        zones={name: publication.timezone for name, publication in known.items()},
        own=Source(keys=own.split()) if own else None,
        stripe=Source(
            keys=stripe.split(),
            fallback=members.stripe.publication or only,
            grace=members.stripe.grace,
            shop=Shop(one_time=members.stripe.one_time),
        )
        if stripe
        else None,
        adds=members.adds,
    )


def _measuring(house: House, notebook: Notebook) -> Router:
    """What measured links need; they lead on where nothing is measured any more."""
    from mailer.flows.readers.measuring import MeasuringDesk
    from mailer.web.public import measuring

    privacy = house.settings.web.privacy
    desk = MeasuringDesk(
        notebook=notebook,
        keyring=house.keyring,
        clock=house.clock,
        clicks=privacy.track_clicks,
        opens=privacy.track_opens,
    )
    return measuring.router(desk)


def _held(house: House) -> Held:
    from mailer.web.public.privacy import Held

    measured = house.settings.web.privacy
    return Held(
        replies=house.settings.retention.replies,
        unconfirmed=house.settings.retention.unconfirmed,
        tracks=measured.track_opens or measured.track_clicks,
    )


def _archive_desk(house: House, stores: Stores) -> ArchiveDesk:
    from mailer.flows.readers.archive import ArchiveDesk

    known = house.settings.publications
    hidden = {name: each.hidden for name, each in known.items() if each.hidden}
    return ArchiveDesk(
        archive=stores.archive.without(hidden),
        keyring=house.keyring,
        clock=house.clock,
        publications={name: house.settings.publication(name) for name in known},
        gift_days=house.settings.members.gift_days,
    )


def _archive(
    house: House, desk: ArchiveDesk, stores: Stores, pages: Pages, form: MakeForm
) -> list[Router]:
    """What has left, for everybody: pages, feeds, pictures, and the way to them."""
    from mailer.web.public import archive, feeds, media, privacy, signposts

    return [
        feeds.router(desk, pages),
        archive.router(desk, pages, form),
        media.router(stores.archive, house.loaded.media_folder()),
        signposts.router(desk, pages),
        privacy.router(_held(house), pages),
    ]


def _own(house: House, stores: Stores, pages: Pages) -> list[Router]:
    """What a reader decides by the links in their mail."""
    from mailer.flows.readers.choosing import ChoosingDesk
    from mailer.flows.readers.dossier import DossierDesk
    from mailer.flows.readers.leaving import LeavingDesk, Turnstile
    from mailer.web.public import choosing as choosing_pages
    from mailer.web.public import dossier, leaving

    choosing = ChoosingDesk(
        preferences=stores.preferences,
        readers=stores.readers,
        keyring=house.keyring,
        clock=house.clock,
    )
    way_out = LeavingDesk(
        exits=stores.exits,
        turnstile=Turnstile(stores.exits, house.clock),
        clock=house.clock,
        keyring=house.keyring,
        undo=house.settings.leaving.undo,
        letters=stores.letters if house.settings.leaving.letter else None,
    )
    holdings = DossierDesk(
        dossiers=stores.dossiers,
        letters=stores.letters,
        keyring=house.keyring,
        clock=house.clock,
    )
    privacy = house.settings.web.privacy
    measures = privacy.track_opens or privacy.track_clicks
    return [
        leaving.router(way_out, choosing, pages),
        choosing_pages.router(choosing, pages, measures=measures),
        dossier.router(holdings, choosing, pages),
    ]


def _joining(
    house: House, stores: Stores, pages: Pages, ring: Callable[[], None]
) -> JoiningDesk:
    from mailer.flows.readers.joining import JoiningDesk, SignupLimits

    limits = house.settings.signup
    return JoiningDesk(
        joining=stores.joining,
        clock=house.clock,
        keyring=house.keyring,
        limits=SignupLimits(
            address_daily=limits.address_daily,
            address_monthly=limits.address_monthly,
            ip_hourly=limits.ip_hourly,
            network_hourly=limits.network_hourly,
            domain_hourly=limits.domain_hourly,
            hourly=limits.hourly,
        ),
        lasts=house.settings.retention.unconfirmed or _LINK_LASTS,
        is_open=house.public_url is not None,
        fill_time=limits.fill_time,
        work=limits.work,
        sentences=pages.sentences,
        ring=ring,
    )


def letter_writer(house: House, *, sample_url: str = "") -> Writer:
    """What writes to single readers; its links lead to *sample_url* without a site."""
    from mailer.flows.readers.letters import Writer
    from mailer.workspace.letters import letter_templates

    looks = Looks(house)
    folders = house.newsroom.templates
    return Writer(
        publication=house.settings.publication,
        theme=looks.theme,
        sentences=looks.sentences,
        templates=lambda: letter_templates(folders),
        keyring=house.keyring,
        signers=house.signers,
        public_url=house.public_url or sample_url,
        now=house.clock.now,
    )


def post_desk(house: House, stores: Stores, traffic: Traffic) -> PostDesk | None:
    """What sends letters to readers; None where nothing is hosted for their links."""
    from mailer.flows.readers.correspondence import PostDesk

    if house.public_url is None:
        return None
    return PostDesk(
        letters=stores.letters,
        traffic=traffic,
        clock=house.clock,
        compose=letter_writer(house),
        worker=house.worker,
    )
