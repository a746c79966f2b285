"""Every setting: its type, its bounds and its default. ``config/mailer.toml`` says why.

An unknown key is an error here, not a shrug: ``load`` adds file, line and suggestion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from mailer.config.alerts import Alerts
from mailer.config.assembly import (
    AssemblySettings,
    FeatureSettings,
    FeedSettings,
    assembly_of,
)
from mailer.config.bounces import Bounces, Patience
from mailer.config.intake import Intake
from mailer.config.lanes import Lanes, shipped_lanes
from mailer.config.leaving import Leaving
from mailer.config.members import Members
from mailer.config.relays import RelaySettings
from mailer.config.retention import Retention
from mailer.config.segments import Segments
from mailer.config.sending import Send
from mailer.config.signup import Signup
from mailer.config.values import (
    NOT_EMPTY,
    Address,
    ColorPair,
    Domain,
    Duration,
    Exempt,
    FilePath,
    Hidden,
    Lang,
    Line,
    Listener,
    ListId,
    Mailbox,
    Name,
    Proxy,
    PublicationId,
    PublicUrl,
    Schedule,
    Secret,
    Selector,
    Spamd,
    Zone,
    at_least,
    between,
)
from mailer.config.watch import Daemon
from mailer.delivery.domain import read_domain, read_selector
from mailer.delivery.mailbox import read_mailbox
from mailer.delivery.return_path import LONGEST_NAME
from mailer.edition.calendar import read_calendar
from mailer.edition.model import Publication, Variant
from mailer.edition.model import Shape as EditionShape
from mailer.errors import NotFoundError
from mailer.phrases import did_you_mean, say
from mailer.reading import After, Key, Table


@dataclass(frozen=True, kw_only=True)
class Site(Table):
    """Who we are, and where our pages and pictures are served."""

    public_url: PublicUrl = ""
    lang: Lang = "fr"
    timezone: Zone = "Europe/Paris"
    postal_address: str = ""
    secret_key: Hidden = Secret("")
    secret_key_file: FilePath = ""


@dataclass(frozen=True, kw_only=True)
class DkimKey(Table):
    """One ``[[dkim]]`` table: a key that signs the mail of a domain."""

    domain: Domain
    selector: Selector
    key_file: Annotated[FilePath, NOT_EMPTY]


@dataclass(frozen=True, kw_only=True)
class Storage(Table):
    """Where the ledger, the pictures and the keys are kept, and where editions are."""

    folder: FilePath = ""
    database: FilePath = ""
    media: FilePath = ""
    workspace: FilePath = ".."


@dataclass(frozen=True, kw_only=True)
class Proof(Table):
    """Who gets the proof, and by when."""

    to: tuple[Mailbox, ...] = ()
    auto_before: Duration = timedelta(hours=14)


@dataclass(frozen=True, kw_only=True)
class Privacy(Table):
    """What is remembered about readers: nothing, unless said."""

    track_opens: bool = False
    track_clicks: bool = False
    smallest_count: Annotated[int, at_least(1)] = 20
    log_addresses: bool = False


@dataclass(frozen=True, kw_only=True)
class Web(Table):
    """The listeners of the daemon."""

    public: Listener = "127.0.0.1:8000"
    admin: Listener = "127.0.0.1:8001"
    trusted_proxies: tuple[Proxy, ...] = ("127.0.0.1", "::1")
    privacy: Privacy = Privacy()


@dataclass(frozen=True, kw_only=True)
class Checks(Table):
    """What the checks mind."""

    clients: tuple[str, ...] = (
        "apple-mail",
        "gmail",
        "outlook",
        "orange",
        "laposte",
        "free-fr",
    )
    warn_html_kb: Annotated[int, at_least(1)] = 85
    max_html_kb: Annotated[int, between(1, 102)] = 102
    ignore: tuple[str, ...] = ()
    spelling: bool = False
    spamd: Spamd = ""


def _with_two_places(url: str) -> str:
    try:
        url.format(path="", line=1)
    except (KeyError, IndexError, ValueError) as error:
        message = say("only {path} and {line} can stand in braces")
        raise ValueError(message) from error
    return url


@dataclass(frozen=True, kw_only=True)
class Preview(Table):
    """What ``mailer preview`` does at a click."""

    editor_url: Annotated[str, After(_with_two_places)] = "vscode://file/{path}:{line}"


@dataclass(frozen=True, kw_only=True)
class Shape(Table):
    """What an edition usually has: sections by class or title, labels of its stories."""

    require: tuple[str, ...] = ()
    story: tuple[str, ...] = ()


def _named_apart(features: tuple[FeatureSettings, ...]) -> tuple[FeatureSettings, ...]:
    if twice := _twice([each.name.lower() for each in features]):
        message = say("two features are called {names}", names=twice)
        raise ValueError(message)
    return features


@dataclass(frozen=True, kw_only=True)
class PublicationSettings(Table):
    """One ``[publications.ID]`` table."""

    name: Annotated[Line, NOT_EMPTY]
    sender: Annotated[Mailbox, Key("from"), NOT_EMPTY]
    tagline: str = ""
    theme: str = "presse"
    url: str = ""
    subscribe_url: str = ""
    reply_to: Mailbox = ""
    return_path: Address = ""
    unsubscribe_to: Address = ""
    list_id: ListId = ""
    schedule: Schedule = ""
    exceptions: tuple[Exempt, ...] = ()
    timezone: Zone | None = None
    lang: Lang | None = None
    kicker: str = ""
    welcome: str = ""
    fallback_name: str = ""
    headline: Line = ""
    about: str = ""
    consent: str = ""
    postal_address: str = ""
    audiences: tuple[Literal["free", "member"], ...] = ("free",)
    flags: tuple[str, ...] = ()
    endmatter: tuple[Literal["authors", "latest"], ...] = ()
    typography: Literal["", "fr", "en"] | None = None
    typography_spaces: Literal["narrow", "wide"] = "narrow"
    toc_links: Literal["web", "anchor", "none"] = "web"
    labels: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, ColorPair] = field(default_factory=dict)
    shape: Shape = Shape()
    bounces: Patience = Patience()
    assembly: AssemblySettings = AssemblySettings()
    features: Annotated[tuple[FeatureSettings, ...], After(_named_apart)] = ()
    indexed: bool = True
    hidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        read_calendar(self.schedule, self.exceptions)


@dataclass(frozen=True, kw_only=True)
class Settings(Table):
    """Everything that can be configured."""

    site: Site = Site()
    relays: tuple[RelaySettings, ...] = ()
    dkim: tuple[DkimKey, ...] = ()
    lanes: Lanes = field(default_factory=shipped_lanes)
    storage: Storage = Storage()
    send: Send = Send()
    daemon: Daemon = Daemon()
    bounces: Bounces = Bounces()
    intake: Intake = Intake()
    retention: Retention = Retention()
    leaving: Leaving = Leaving()
    proof: Proof = Proof()
    alerts: Alerts = Alerts()
    members: Members = Members()
    web: Web = Web()
    signup: Signup = Signup()
    checks: Checks = Checks()
    preview: Preview = Preview()
    segments: Segments = field(default_factory=dict)
    feeds: dict[Name, FeedSettings] = field(default_factory=dict)
    publications: dict[PublicationId, PublicationSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._nobody_is_left_in_a_folder()
        self._relays_and_keys_have_names_of_their_own()
        self._keys_fit_behind_the_plus()
        self._payments_are_for_something()
        self._features_have_feeds()

    def _nobody_is_left_in_a_folder(self) -> None:
        if len({relay.kind for relay in self.relays}) > 1:
            message = say(
                'a relay of kind = "maildir" stands alone: with servers beside it,'
                " some readers' mail would stay in the folder"
            )
            raise ValueError(message)

    def _relays_and_keys_have_names_of_their_own(self) -> None:
        # The environment tells relays apart by these letters alone.
        relays = [relay.name.lower().replace("-", "_") for relay in self.relays]
        if twice := _twice(relays):
            message = say("two relays are called {names}", names=twice)
            raise ValueError(message)
        keys = [
            f"{read_selector(key.selector)}._domainkey.{read_domain(key.domain)}"
            for key in self.dkim
        ]
        if twice := _twice(keys):
            message = say("two keys are published as {names}", names=twice)
            raise ValueError(message)

    def _keys_fit_behind_the_plus(self) -> None:
        for id_, table in self.publications.items() if self.bounces.plus else ():
            path = table.return_path or read_mailbox(table.sender, what="from").address
            if len(path.rpartition("@")[0]) > LONGEST_NAME:
                message = say(
                    "publications.{id}.return_path: {path} is too long for bounces.plus:"
                    " a name of {most} letters at most",
                    id=id_,
                    path=path,
                    most=LONGEST_NAME,
                )
                raise ValueError(message)

    def _payments_are_for_something(self) -> None:
        paid = self.members.stripe.publication
        if paid and paid not in self.publications:
            message = say(
                "members.stripe.publication: no publication {name}", name=paid
            )
            raise ValueError(message)

    def _features_have_feeds(self) -> None:
        for id_, table in self.publications.items():
            for name in (name for each in table.features for name in each.feeds):
                if name not in self.feeds:
                    message = say(
                        "publications.{id}.features: no feed {name}: {hint}",
                        id=id_,
                        name=name,
                        hint=did_you_mean(name, self.feeds) or f"[feeds.{name}]",
                    )
                    raise ValueError(message)

    def publication(self, name: str) -> Publication:
        """The publication called *name*, its defaults filled in; NotFoundError."""
        if name not in self.publications:
            message = say("no publication {name}", name=name)
            there = ", ".join(sorted(self.publications))
            raise NotFoundError(message, hint=say("there are: {names}", names=there))
        table = self.publications[name]
        sender = read_mailbox(table.sender, what="from")
        lang = table.lang or self.site.lang
        ours = f"{self.site.public_url}/p/{name}" if self.site.public_url else ""
        return Publication(
            id=name,
            name=table.name,
            sender=table.sender,
            list_id=table.list_id or f"{name}.{sender.domain}",
            tagline=table.tagline,
            theme=table.theme,
            url=table.url,
            subscribe_url=table.subscribe_url or ours or table.url,
            reply_to=table.reply_to,
            return_path=table.return_path or sender.address,
            unsubscribe_to=table.unsubscribe_to or f"unsubscribe@{sender.domain}",
            schedule=table.schedule,
            exceptions=table.exceptions,
            timezone=table.timezone or self.site.timezone,
            lang=lang,
            kicker=table.kicker,
            welcome=table.welcome,
            fallback_name=table.fallback_name,
            headline=table.headline,
            about=table.about,
            consent=table.consent,
            postal_address=table.postal_address or self.site.postal_address,
            audiences=tuple(Variant(audience) for audience in table.audiences),
            flags=table.flags,
            endmatter=table.endmatter,
            labels=dict(table.labels),
            tokens=dict(table.tokens),
            typography=lang if table.typography is None else table.typography,
            typography_spaces=table.typography_spaces,
            toc_links=table.toc_links,
            shape=EditionShape(require=table.shape.require, story=table.shape.story),
            assembly=assembly_of(table.assembly, table.features),
            indexed=table.indexed,
        )


def _twice(names: list[str]) -> str:
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))
