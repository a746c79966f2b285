"""An item of the inbox: a few keys between two ``---`` if there is something to say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

from mailer.edition.blocks import Source
from mailer.edition.characters import on_one_line
from mailer.edition.feature import Form
from mailer.edition.gathering.piece import Piece
from mailer.edition.gathering.sorting import Item
from mailer.edition.reading.frontmatter import compose_head, split_head, typed_value
from mailer.edition.reading.markdown import clean, is_writable
from mailer.edition.reading.notes import Notes
from mailer.phrases import did_you_mean, say

KEYS = (
    "section",
    "kind",
    "title",
    "link",
    "author",
    "date",
    "picture",
    "alt",
    "caption",
)
"""What the head of an item may say."""

_HEADING = re.compile(r"#{1,3}[ \t]+(.*?)[ \t#]*\n?$")
_PICTURE = re.compile(r"!\[[^\]]*\]\((?:<([^>\n]+)>|([^)\s>]+))")


def read_item(text: str, *, name: str, picture: str = "", gap: str = "") -> Item:
    """The item that *text* says; EditionError with every fault of it.

    *picture* lies beside it under the same name and goes with it; *gap* is what stands
    for an alternative text that nobody gave.
    """
    text = clean(text)
    notes = Notes(name, lines=text.split("\n"))
    is_writable(text, notes)
    notes.raise_errors()
    head, offset = split_head(text)
    said = _head(head, notes) if head.strip() else {}
    form = _form(said.get("kind", ""), notes)
    day = _day(said.get("date", ""), notes)
    link = _link(said.get("link", ""), notes)
    notes.raise_errors()
    title, body = said.get("title", ""), "\n".join(notes.lines[offset:]).strip("\n")
    first, _, rest = body.partition("\n")
    if not title and (heading := _HEADING.fullmatch(first)):
        title, body = heading[1], rest.strip("\n")
    piece = Piece(
        name=name,
        title=on_one_line(title),
        text=body.rstrip(),
        link=link,
        author=said.get("author", ""),
        day=day,
        form=form,
    )
    shown = said.get("picture", "") or picture
    if shown and shown not in pictures_in(body):
        words = said.get("alt") or gap
        caption = said.get("caption", "").replace('"', "”")
        quoted = f' "{caption}"' if caption else ""
        piece = replace(piece, picture=f"![{words}]({_target(shown)}{quoted})")
    return Item(piece=piece, section=said.get("section", ""))


def pictures_in(text: str) -> list[str]:
    """The files that *text* shows, in order, those of the wide world left out."""
    found = (match[1] or match[2] for match in _PICTURE.finditer(text))
    return list(dict.fromkeys(name for name in found if ":" not in name))


def _target(name: str) -> str:
    return f"<{name}>" if re.search(r"[\s()]", name) else name


def _head(head: str, notes: Notes) -> dict[str, str]:
    node = compose_head(head, notes)
    said: dict[str, str] = {}
    for key_node, value_node in node.value if node else ():
        mark = key_node.start_mark
        at = Source(notes.file, mark.line + 2, mark.column + 1)
        key = str(key_node.value)
        if key not in KEYS:
            hint = did_you_mean(key, KEYS)
            notes.error("meta-unknown-key", at, say("unknown key {key}", key=key), hint)
            continue
        try:
            value = typed_value(value_node)
        except ValueError as error:
            notes.error("meta-value", at, say("{key}: {error}", key=key, error=error))
            continue
        if not isinstance(value, str):
            message = say("one line of text is expected")
            notes.error("meta-value", at, say("{key}: {error}", key=key, error=message))
            continue
        said[key] = on_one_line(value)
    return said


def _form(said: str, notes: Notes) -> Form | None:
    if not said:
        return None
    if said in set(Form):
        return Form(said)
    message = say(
        "{value} is none of {names}", value=said, names=", ".join(map(str, Form))
    )
    notes.error("meta-value", _at(notes, "kind"), message)
    return None


def _day(said: str, notes: Notes) -> date | None:
    if not said:
        return None
    try:
        return date.fromisoformat(said)
    except ValueError:
        message = say("{value} is no date: write it as 2026-03-14", value=said)
        notes.error("meta-value", _at(notes, "date"), message)
        return None


def _link(said: str, notes: Notes) -> str:
    if not said:
        return ""
    try:
        parts = urlsplit(said)
        is_link = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_link = False
    if not is_link or re.search(r"[\s<>()]", said):
        message = say("{value} is no address: write https://…", value=said)
        notes.error("meta-value", _at(notes, "link"), message)
        return ""
    return said


def _at(notes: Notes, key: str) -> Source:
    """The line on which *key* is said."""
    for number, line in enumerate(notes.lines):
        if line.startswith(f"{key}:"):
            return Source(notes.file, number + 1)
    return Source(notes.file, 1)
