"""Checks of links, without asking the network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailer.edition.blocks import Box, Button, Figure, Link, Source, Sponsor, plain
from mailer.edition.finding import warning
from mailer.edition.model import Edition
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.inspection import Inspection

_AT_HOME = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads, the words that lead there, and where it was written."""

    href: str
    words: str
    at: Source


def targets_of(edition: Edition) -> Iterator[Target]:
    """Every link of *edition* in the order of its text, those of directives too."""
    for link in links_of((edition.preface, edition.sections)):
        yield Target(link.href, plain(link.children), link.at)
    for block in edition.every_block():
        match block:
            case Button(words=words, href=href):
                yield Target(href, plain(words), block.at)
            case Box(button=words, href=str(href)) | Sponsor(button=words, href=href):
                if href:
                    yield Target(href, words, block.at)
            case Figure(href=href) if href:
                yield Target(href, "", block.at)


def check_links(inspection: Inspection) -> Iterator[Finding]:
    """Findings about where links lead and what they say."""
    for target in targets_of(inspection.edition):
        at, column = inspection.column(target.at, target.href)
        words = target.words.strip(" .…!»→>")
        if words.casefold() in inspection.lexicon.links:
            message = say("“{words}” says nothing read alone", words=words)
            hint = say("say what is there")
            yield warning("link-generic", at, message, hint, column=column)
        host = host_of(target.href)
        if host and is_at_home(host):
            message = say("{host} is a machine that readers cannot reach", host=host)
            yield warning("link-localhost", at, message, column=column)
        elif target.href.lower().startswith("http://"):
            message = say("{host} is linked without encryption", host=host)
            hint = say("write https://")
            yield warning("link-http", at, message, hint, column=column)


def links_of(value: object) -> Iterator[Link]:
    """Every link below *value*."""
    if isinstance(value, Link):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from links_of(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from links_of(getattr(value, name))


def host_of(href: str) -> str:
    """The host that *href* leads to, in small letters; empty if it leads to none."""
    try:
        return (urlsplit(href).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def is_at_home(host: str) -> bool:
    """Whether *host* is known on one machine or in one house only."""
    if host == "localhost" or host.endswith(_AT_HOME):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not address.is_global
