"""Every setting: its type, its bounds and its default. ``config/mailer.toml`` says why.

An unknown key is an error here, not a shrug: ``load`` adds file, line and suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings

from mailer.delivery.domain import read_domain, read_selector
from mailer.delivery.mailbox import ascii_address, read_mailbox
from mailer.delivery.throttle import Rate, read_rate
from mailer.edition.calendar import read_schedule
from mailer.edition.model import Publication, Variant
from mailer.edition.model import Shape as EditionShape
from mailer.errors import InputError
from mailer.phrases import say

_DURATION = re.compile(r"(\d{1,18})\s*(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 3650 * _UNITS["d"]
_LAST_PORT = 65535
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def read_duration(value: object) -> timedelta:
    """``30s``, ``15m``, ``12h``, ``90d``; ValueError with a way out otherwise."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        message = say(
            "{value} is no duration: write 30s, 15m, 12h or 90d", value=repr(value)
        )
        raise ValueError(message)
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > _LONGEST:
        message = say("{value} is longer than ten years", value=repr(value))
        raise ValueError(message)
    return timedelta(seconds=seconds)


def _rate(value: object) -> Rate | None:
    if isinstance(value, Rate):
        return value
    return None if value is None or value == "" else read_rate(str(value))


def _public_url(value: str) -> str:
    url = value.rstrip("/")
    if not url:
        return ""
    parts = urlsplit(url)
    if (
        re.search(r"[\s\x00-\x1f]", url)
        or parts.query
        or parts.fragment
        or parts.username
    ):
        message = say("write scheme, host and path, and nothing else")
        raise ValueError(message)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return url
    message = say(
        "{value}: write https://…; http is for this machine only", value=repr(value)
    )
    raise ValueError(message)


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    """A check by whoever will read the value, which may be left empty."""

    def check(value: str) -> str:
        if value:
            try:
                read(value)
            except InputError as error:
                raise ValueError(error.message) from error
        return value

    return AfterValidator(check)


def _listener(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _LAST_PORT:
        message = say("{value} is no listener: write 127.0.0.1:8000", value=repr(value))
        raise ValueError(message)
    return value


def _path(value: str) -> str:
    if "\0" in value:
        message = say("a path holds no NUL")
        raise ValueError(message)
    return value


def _spelled(pattern: str, words: str) -> AfterValidator:
    """A check that a value matches *pattern*; *words* say how it is written."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(words)
        return value

    return AfterValidator(check)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = say("no time zone {value}: write Europe/Paris", value=repr(value))
        raise ValueError(message) from error
    return value


def _schedule(value: str) -> str:
    read_schedule(value)
    return value


def _twice(names: list[str]) -> str:
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))


def _pair(value: object) -> object:
    """One colour is the light one; the dark one stays the theme's."""
    return (value, "") if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(read_duration)]
Pace = Annotated[Rate | None, BeforeValidator(_rate)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Mailbox = Annotated[str, _read_by(partial(read_mailbox, what="the mailbox"))]
Address = Annotated[str, _read_by(partial(ascii_address, what="the address"))]
Listener = Annotated[str, AfterValidator(_listener)]
FilePath = Annotated[str, AfterValidator(_path)]
Line = Annotated[str, _spelled(r"[^\x00-\x1f\x7f]*", "is one line")]
Host = Annotated[str, _spelled(r"[^\s\x00]+", "is a host's name or address")]
ListId = Annotated[
    str, _spelled(r"([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)?", "is written label.example.org")
]
Name = Annotated[str, _spelled(r"[A-Za-z0-9_-]+", "is letters, digits, - and _")]
PublicationId = Annotated[str, _spelled(r"[A-Za-z0-9-]+", "is letters, digits and -")]
Zone = Annotated[str, AfterValidator(_zone)]
Schedule = Annotated[str, AfterValidator(_schedule)]
Lang = Literal["fr", "en"]
ColorPair = Annotated[tuple[str, str], BeforeValidator(_pair)]


class Table(BaseModel):
    """A table of the file: no unknown key, no change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Site(Table):
    """Who we are, and where our pages and pictures are served."""

    public_url: PublicUrl = ""
    lang: Lang = "fr"
    timezone: Zone = "Europe/Paris"
    postal_address: str = ""
    secret_key: SecretStr = SecretStr("")
    secret_key_file: FilePath = ""


class RelaySettings(Table):
    """One ``[[relays]]`` table: a server that takes our mail."""

    name: Name
    host: Host = "127.0.0.1"
    port: int = Field(default=587, ge=1, le=_LAST_PORT)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: FilePath = ""
    ca_file: FilePath = ""
    rate: Pace = None
    connections: int = Field(default=4, ge=1, le=128)
    messages_per_connection: int = Field(default=100, ge=1)
    connect_patience: Duration = timedelta(seconds=30)
    weight: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _clear_text_stays_home(self) -> RelaySettings:
        if self.security == "none" and self.host not in _LOOPBACK:
            message = say(
                'security = "none" is for a relay on this machine; write "starttls" or "tls"'
            )
            raise ValueError(message)
        return self


class DkimKey(Table):
    """One ``[[dkim]]`` table: a key that signs the mail of a domain."""

    domain: Annotated[str, Field(min_length=1), _read_by(read_domain)]
    selector: Annotated[str, Field(min_length=1), _read_by(read_selector)]
    key_file: Annotated[FilePath, Field(min_length=1)]


class Lane(Table):
    """A slower pace for one family of destinations."""

    domains: tuple[str, ...]
    rate: Pace = None
    connections: int = Field(default=1, ge=1)


class Storage(Table):
    """Where the ledger, the pictures and the keys are kept, and where editions are."""

    folder: FilePath = ""
    database: FilePath = ""
    media: FilePath = ""
    workspace: FilePath = ".."


class Send(Table):
    """How a run behaves."""

    approval: Literal["required", "auto"] = "required"
    grace: Duration = timedelta(seconds=30)
    catch_up: Duration = timedelta(hours=24)
    in_doubt: Literal["hold", "resend"] = "hold"
    give_up_after: Duration = timedelta(hours=12)
    max_failure_ratio: float = Field(default=0.02, ge=0, le=1)
    retry: Annotated[tuple[Duration, ...], Field(min_length=1)] = (
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
    )
    linger: Duration = timedelta(minutes=1)


class Proof(Table):
    """Who gets the proof, and by when."""

    to: tuple[Mailbox, ...] = ()
    auto_before: Duration = timedelta(hours=14)


class Privacy(Table):
    """What is remembered about readers: nothing, unless said."""

    track_opens: bool = False
    track_clicks: bool = False
    log_addresses: bool = False
    log_retention: Duration = timedelta(days=90)


class Web(Table):
    """The listeners of the daemon."""

    public: Listener = "127.0.0.1:8000"
    admin: Listener = "127.0.0.1:8001"
    trusted_proxies: tuple[str, ...] = ()
    privacy: Privacy = Privacy()


class Checks(Table):
    """What the checks mind."""

    clients: tuple[str, ...] = ("apple-mail", "gmail", "outlook", "orange", "laposte")
    warn_html_kb: int = Field(default=85, ge=1)
    max_html_kb: int = Field(default=102, ge=1, le=102)
    ignore: tuple[str, ...] = ()


class Shape(Table):
    """What an edition usually has: sections by class or title, labels of its stories."""

    require: tuple[str, ...] = ()
    story: tuple[str, ...] = ()


class PublicationSettings(Table):
    """One ``[publications.ID]`` table."""

    name: Line = Field(min_length=1)
    sender: Mailbox = Field(alias="from", min_length=3)
    tagline: str = ""
    theme: str = "presse"
    url: str = ""
    subscribe_url: str = ""
    reply_to: Mailbox = ""
    return_path: Address = ""
    unsubscribe_to: Address = ""
    list_id: ListId = ""
    schedule: Schedule = ""
    timezone: Zone | None = None
    lang: Lang | None = None
    kicker: str = ""
    welcome: str = ""
    fallback_name: str = ""
    postal_address: str = ""
    audiences: tuple[Literal["free", "member"], ...] = ("free",)
    flags: tuple[str, ...] = ()
    endmatter: tuple[Literal["authors", "latest"], ...] = ()
    typography: Literal["", "fr", "en"] | None = None
    toc_links: Literal["web", "anchor", "none"] = "web"
    labels: dict[str, str] = {}
    tokens: dict[str, ColorPair] = {}
    shape: Shape = Shape()


class Settings(BaseSettings):
    """Everything that can be configured."""

    model_config = ConfigDict(extra="forbid", frozen=True)  # type: ignore[assignment]  # pydantic-settings widens the type

    site: Site = Site()
    relays: tuple[RelaySettings, ...] = ()
    dkim: tuple[DkimKey, ...] = ()
    lanes: dict[str, Lane] = {}
    storage: Storage = Storage()
    send: Send = Send()
    proof: Proof = Proof()
    web: Web = Web()
    checks: Checks = Checks()
    publications: dict[PublicationId, PublicationSettings] = {}

    @model_validator(mode="after")
    def _relays_and_keys_have_names_of_their_own(self) -> Settings:
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
        return self

    @classmethod
    def settings_customise_sources(cls, *_: Any, **sources: Any) -> tuple[Any, ...]:
        """Only what ``load`` hands over: it reads file and environment, with origins."""
        return (sources["init_settings"],)

    def publication(self, name: str) -> Publication:
        """The publication called *name*, its defaults filled in; KeyError."""
        table = self.publications[name]
        sender = read_mailbox(table.sender, what="from")
        lang = table.lang or self.site.lang
        return Publication(
            id=name,
            name=table.name,
            sender=table.sender,
            list_id=table.list_id or f"{name}.{sender.domain}",
            tagline=table.tagline,
            theme=table.theme,
            url=table.url,
            subscribe_url=table.subscribe_url or table.url,
            reply_to=table.reply_to,
            return_path=table.return_path or sender.address,
            unsubscribe_to=table.unsubscribe_to or f"unsubscribe@{sender.domain}",
            schedule=table.schedule,
            timezone=table.timezone or self.site.timezone,
            lang=lang,
            kicker=table.kicker,
            welcome=table.welcome,
            fallback_name=table.fallback_name,
            postal_address=table.postal_address or self.site.postal_address,
            audiences=tuple(Variant(audience) for audience in table.audiences),
            flags=table.flags,
            endmatter=table.endmatter,
            labels=dict(table.labels),
            tokens=dict(table.tokens),
            typography=lang if table.typography is None else table.typography,
            toc_links=table.toc_links,
            shape=EditionShape(require=table.shape.require, story=table.shape.story),
        )
