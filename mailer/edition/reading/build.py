"""Gives each node of Markdown its meaning: a walk over the tree of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from mailer.edition.blocks import (
    Block,
    Paragraph,
    Paywall,
    Poll,
    Quote,
    Rule,
    Source,
    Story,
    Subhead,
)
from mailer.edition.identify import identified
from mailer.edition.model import Section
from mailer.edition.reading.directives import (
    SNIPPET,
    Directive,
    read_directive,
    written,
)
from mailer.edition.reading.doubt import doubt_below_title
from mailer.edition.reading.fences import Opening, read_opening
from mailer.edition.reading.inlines import refuse_html
from mailer.edition.reading.known import Known
from mailer.edition.reading.markdown import (
    MAX_CHARACTERS,
    clean,
    is_writable,
    read_markdown,
)
from mailer.edition.reading.nodes import Node
from mailer.edition.reading.notes import Notes
from mailer.edition.reading.prose import Prose
from mailer.edition.reading.recognise import as_standfirst, is_strap
from mailer.phrases import did_you_mean, say

_MEMBERS = re.compile(r"<!--\s*members\s*-->", re.IGNORECASE)
_SECTION = "h1"


class Builder:
    """Builds one edition's blocks; ``body`` is the result.

    ``inserted`` are the snippets it holds, by the names of their files.
    """

    def __init__(self, known: Known, notes: Notes) -> None:
        self.known = known
        self.notes = notes
        self.prose = Prose(known, notes)
        self._preface: list[Block] = []
        self._sections: list[tuple[Section, list[Block]]] = []
        self._ids: set[str] = set()
        self._polls: set[str] = set()
        self._inside: list[str] = []
        self._inserted = 0
        self.inserted: dict[str, str] = {}

    def body(self) -> tuple[tuple[Block, ...], tuple[Section, ...]]:
        """What stands before the first section, and the sections with their blocks."""
        return identified(
            self._preface,
            [replace(s, blocks=tuple(blocks)) for s, blocks in self._sections],
        )

    def read(self, nodes: Sequence[Node], notes: Notes) -> None:
        """Take in the body of a file, which *notes* tell about."""
        self.notes = self.prose.notes = notes
        for node in nodes:
            if node.type == "heading" and node.token.tag == _SECTION:
                self._open_section(node)
            else:
                self._place(self._blocks([node]))

    @contextmanager
    def _within(self, place: str, notes: Notes) -> Iterator[None]:
        """Read inside *place*, a directive or a snippet, which *notes* tell about."""
        before = self.notes
        self._inside.append(place)
        self.notes = self.prose.notes = notes
        try:
            yield
        finally:
            self._inside.pop()
            self.notes = self.prose.notes = before

    # -- sections ---------------------------------------------------------------

    def _open_section(self, node: Node) -> None:
        at = self.notes.at(node.line)
        title = self.prose.inline(node)
        attributes = self.prose.braces(node)
        for key in attributes.keys() - {"class", "id"}:
            message = say("a section does not take {key}", key=key)
            place = self.notes.word(at, written(key))
            self.notes.error("directive-attribute", place, message)
        section = Section(
            at=at,
            title=title,
            id=self._said_id(attributes.get("id", ""), at),
            classes=tuple(attributes.get("class", "").split()),
        )
        self._sections.append((section, []))

    def _place(self, blocks: Sequence[Block]) -> None:
        """Put blocks where they belong: strap and standfirst go with the title."""
        for block in blocks:
            if not self._sections:
                self._preface.append(block)
                continue
            section, placed = self._sections[-1]
            headed = None if placed else self._headed(section, block)
            if headed:
                self._sections[-1] = (headed, placed)
                continue
            if isinstance(block, Paywall) and any(
                isinstance(other, Paywall) for other in placed
            ):
                message = say("this section is cut for members already")
                self.notes.error("paywall-twice", block.at, message)
            placed.append(block)

    def _headed(self, section: Section, block: Block) -> Section | None:
        """*section* with *block* as strap or standfirst; None if it is neither."""
        if not isinstance(block, Paragraph) or self.prose.is_plain(block.at):
            return None
        content = block.content
        if not (section.strap or section.standfirst) and is_strap(content):
            return replace(section, strap=content)
        if not section.standfirst and (words := as_standfirst(content)):
            return replace(section, standfirst=words)
        self.prose.doubt(block.at, doubt_below_title(content))
        return None

    def _has_begun(self) -> bool:
        """Whether words of ours stand there already; an epigraph is another's."""
        return any(not isinstance(block, Quote) for block in self._preface)

    # -- blocks -----------------------------------------------------------------

    def _blocks(self, nodes: Sequence[Node]) -> list[Block]:
        """The blocks that *nodes* mean, in order."""
        blocks: list[Block] = []
        for node in nodes:
            match node.type:
                case "paragraph":
                    outside = not self._inside and not self._sections
                    first = outside and not self._has_begun()
                    blocks.append(self.prose.paragraph(node, first=first))
                case "heading":
                    blocks += self._heading(node)
                case "bullet_list" | "ordered_list":
                    blocks += self.prose.list_(node)
                case "table":
                    blocks.append(self.prose.table(node))
                case "hr":
                    blocks.append(Rule(at=self.notes.at(node.line)))
                case "blockquote":
                    epigraph = not (self._inside or self._sections)
                    blocks.append(self.prose.quote(node, epigraph=epigraph))
                case "container_directive":
                    blocks += self._directive(node)
                case "html_block":
                    blocks += self._html(node)
                case _:
                    self._refuse(node)
        return blocks

    def _refuse(self, node: Node) -> None:
        is_indented = node.type == "code_block"
        hint = say("four spaces before a line make it code") if is_indented else ""
        message = say("code is not a part of an edition")
        self.notes.error("block-unknown", self.notes.at(node.line), message, hint)

    def _heading(self, node: Node) -> list[Block]:
        at = self.notes.at(node.line)
        attributes = self.prose.braces(node)
        title = self.prose.inline(node)
        match node.token.tag:
            case "h2":
                allowed = {"id", "emoji", "class"}
                block: Block = Story(
                    at=at,
                    title=title,
                    id=self._said_id(attributes.get("id", ""), at),
                    emoji=attributes.get("emoji", ""),
                )
            case "h3":
                allowed = {"id", "class"}
                block = Subhead(
                    at=at,
                    title=title,
                    id=self._said_id(attributes.get("id", ""), at),
                )
            case "h1":
                self._refuse_section(at)
                return []
            case _:
                message = say("headings have three levels: #, ## and ###")
                self.notes.error("heading-deep", at, message)
                return []
        for key in attributes.keys() - allowed:
            message = say("a heading does not take {key}", key=key)
            place = self.notes.word(at, written(key))
            self.notes.error("directive-attribute", place, message)
        return [block]

    def _refuse_section(self, at: Source) -> None:
        message = say("a section cannot begin inside a directive")
        hint = say("close it with :::")
        if self._inside[-1] == SNIPPET:
            message = say("a section cannot begin inside a snippet")
            hint = say("it belongs into the edition")
        self.notes.error("heading-nested", at, message, hint)

    # -- directives -------------------------------------------------------------

    def _directive(self, node: Node) -> list[Block]:
        at = self.notes.at(node.line)
        opening = read_opening(node.token.info, at, self.notes)
        if opening is None:
            return []
        with self._within("directive", self.notes):
            blocks = self._blocks(node.children)
        it = Directive(
            opening=opening, blocks=blocks, known=self.known, notes=self.notes
        )
        if opening.name == SNIPPET:
            it.nothing()
            return self._snippet(opening)
        block = read_directive(it)
        if isinstance(block, Poll):
            self._check_poll(block)
        return [block] if block else []

    def _check_poll(self, poll: Poll) -> None:
        if poll.id in self._polls:
            message = say("the poll {id} stands twice in this edition", id=poll.id)
            hint = say("answers are counted by its name: choose another")
            self.notes.error(
                "poll-twice", self.notes.word(poll.at, poll.id), message, hint
            )
        self._polls.add(poll.id)

    def _snippet(self, opening: Opening) -> list[Block]:
        """The blocks of a snippet, which keep the lines of its own file."""
        name = opening.argument
        at = self.notes.word(opening.at, name or opening.name)
        if opening.attributes or len(name.split()) != 1:
            message = say("snippet takes one word, its name, and nothing else")
            hint = "::: snippet forwarded"
            self.notes.error("directive-attribute", at, message, hint)
            return []
        if SNIPPET in self._inside:
            message = say("a snippet cannot insert another")
            self.notes.error("snippet-nested", at, message)
            return []
        if name not in self.known.snippets:
            hint = did_you_mean(name, self.known.snippets)
            message = say("there is no snippets/{name}.md", name=name)
            self.notes.error("snippet-missing", at, message, hint)
            return []
        text = clean(self.known.snippets[name])
        self._inserted += len(text)
        if self._inserted > MAX_CHARACTERS:
            message = say(
                "snippets add more than {most} characters", most=MAX_CHARACTERS
            )
            self.notes.error("file-too-big", at, message)
            return []
        notes = self.notes.beside(f"snippets/{name}.md", text)
        self.inserted[notes.file] = text
        if not is_writable(text, notes):
            return []
        with self._within(SNIPPET, notes):
            return self._blocks(read_markdown(text, notes))

    def _html(self, node: Node) -> list[Block]:
        """The members' cut is the one comment we read; everything else is refused."""
        at = self.notes.at(node.line)
        content = node.token.content.strip()
        if not _MEMBERS.fullmatch(content):
            refuse_html(content, node.line, self.notes)
            return []
        if self._inside or not self._sections:
            message = say(
                "the members' cut stands inside a section, outside directives"
            )
            self.notes.error("paywall-place", at, message)
            return []
        return [Paywall(at=at)]

    def _said_id(self, said: str, at: Source) -> str:
        """The id after ``#``, which nothing else may have; empty if none was said."""
        if said in self._ids:
            message = say("the id {id} is taken already in this edition", id=said)
            self.notes.error("id-twice", at, message, say("choose another after #"))
        if said:
            self._ids.add(said)
        return said
