"""From the text of one file to a tree of nodes: markdown-it, set up for editions.

Whatever Markdown would drop, swallow or run out of memory over is told here, before
anything gives the nodes a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.container import container_plugin

from mailer.edition.blocks import Inlines, Source
from mailer.edition.characters import column_of_unwritable, on_one_line, unwritable
from mailer.edition.reading.fences import check_fences
from mailer.edition.reading.inlines import InlineReader, shelter_links
from mailer.edition.reading.nodes import Node, nested
from mailer.edition.reading.notes import Notes
from mailer.phrases import say

MAX_CHARACTERS = 1_000_000  # a long novel; more is a mistake
_MAX_DEPTH = 50  # nobody nests by hand like this
# At the end of a line, after a space; a value in quotes may hold braces of its own.
_BRACES = re.compile(r'(?<![ \t])[ \t]+(\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\})[ \t]*$')


def clean(text: str) -> str:
    """*text* without a byte order mark, every line end being a line feed."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def is_writable(text: str, notes: Notes) -> bool:
    """Whether *text* can stand in a mail at all: no control character, no monster."""
    before = len(notes.findings)
    if len(text) > MAX_CHARACTERS:
        message = say(
            "the file has {count} characters; more than {most} are too many",
            count=len(text),
            most=MAX_CHARACTERS,
        )
        notes.error("file-too-big", Source(notes.file, 0), message)
        return False
    for number, line in enumerate(text.split("\n")):
        if fault := unwritable(line):
            hint = say("pasted from elsewhere? retype that word")
            at = replace(notes.at(number), column=column_of_unwritable(line))
            notes.error("encoding-c1", at, fault, hint)
    return len(notes.findings) == before


def read_markdown(text: str, notes: Notes) -> list[Node]:
    """The nodes of *text*; none, with findings, where some would be lost."""
    if not check_fences(text, notes):
        return []
    env: dict[str, Any] = {}
    # The container plugin looks one sign beyond a last line that has no end.
    tokens = _MARKDOWN.parse(shelter_links(text) + "\n", env)
    _check_references(env, notes)
    return nested(tokens) if _is_shallow(tokens, notes) else []


def read_line(text: str, notes: Notes) -> Inlines:
    """One line of Markdown, that of an author's invitation for example."""
    nodes: Inlines = ()
    if fault := unwritable(text):
        notes.error("encoding-c1", notes.at(0), fault)
    tokens = _MARKDOWN.parseInline(shelter_links(on_one_line(text)))
    if _is_shallow(tokens, notes):
        for token in tokens:
            nodes = InlineReader(notes, 0).read(token.children or [])
    return nodes


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


def _braces_after_text(state: StateCore) -> None:
    """Take a trailing ``{…}`` off headings and paragraphs, into the token's ``meta``.

    The attrs plugin reads braces only after links, pictures and code.
    """
    for before, token in zip(state.tokens, state.tokens[1:], strict=False):
        if token.type != "inline":
            continue
        if before.type in {"heading_open", "paragraph_open"}:
            found = _BRACES.search(token.content)
            if found and (before.type == "heading_open" or found[1] == "{.plain}"):
                token.content = token.content[: found.start()]
                before.meta = {"braces": found[1]}


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
