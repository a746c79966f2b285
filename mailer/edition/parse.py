"""From a Markdown file to an Edition, or to every fault of the file at once.

markdown-it reads CommonMark with tables and fenced directives; this module gives each
of its blocks a meaning. A new kind of block is one class in ``blocks``, one clause here
and its templates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.container import container_plugin

from mailer.edition.blocks import Inlines, Source
from mailer.edition.build import Builder
from mailer.edition.characters import unwritable
from mailer.edition.directives import check_fences
from mailer.edition.frontmatter import Known, Values, read_head, split_head
from mailer.edition.inlines import InlineReader, shelter_links
from mailer.edition.model import Edition, Publication
from mailer.edition.notes import Notes
from mailer.edition.prose import Context
from mailer.phrases import say

_MAX_CHARACTERS = 1_000_000  # a long novel; more is a mistake
_MAX_DEPTH = 50  # nobody nests by hand like this
_FOLDER = re.compile(r"(?:\d{4}-\d{2}-\d{2}-?)?(.*)")


def parse_edition(
    text: str,
    *,
    file: str,
    folder: str,
    publication: Publication,
    authors: Collection[str],
    files: Collection[str],
) -> Edition:
    """The edition that *text* says; EditionError with every fault it has.

    *authors* are the keys of ``authors.toml``, *files* the names beside *file*. What
    is doubtful but not wrong comes back in ``Edition.warnings``.
    """
    notes = Notes(file)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not _is_writable(text, notes):
        notes.raise_errors()
    head, offset = split_head(text)
    known = Known(publication=publication, authors=authors, files=files)
    values = read_head(head, notes, known)
    notes.offset = offset
    body = "\n".join(text.split("\n")[offset:])
    builder = Builder(
        Context(
            notes=notes,
            flags=publication.flags,
            labels=publication.labels,
            authors=authors,
            files=files,
        )
    )
    if check_fences(body, notes):
        env: dict[str, Any] = {}
        tokens = _MARKDOWN.parse(shelter_links(body), env)
        _check_references(env, notes)
        if _is_shallow(tokens, notes):
            builder.read(tokens)
    notes.raise_errors()
    preface, sections = builder.body()
    return Edition(
        at=Source(file, 1),
        publication=publication.id,
        folder=folder,
        preface=preface,
        sections=sections,
        warnings=notes.warnings,
        **dict(_fields(values, folder)),
    )


def parse_inline(text: str, *, at: Source) -> Inlines:
    """One line of Markdown, as authors' invitations are; EditionError."""
    notes = Notes(at.file, at.line - 1)
    nodes: Inlines = ()
    if fault := unwritable(text):
        notes.error("encoding-c1", at, fault)
    tokens = _MARKDOWN.parseInline(shelter_links(" ".join(text.split())))
    if _is_shallow(tokens, notes):
        for token in tokens:
            nodes = InlineReader(notes, 0).read(token.children or [])
    notes.raise_errors()
    return nodes


def _is_writable(text: str, notes: Notes) -> bool:
    """Whether *text* can stand in a mail at all: no control character, no monster."""
    if len(text) > _MAX_CHARACTERS:
        message = say(
            "the file has {count} characters; more than {most} are too many",
            count=len(text),
            most=_MAX_CHARACTERS,
        )
        notes.error("file-too-big", Source(notes.file, 0), message)
        return False
    for number, line in enumerate(text.split("\n")):
        if fault := unwritable(line):
            hint = say("pasted from elsewhere? retype that word")
            notes.error("encoding-c1", notes.at(number), fault, hint)
    return not notes.findings


def _check_references(env: dict[str, Any], notes: Notes) -> None:
    """``[Note]: words`` looks like prose, and Markdown would swallow it."""
    for reference in env.get("references", {}).values():
        line = reference["map"][0]
        InlineReader(notes, line).href(str(reference["href"]), line)


def _is_shallow(tokens: Sequence[Token], notes: Notes) -> bool:
    """Whether nothing is nested so deep that the parser would drop it unsaid."""
    line = 0
    for token in tokens:
        line = token.map[0] if token.map else line
        levels = (token.level, *(child.level for child in token.children or ()))
        if max(levels) > _MAX_DEPTH:
            message = say("marks are nested more than {most} deep", most=_MAX_DEPTH)
            notes.error("nesting-deep", notes.at(line), message)
            return False
    return True


def _fields(values: Values, folder: str) -> Iterator[tuple[str, Any]]:
    """The head's keys under the names of Edition's fields."""
    names = {"from": "sender", "theme": "tokens", "checks": "ignored_checks"}
    for key, value in values.items():
        if key != "publication":
            yield names.get(key, key), value
    if "slug" not in values:
        match = _FOLDER.fullmatch(folder)
        yield "slug", (match[1] if match else "") or folder


def _braces_after_text(state: StateCore) -> None:
    """Take a trailing ``{…}`` off headings and paragraphs, into the token's ``meta``.

    The attrs plugin reads braces only after links, pictures and code.
    """
    for before, token in zip(state.tokens, state.tokens[1:], strict=False):
        if token.type != "inline":
            continue
        if before.type in {"heading_open", "paragraph_open"}:
            words, opening, braces = token.content.rstrip(" \t").rpartition("{")
            if not opening or words[-1:] not in {" ", "\t"} or braces[-1:] != "}":
                continue
            if before.type == "heading_open" or braces == ".plain}":
                token.content = words.rstrip(" \t")
                before.meta = {"braces": "{" + braces}


def _any_link(url: str) -> bool:  # noqa: ARG001 - the shape of the hook
    return True


def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 2 * _MAX_DEPTH})
    parser.enable("table")
    # Not lheading: --- right under a paragraph is a rule, not a heading by accident.
    # Not text_join: what was escaped must stay distinct, it turns recognition off.
    parser.disable(["lheading", "text_join"])
    parser.use(attrs_plugin, after=("image", "link_close"))
    parser.use(container_plugin, "directive", validate=lambda *_: True)
    parser.core.ruler.before("inline", "mailer_braces", _braces_after_text)
    # Every scheme is a link here, so that a bad one is told rather than left as text.
    parser.validateLink = _any_link  # type: ignore[method-assign]  # its documented hook
    return parser


_MARKDOWN = _markdown()
