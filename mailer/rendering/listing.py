"""What the archive says of an edition where it lists and searches it: open words only.

Made of what the feed shows, which is cut before anything is written: members' text is
in no listing, and so in nothing that a search finds or quotes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain

from mailer.edition.model import Edition, Variant
from mailer.rendering.cut import cut
from mailer.rendering.model import Frozen, Rendering
from mailer.rendering.words import heard, minutes_for, reading_minutes

_TAG = re.compile(r"<[^>]*>")
_BETWEEN = re.compile(r"</(?:p|li|h2|h3|h4|td|th|figcaption|blockquote|caption)>|<br>")
_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 8
_BEFORE = 60
_AFTER = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An edition in a list. ``text`` is what everybody may read of its body, bare.

    ``edition`` is its name. ``is_open`` is False where the archive is for members:
    strangers read the head, and no ``text``. ``picture`` is the address of its cover.
    """

    edition: str
    publication: str
    slug: str
    title: str
    date: date
    summary: str = ""
    number: int | None = None
    minutes: int = 0
    lang: str = ""
    is_open: bool = True
    picture: str = ""
    text: str = field(default="", repr=False)

    @property
    def sought(self) -> str:
        """What a search looks through: title, summary and text as one hears them."""
        return f" {' '.join(heard(f'{self.title} {self.summary} {self.text}'))} "


def listing_of(frozen: Frozen) -> Listing | None:
    """How the archive lists *frozen*; None where it is closed.

    The time it takes to read is that of who may read it: of an archive for members,
    members'.
    """
    edition = frozen.edition
    feed = next((r for r in frozen.renderings if r.variant is Variant.FEED), None)
    if feed is None or feed.entry is None:
        return None
    is_open = edition.archive != "members"
    text = bare(feed.html) if is_open else ""
    return Listing(
        edition=edition.name,
        publication=edition.publication,
        slug=edition.slug,
        title=feed.entry.title,
        date=edition.date,
        summary=feed.entry.summary,
        number=edition.number,
        minutes=_minutes(edition, feed, is_open=is_open),
        lang=feed.lang,
        is_open=is_open,
        picture=feed.entry.picture or "",
        text=text,
    )


def _minutes(edition: Edition, feed: Rendering, *, is_open: bool) -> int:
    if not edition.sections and not edition.preface:  # thawed: its tree is gone
        return minutes_for(len(heard(bare(feed.html)))) if is_open else 0
    shown = cut(edition, Variant.WEB if is_open else Variant.MEMBER_WEB)
    return reading_minutes(shown)


def bare(page: str) -> str:
    """The words of *page* without markup, a space for every end of a block."""
    return " ".join(html.unescape(_TAG.sub("", _BETWEEN.sub(" ", page))).split())


def asked(query: str) -> tuple[str, ...]:
    """The words that a search for *query* looks for, each as the beginning of a word."""
    return tuple(dict.fromkeys(heard(query)))[:_MOST_WORDS]


def excerpt(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """Where *text* first says one of *words*: pieces, True for those that were asked for.

    Empty if it says none of them.
    """
    hits = _hits(text, tuple(words))
    first = next(hits, None)
    if first is None:
        return []
    begin, _ = first
    start = text.rfind(" ", 0, begin - _BEFORE) + 1 if begin > _BEFORE else 0
    end = text.find(" ", begin + _AFTER)
    end = len(text) if end < 0 else end
    pieces, at = [("…" if start else "", False)], start
    for begin, stop in chain([first], hits):
        if stop > end:
            break
        pieces += [(text[at:begin], False), (text[begin:stop], True)]
        at = stop
    pieces.append((text[at:end] + ("…" if end < len(text) else ""), False))
    return [piece for piece in pieces if piece[0]]


def _hits(text: str, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where each word of *text* stands that begins with one of *words*."""
    for found in _WORD.finditer(text):
        if any(word.startswith(words) for word in heard(found[0])):
            yield found.span()
