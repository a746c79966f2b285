"""The settings of ``mailer assemble``: features, feeds, and when a draft is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from mailer.config.values import Duration, Line, Name, between, spelled
from mailer.edition.feature import (
    FIELDS,
    TITLE_FIELDS,
    Assembly,
    Feature,
    Form,
    Supply,
    holes_in,
)
from mailer.phrases import did_you_mean, say
from mailer.reading import After, Key, Table


def _is_feed_address(value: str) -> bool:
    """Scheme, host and path of the web, no name and no password, nothing to be encoded."""
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
        return (
            is_web
            and parts.username is None
            and (parts.port is None or parts.port > 0)
            and re.search(r"[^!-~]", value) is None
        )
    except ValueError:
        return False


def _feed_url(value: str) -> str:
    if not _is_feed_address(value):
        message = say("{value} is no address: write https://…", value=repr(value))
        raise ValueError(message)
    return value


_CLASS = spelled(r"[a-z0-9-]*", say("is small letters, digits and -"))


def _template(*fields: str) -> After:
    """A check that nothing but *fields* stands between braces."""

    def check(value: str) -> str:
        for name in holes_in(value):
            if name not in fields:
                message = say(
                    "no field {name}: {hint}",
                    name=f"{{{name}}}",
                    hint=did_you_mean(name, fields),
                )
                raise ValueError(message)
        return value

    return After(check)


@dataclass(frozen=True, kw_only=True)
class FeedSettings(Table):
    """One ``[feeds.NAME]`` table: an RSS or Atom feed, and how far it may reach."""

    url: Annotated[str, After(_feed_url)]
    private: bool = False


@dataclass(frozen=True, kw_only=True)
class AssemblySettings(Table):
    """``[publications.ID.assembly]``: what a draft that we make is called, and when."""

    before: Duration = timedelta()
    title: Annotated[Line, _template(*TITLE_FIELDS)] = ""
    subtitle: Annotated[Line, _template(*TITLE_FIELDS)] = ""


@dataclass(frozen=True, kw_only=True)
class FeatureSettings(Table):
    """One ``[[publications.ID.features]]`` table: a section that comes back."""

    name: Name
    source: Literal["hand", "inbox", "feed", "sponsors", "poll"]
    title: Annotated[Line, _template(*FIELDS)] = ""
    kind: Annotated[str, Key("class"), _CLASS] = ""
    standfirst: Line = ""
    form: Literal["brief", "item", "story", "prose"] = "brief"
    item: Annotated[str, _template(*FIELDS)] = ""
    count: Annotated[int, between(1, 50)] = 6
    feeds: tuple[str, ...] = ()
    window: Duration = timedelta(days=7)
    words: Annotated[int, between(0, 1000)] = 50

    def __post_init__(self) -> None:
        if bool(self.feeds) != (self.source == "feed"):
            message = say('feeds = ["…"] belongs to source = "feed", and to it alone')
            raise ValueError(message)


def assembly_of(
    settings: AssemblySettings, features: tuple[FeatureSettings, ...]
) -> Assembly:
    """What a publication's tables say, as the core reads it."""
    return Assembly(
        before=settings.before,
        title=settings.title,
        subtitle=settings.subtitle,
        features=tuple(
            Feature(
                name=each.name,
                supply=Supply(each.source),
                title=each.title,
                kind=each.kind,
                standfirst=each.standfirst,
                form=Form(each.form),
                item=each.item,
                count=each.count,
                feeds=each.feeds,
                window=each.window,
                words=each.words,
            )
            for each in features
        ),
    )
