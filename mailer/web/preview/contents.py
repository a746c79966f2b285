"""What a preview tells of an edition beside the mail itself."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from mailer.edition.blocks import Source
from mailer.edition.model import Variant
from mailer.edition.outline import Entry, outline
from mailer.errors import Finding, Severity
from mailer.flows.editing.previewing import (
    LETTER,
    THEME,
    Beholder,
    Letter,
    Looked,
    Studio,
)
from mailer.flows.sending.faces import Face
from mailer.web.preview.view import Tab, View

_SOUGHT = 60  # characters that tell one passage from the others


_OF_PAGES = frozenset({Tab.SEEN, Tab.LINKS, Tab.OUTLINE, Tab.ORDER, Tab.CHANGES})
_OF_EDITIONS = frozenset({Tab.OUTLINE, Tab.CHANGES})


def home_of(name: str, studio: Studio) -> str:
    """Whose letters are listed: the publication of *name*, or the first there is."""
    publication = name.removeprefix(LETTER).partition("/")[0]
    known = [each.id for each, _ in studio.sheets()]
    return publication if publication in known else next(iter(known), "")


def tabs_of(looked: Looked, view: View) -> list[Tab]:
    """What there is to be seen: a page lies in no inbox, a letter has no manuscript.

    Of what could never be read, where and why.
    """
    if looked.assembled is None and looked.letter is None:
        return [Tab.SEEN]
    tabs = list(Tab)
    if looked.assembled is None:
        tabs = [each for each in tabs if each not in _OF_EDITIONS]
    if looked.assembled is not None and not view.variant.is_mail:
        tabs = [each for each in tabs if each in _OF_PAGES]
    if looked.name.startswith(THEME):
        tabs = [each for each in tabs if each is not Tab.CHANGES]
    return tabs


def variants_of(looked: Looked) -> list[Variant]:
    """Those that are mailed, then the page."""
    if looked.assembled is None:
        return []
    return shown_of([each.variant for each in looked.assembled.frozen.renderings])


def shown_of(built: Sequence[Variant]) -> list[Variant]:
    """Those of *built* that can be looked at: what is mailed, then the page."""
    return [v for v in built if v.is_mail] + [v for v in built if v is Variant.WEB]


def fitting(view: View, looked: Looked, who: Beholder) -> View:
    """*view* of what there is: a members' edition has no free one, a page no headers.

    A reader has the variant that they get.
    """
    there = variants_of(looked)
    if isinstance(who, Face) and who.variant is not None:
        view = replace(view, variant=who.variant)
    if there and view.variant not in there:
        view = replace(view, variant=there[0])
    return view if view.tab in tabs_of(looked, view) else replace(view, tab=Tab.SEEN)


def letter_of(
    studio: Studio, looked: Looked, view: View, who: Beholder
) -> Letter | None:
    """What is shown of *looked*: a message, a page, or nothing yet."""
    if looked.letter is not None or looked.assembled is None:
        return looked.letter
    if not view.variant.is_mail:
        return studio.web_page(looked.name, view.variant)
    return studio.message(looked.name, view.variant, who)


def outline_of(looked: Looked) -> list[Entry]:
    """What each line of the manuscript became; nothing, where it cannot be read."""
    return outline(looked.assembled.edition) if looked.assembled else []


def words_at(entries: Sequence[Entry], line: int) -> str:
    """What is said where *line* of the manuscript stands, to be looked for in the mail."""
    said = [e.words for e in entries if e.words and 0 < e.at.line <= line]
    return said[-1][:_SOUGHT] if said else ""


def entry_saying(entries: Sequence[Entry], words: str) -> Entry | None:
    """The entry that *words* are most likely of: whose beginning they hold, the longest."""
    heard = _letters(words)
    told = [(_letters(e.words)[:_SOUGHT], e) for e in entries]
    fitting = [
        (said, e) for said, e in told if said and (said in heard or heard in said)
    ]
    return max(fitting, key=lambda each: len(each[0]), default=("", None))[1]


def place_of(looked: Looked, words: str) -> Source | None:
    """Where *words* of the mail were written: a block, or a line of the front matter."""
    if (entry := entry_saying(outline_of(looked), words)) is not None:
        return entry.at
    sought = _letters(words)[:_SOUGHT]
    if looked.assembled is None or not sought:
        return None
    for file, text in looked.assembled.edition.sources.items():
        for number, line in enumerate(text.splitlines(), 1):
            if sought in _letters(line):
                return Source(file, number)
    return None


def _letters(words: str) -> str:
    """*words* without what typesetting changes: case, spaces, marks."""
    return "".join(filter(str.isalnum, words.casefold()))


def findings_of(looked: Looked, severity: Severity) -> list[Finding]:
    """What is wrong with it as it is written, of that weight."""
    findings = looked.faults or (looked.assembled.findings if looked.assembled else ())
    return [each for each in findings if each.severity is severity]


def links_of(letter: Letter) -> list[tuple[str, str]]:
    """Every link of the HTML in its order: what is read, and where it leads."""
    found = re.findall(
        r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', letter.html, re.DOTALL
    )
    return [(_words(inside), html.unescape(href)) for href, inside in found]


def _words(inside: str) -> str:
    alt = re.search(r'\balt="([^"]*)"', inside)
    said = html.unescape(re.sub(r"<[^>]+>", "", inside)).strip()
    return " ".join(said.split()) or (html.unescape(alt[1]) if alt else "")
