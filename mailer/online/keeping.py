"""What feeds said last, a file each: for conditional requests, and for bad days."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailer.edition.gathering.entries import Entry, Feed
from mailer.files import replacing
from mailer.phrases import Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the feed at ``url`` told ``at`` some moment, as the parser gave it."""

    url: str
    etag: str
    modified: str
    at: datetime
    told: Mapping[str, object]


def kept(folder: Path, url: str) -> Kept | None:
    """What is kept of the feed at *url*; None where nothing can be understood."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        row = json.loads(_file(folder, url).read_text("utf-8"))
        found = Kept(
            url=str(row["url"]),
            etag=str(row["etag"]),
            modified=str(row["modified"]),
            at=datetime.fromisoformat(row["at"]),
            told=dict(row["told"]),
        )
        if found.url == url and found.at.tzinfo is not None:
            return found
    return None


def keep(folder: Path, what: Kept) -> None:
    """Keep *what*; a memory that cannot be kept is no reason to fail."""
    row = {
        "schema": 1,
        "url": what.url,
        "etag": what.etag,
        "modified": what.modified,
        "at": what.at.isoformat(),
        "told": dict(what.told),
    }
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(_file(folder, what.url)) as out:
            out.write(json.dumps(row).encode())


def feed_of(
    name: str, what: Kept | None, *, fault: Phrase | None = None, moved: str = ""
) -> Feed:
    """*what* was told as a feed of ours, with the *fault* of today."""
    if what is None:
        return Feed(name=name, fault=fault)
    rows = what.told.get("entries")
    entries = (
        [_entry(row) for row in rows if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )
    return Feed(
        name=name,
        title=str(what.told.get("title", "")),
        entries=tuple(entries),
        fault=fault,
        as_of=what.at,
        moved=moved,
    )


def _entry(row: Mapping[str, object]) -> Entry:
    words = {
        key: str(row.get(key, "")) for key in ("id", "title", "link", "text", "author")
    }
    return Entry(**words, published=_moment(str(row.get("published", ""))))


def _moment(text: str) -> datetime | None:
    with suppress(ValueError):
        when = datetime.fromisoformat(text)
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    return None


def _file(folder: Path, url: str) -> Path:
    return folder / f"{hashlib.sha256(url.encode()).hexdigest()[:24]}.json"
