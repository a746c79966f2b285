"""The archive as feeds: Atom (RFC 4287) and RSS 2.0, with the whole free text.

An entry is known by a name that never changes, whatever becomes of our address: made
of the list and the edition, not of the site. What XML cannot hold is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from mailer.edition.model import Publication
from mailer.rendering.model import FeedEntry

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_CREATOR = "http://purl.org/dc/elements/1.1/"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

for _prefix, _space in (("atom", _ATOM), ("content", _CONTENT), ("dc", _CREATOR)):
    ET.register_namespace(_prefix, _space)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An edition in a feed; ``slug`` names it for ever, ``url`` is its page."""

    slug: str
    url: str
    entry: FeedEntry
    html: str
    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A publication's feed at ``address``; ``site`` is the page it stands for.

    ``updated`` is that of its newest item, or anything that holds for an empty feed.
    """

    publication: Publication
    address: str
    site: str
    updated: datetime
    items: Sequence[Item]


def atom(channel: Channel) -> bytes:
    """*channel* as Atom; every element that RFC 4287 section 4.1 requires is there."""
    publication = channel.publication
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": publication.lang})
    _add(feed, "id", _name_of(publication))
    _add(feed, "title", publication.name)
    if publication.tagline:
        _add(feed, "subtitle", publication.tagline)
    _add(feed, "updated", channel.updated.isoformat())
    _add(feed, "link", rel="self", type="application/atom+xml", href=channel.address)
    _add(feed, "link", rel="alternate", type="text/html", href=channel.site)
    _add(_add(feed, "author"), "name", publication.name)
    _add(feed, "generator", "mailer")
    for item in channel.items:
        _atom_entry(feed, publication, item)
    return _written(feed)


def _atom_entry(feed: ET.Element, publication: Publication, item: Item) -> None:
    told = _add(feed, "entry")
    _add(told, "id", _name_of(publication, item))
    _add(told, "title", item.entry.title)
    _add(told, "link", rel="alternate", type="text/html", href=item.url)
    _add(told, "published", item.published.isoformat())
    _add(told, "updated", item.updated.isoformat())
    for author in item.entry.authors:
        _add(_add(told, "author"), "name", author)
    for tag in item.entry.tags:
        _add(told, "category", term=tag)
    _add(told, "summary", item.entry.summary)
    _add(told, "content", item.html, type="html")


def rss(channel: Channel) -> bytes:
    """*channel* as RSS 2.0, with content:encoded and the feed's own address."""
    publication = channel.publication
    feed = ET.Element("rss", {"version": "2.0"})
    told = _add(feed, "channel")
    _add(told, "title", publication.name)
    _add(told, "link", channel.site)
    _add(told, "description", publication.tagline or publication.name)
    _add(told, "language", publication.lang)
    _add(told, "lastBuildDate", format_datetime(channel.updated))
    _add(told, "generator", "mailer")
    own = {"rel": "self", "type": "application/rss+xml", "href": channel.address}
    _add(told, f"{{{_ATOM}}}link", **own)
    for item in channel.items:
        _rss_item(told, publication, item)
    return _written(feed)


def _rss_item(channel: ET.Element, publication: Publication, item: Item) -> None:
    told = _add(channel, "item")
    _add(told, "title", item.entry.title)
    _add(told, "link", item.url)
    _add(told, "guid", _name_of(publication, item), isPermaLink="false")
    _add(told, "pubDate", format_datetime(item.published))
    for author in item.entry.authors:
        _add(told, f"{{{_CREATOR}}}creator", author)
    for tag in item.entry.tags:
        _add(told, "category", tag)
    _add(told, "description", item.entry.summary)
    _add(told, f"{{{_CONTENT}}}encoded", item.html)


def _name_of(publication: Publication, item: Item | None = None) -> str:
    """The lasting name of the feed, or of an item of it."""
    named = (
        publication.list_id if item is None else f"{publication.list_id}/{item.slug}"
    )
    return uuid5(NAMESPACE_URL, named).urn


def _add(parent: ET.Element, tag: str, text: str = "", **said: str) -> ET.Element:
    known = {name: _NOT_XML.sub("", value) for name, value in said.items()}
    element = ET.SubElement(parent, tag, known)
    element.text = _NOT_XML.sub("", text) or None
    return element


def _written(feed: ET.Element) -> bytes:
    written: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written
