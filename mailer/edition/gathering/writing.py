"""A feature and its pieces, as somebody would have typed them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import assert_never

from mailer.edition.drafts.skeleton import Pen, section_lines
from mailer.edition.feature import Feature, Form, filled
from mailer.edition.gathering.piece import Piece
from mailer.edition.model import Publication
from mailer.edition.reading.recognise import folded
from mailer.language import day_and_month


def feature_text(
    feature: Feature, pieces: Sequence[Piece], pen: Pen, flags: Sequence[str] = ()
) -> str:
    """The Markdown of *feature* filled with *pieces*; empty where there are none.

    A brief whose title begins with one of the publication's *flags* is a flagged one.
    """
    if not pieces:
        return ""
    lines: list[str] = []
    if feature.title:
        title = filled(feature.title, _values(pieces[0], pen))
        mark = f" {{.{feature.kind}}}" if feature.kind else ""
        lines += [f"# {title.strip()}{mark}", ""]
    if feature.standfirst:
        lines += [f"*{feature.standfirst}*", ""]
    tight = False
    for piece in pieces:
        form = piece.form or feature.form
        written = (
            filled(feature.item, _values(piece, pen))
            if feature.item and piece.form is None
            else _written(piece, form, flags)
        ).strip("\n")
        is_listed = written.startswith("- ") and "\n\n" not in written
        if not (tight and is_listed) and lines and lines[-1]:
            lines.append("")
        tight = is_listed
        lines += written.split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def hand_text(
    feature: Feature, publication: Publication, authors: Sequence[str], pen: Pen
) -> str:
    """The gaps of a *feature* that somebody writes."""
    heading, *below = section_lines(
        feature.kind or feature.title, publication, authors, pen
    )
    if feature.title:
        mark = f" {{.{feature.kind}}}" if feature.kind else ""
        heading = f"# {feature.title}{mark}"
    return "\n".join([heading, *below]).strip("\n") + "\n"


def _written(piece: Piece, form: Form, flags: Sequence[str]) -> str:
    match form:
        case Form.BRIEF:
            return _brief(piece, flags)
        case Form.ITEM:
            return _item(piece)
        case Form.STORY:
            return _below(piece, f"## {piece.title}" if piece.title else "")
        case Form.PROSE:
            return _below(piece, f"### {piece.title}" if piece.title else "")
    assert_never(form)


def _brief(piece: Piece, flags: Sequence[str]) -> str:
    """``- **Slug** • text``; a picture, or a text without a title, stands by itself."""
    if not piece.title:
        return _below(piece, "")
    is_credited = bool(piece.link and piece.origin)
    slug = piece.title
    if piece.link and not is_credited:
        slug = f"[{slug}]({piece.link})"
    is_flagged = any(
        re.match(rf"{re.escape(folded(flag))}\s*:", folded(slug)) for flag in flags
    )
    slug = f"**{slug}**" if is_flagged else f"**{slug}** •"
    line = " ".join(filter(None, (slug, _indented(piece.text))))
    if is_credited:
        line += f" [{piece.origin}]({piece.link})"
    listed = f"- {line}"
    return f"{piece.picture}\n\n{listed}" if piece.picture else listed


def _item(piece: Piece) -> str:
    title = f"[{piece.title}]({piece.link})" if piece.link else piece.title
    if piece.origin:
        title += f" ({piece.origin})"
    words = " – ".join(filter(None, (title, _indented(piece.text))))
    return f"- {words}" if words else piece.picture


def _below(piece: Piece, heading: str) -> str:
    link = f"[{piece.origin or piece.title or piece.link}]({piece.link})"
    parts = [heading, piece.picture, piece.text, link if piece.link else ""]
    return "\n\n".join(part for part in parts if part)


def _indented(text: str) -> str:
    """*text* as it goes on within an item of a list."""
    return text.strip().replace("\n", "\n  ")


def _values(piece: Piece, pen: Pen) -> dict[str, str]:
    return {
        "title": piece.title,
        "text": piece.text.strip(),
        "link": piece.link,
        "origin": piece.origin,
        "author": piece.author,
        "date": _day(piece.day, pen),
        "picture": piece.picture,
    }


def _day(day: date | None, pen: Pen) -> str:
    return day_and_month(day, pen.sentences.lang) if day else ""
