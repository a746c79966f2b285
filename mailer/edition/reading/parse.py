"""From the files of an edition to its tree, or to every fault of them at once.

``markdown`` reads CommonMark with tables and fenced directives, ``build`` gives each of
its nodes a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mailer.edition.blocks import Inlines, Source
from mailer.edition.model import Edition, Publication
from mailer.edition.reading.build import Builder
from mailer.edition.reading.frontmatter import Values, read_head, split_head
from mailer.edition.reading.known import Known
from mailer.edition.reading.markdown import clean, is_writable, read_line, read_markdown
from mailer.edition.reading.notes import Notes
from mailer.phrases import say

_HEAD = re.compile(r"\s*[\w-]+\s*:(\s|$)")  # a --- that opens no rule, but keys
_FOLDER = re.compile(r"(?:\d{4}-\d{2}-\d{2}-?)?(.*)")


def parse_edition(
    text: str,
    *,
    file: str,
    folder: str,
    publication: Publication,
    authors: Collection[str] = (),
    files: Collection[str] = (),
    further: Mapping[str, str] | None = None,
    snippets: Mapping[str, str] | None = None,
    theme_blocks: Mapping[str, Collection[str]] | None = None,
    colors: Collection[str] = (),
) -> Edition:
    """The edition that *text* says; EditionError with every fault it has.

    *further* files, by name, go on where *text* ends. What may be referred to: *authors* are the keys of ``authors.toml``, *files* the
    names beside *file*, *snippets* texts by name, *theme_blocks* the channels of each
    block of the theme, *colors* the names it gives them. What is doubtful but not wrong comes back in
    ``Edition.warnings``.
    """
    known = Known(
        publication=publication,
        authors=authors,
        files=files,
        snippets=snippets or {},
        theme_blocks=theme_blocks or {},
        colors=colors,
    )
    text = clean(text)
    notes = Notes(file, lines=text.split("\n"))
    if not is_writable(text, notes):
        notes.raise_errors()
    head, offset = split_head(text)
    values = read_head(head, notes, known)
    notes.offset = offset
    builder = Builder(known, notes)
    builder.read(read_markdown("\n".join(notes.lines[offset:]), notes), notes)
    sources = {file: text}
    for name, more in (further or {}).items():
        sources[name] = clean(more)
        _read_further(sources[name], notes.beside(name, sources[name]), builder)
    notes.raise_errors()
    preface, sections = builder.body()
    return Edition(
        at=Source(file, 1),
        publication=publication.id,
        folder=folder,
        preface=preface,
        sections=sections,
        warnings=notes.warnings,
        sources={**sources, **builder.inserted},
        **dict(_fields(values, folder, known)),
    )


def _read_further(text: str, notes: Notes, builder: Builder) -> None:
    """Take in a file that goes on with an edition: no head, no directive left open."""
    if not is_writable(text, notes):
        return
    if _HEAD.match(split_head(text)[0]):
        message = say("only the first file of an edition has a front matter")
        hint = say("move its keys there, and begin this one with its text")
        notes.error("meta-place", notes.at(0), message, hint)
        return
    builder.read(read_markdown(text, notes), notes)


def parse_inline(text: str, *, at: Source) -> Inlines:
    """One line of Markdown, as authors' invitations are; EditionError."""
    notes = Notes(at.file, at.line - 1)
    nodes = read_line(text, notes)
    notes.raise_errors()
    return nodes


def _fields(values: Values, folder: str, known: Known) -> Iterator[tuple[str, Any]]:
    """The head's keys under the names of Edition's fields."""
    if cover := values.get("cover"):
        values["cover"] = replace(cover, src=known.file(cover.src))
    names = {"from": "sender", "theme": "tokens", "checks": "ignored_checks"}
    for key, value in values.items():
        if key != "publication":
            yield names.get(key, key), value
    if "slug" not in values:
        match = _FOLDER.fullmatch(folder)
        yield "slug", (match[1] if match else "") or folder
