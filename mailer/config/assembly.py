"""The settings of ``mailer assemble``: features, feeds, and when a draft is made."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from mailer.config.table import Table
from mailer.config.values import Duration, Line, Name
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


def _template(*fields: str) -> AfterValidator:
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

    return AfterValidator(check)


class FeedSettings(Table):
    """One ``[feeds.NAME]`` table: an RSS or Atom feed, and how far it may reach."""

    url: Annotated[str, AfterValidator(_feed_url)]
    private: bool = False


class AssemblySettings(Table):
    """``[publications.ID.assembly]``: what a draft that we make is called, and when."""

    before: Duration = timedelta()
    title: Annotated[Line, _template(*TITLE_FIELDS)] = ""
    subtitle: Annotated[Line, _template(*TITLE_FIELDS)] = ""


class FeatureSettings(Table):
    """One ``[[publications.ID.features]]`` table: a section that comes back."""

    name: Name
    source: Literal["hand", "inbox", "feed", "sponsors", "poll"]
    title: Annotated[Line, _template(*FIELDS)] = ""
    kind: Annotated[str, Field(alias="class", pattern=r"^[a-z0-9-]*$")] = ""
    standfirst: Line = ""
    form: Literal["brief", "item", "story", "prose"] = "brief"
    item: Annotated[str, _template(*FIELDS)] = ""
    count: int = Field(default=6, ge=1, le=50)
    feeds: tuple[str, ...] = ()
    window: Duration = timedelta(days=7)
    words: int = Field(default=50, ge=0, le=1000)

    @model_validator(mode="after")
    def _feeds_feed(self) -> FeatureSettings:
        if bool(self.feeds) != (self.source == "feed"):
            message = say('feeds = ["…"] belongs to source = "feed", and to it alone')
            raise ValueError(message)
        return self


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
