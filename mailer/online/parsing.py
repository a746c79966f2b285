"""The door to feedparser, in a process of its own: ``python -m mailer.online.parsing``.

What strangers publish may be built to take for ever or to fill the memory; here it can
only kill a child that has neither much of either, nor anything to lose. Bytes on stdin,
JSON on stdout: ``entries``, ``title``, or a ``fault``.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from time import struct_time
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

MOST_ENTRIES = 200
_MOST_DEPTH = 100
_MOST_ELEMENTS = 50_000
_MEMORY = 512 * 1024 * 1024
_SECONDS = 5
_LONGEST = 20_000  # characters of one text
_BREAKING = frozenset({"p", "br", "div", "li", "h1", "h2", "h3", "h4", "td", "tr"})
_TAG = re.compile(r"</[A-Za-z]|<[A-Za-z][^<>]*>")
_SILENT = frozenset({"script", "style", "template", "head", "iframe"})


class _Words(HTMLParser):
    """The words of a piece of HTML, without what is not read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - its shape
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKING:
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKING:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def parsed(content: bytes, url: str) -> dict[str, Any]:
    """What *content*, got from *url*, says as a feed."""
    import feedparser

    content = content.lstrip()
    if line := _broken_at(content):
        return {"fault": "broken", "line": line}
    # A stream: given bytes, feedparser would try to open them as a file's name.
    found = feedparser.parse(
        io.BytesIO(content), response_headers={"content-location": url}
    )
    if not found.version:
        return {"fault": "no feed"}
    return {
        "title": _plain(found.feed.get("title_detail")),
        "entries": [_entry(each) for each in found.entries[:MOST_ENTRIES]],
    }


def _broken_at(content: bytes) -> int:
    """The line from which *content* is no XML, or none of a feed's; 0 if it is.

    feedparser would guess what broken XML means, and takes a minute over what is made
    to be guessed at. Whoever declares entities wants to write a lot with few letters.
    """
    depth = count = 0

    def refuse(*_: object) -> None:
        raise ExpatError

    def enter(*_: object) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > _MOST_DEPTH or count > _MOST_ELEMENTS:
            raise ExpatError

    def leave(_: str) -> None:
        nonlocal depth
        depth -= 1

    reader = ParserCreate()
    reader.EntityDeclHandler = refuse
    reader.StartElementHandler = enter
    reader.EndElementHandler = leave
    try:
        reader.Parse(content, True)
    except (ExpatError, ValueError, LookupError):
        return reader.CurrentLineNumber
    return 0


def _entry(entry: Mapping[str, Any]) -> dict[str, str]:
    content = entry.get("content") or [None]
    when = entry.get("published_parsed") or entry.get("updated_parsed")
    return {
        "id": str(entry.get("id", ""))[:_LONGEST],
        "title": _plain(entry.get("title_detail")),
        "link": str(entry.get("link", ""))[:_LONGEST],
        "text": _plain(entry.get("summary_detail")) or _plain(content[0]),
        "author": str(entry.get("author", ""))[:_LONGEST],
        "published": _moment(when),
    }


def _plain(detail: Mapping[str, Any] | None) -> str:
    """The words of a text construct, by the type it says or seems to have."""
    if not detail:
        return ""
    value = str(detail.get("value", ""))[: 10 * _LONGEST]
    if "html" not in str(detail.get("type", "")) and not _TAG.search(value):
        return value[:_LONGEST]
    words = _Words()
    words.feed(value)
    words.close()
    return "".join(words.words)[:_LONGEST]


def _moment(when: struct_time | None) -> str:
    if when is None:
        return ""
    try:
        return datetime(*when[:6], tzinfo=UTC).isoformat()
    except (ValueError, TypeError):
        return ""


def main() -> None:
    """Read, parse, tell."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    content = sys.stdin.buffer.read()
    sys.stdout.write(json.dumps(parsed(content, sys.argv[1])))


if __name__ == "__main__":
    main()
