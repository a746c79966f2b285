"""Gives each block of Markdown its meaning: a walk over the parser's tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markdown_it.token import Token

from mailer.edition.blocks import (
    Block,
    Box,
    Inlines,
    Label,
    Only,
    Paragraph,
    Paywall,
    Quote,
    Rule,
    Signature,
    Source,
    Sponsor,
    Story,
    Subhead,
    Toc,
)
from mailer.edition.directives import read_day, read_opening
from mailer.edition.identify import identified
from mailer.edition.inlines import InlineReader
from mailer.edition.model import Section
from mailer.edition.nodes import Node, nested
from mailer.edition.notes import did_you_mean
from mailer.edition.prose import Context, Prose
from mailer.edition.recognise import as_standfirst, is_strap, looks_like_strap
from mailer.phrases import say

_MEMBERS = "<!--members-->"
_SECTION = "h1"


class Builder:
    """Builds one edition's blocks; ``body`` is the result."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.notes = context.notes
        self.prose = Prose(context)
        self._preface: list[Block] = []
        self._sections: list[tuple[Section, list[Block]]] = []
        self._ids: set[str] = set()

    def body(self) -> tuple[tuple[Block, ...], tuple[Section, ...]]:
        """What stands before the first section, and the sections with their blocks."""
        return identified(
            self._preface,
            [replace(s, blocks=tuple(blocks)) for s, blocks in self._sections],
        )

    def read(self, tokens: Sequence[Token]) -> None:
        """Take in the whole body."""
        for node in nested(tokens):
            if node.type == "heading" and node.token.tag == _SECTION:
                self._open_section(node)
            else:
                self._place(self._blocks([node], top=True))

    # -- sections ---------------------------------------------------------------

    def _open_section(self, node: Node) -> None:
        at = self.notes.at(node.line)
        title = self.prose.inline(node)
        attributes = self.prose.braces(node)
        for key in attributes.keys() - {"class", "id"}:
            message = say("a section does not take {key}", key=key)
            self.notes.error("directive-attribute", at, message)
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
            if not placed and isinstance(block, Paragraph):
                if (
                    not section.strap
                    and not section.standfirst
                    and (is_strap(block.content) and not self._is_plain(block))
                ):
                    section = replace(section, strap=block.content)
                    self._sections[-1] = (section, placed)
                    continue
                if looks_like_strap(block.content) and not self._is_plain(block):
                    message = say("this looks like a strap with one • only")
                    hint = say("A • B • C, or {.plain} at its end")
                    self.notes.warn("recognition-doubtful", block.at, message, hint)
                standfirst = as_standfirst(block.content)
                if standfirst and not section.standfirst and not self._is_plain(block):
                    section = replace(section, standfirst=standfirst)
                    self._sections[-1] = (section, placed)
                    continue
            if isinstance(block, Paywall) and any(
                isinstance(other, Paywall) for other in placed
            ):
                message = say("this section is cut for members already")
                self.notes.error("paywall-twice", block.at, message)
            placed.append(block)

    def _has_begun(self) -> bool:
        """Whether words of ours stand there already; an epigraph is another's."""
        return any(not isinstance(block, Quote) for block in self._preface)

    def _is_plain(self, block: Block) -> bool:
        return block.at.line in self.prose.plain_lines

    # -- blocks -----------------------------------------------------------------

    def _blocks(self, nodes: Sequence[Node], *, top: bool = False) -> list[Block]:
        """The blocks that *nodes* mean, in order. *top*: not inside a directive."""
        blocks: list[Block] = []
        for node in nodes:
            at = self.notes.at(node.line)
            match node.type:
                case "paragraph":
                    first = top and not self._sections and not self._has_begun()
                    blocks.append(self.prose.paragraph(node, first=first))
                case "heading":
                    blocks += self._heading(node)
                case "bullet_list" | "ordered_list":
                    blocks += self.prose.list_(node)
                case "table":
                    blocks.append(self.prose.table(node))
                case "hr":
                    blocks.append(Rule(at=at))
                case "blockquote":
                    blocks.append(self.prose.quote(node, epigraph=not self._sections))
                case "container_directive":
                    blocks += self._directive(node)
                case "html_block":
                    blocks += self._html(node, top=top)
                case _:
                    hint = (
                        say("four spaces before a line make it code")
                        if (node.type == "code_block")
                        else ""
                    )
                    message = say("code is not a part of an edition")
                    self.notes.error("block-unknown", at, message, hint)
        return blocks

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
                message = say("a section cannot begin inside a directive")
                self.notes.error(
                    "heading-nested", at, message, say("close it with :::")
                )
                return []
            case _:
                message = say("headings have three levels: #, ## and ###")
                self.notes.error("heading-deep", at, message)
                return []
        for key in attributes.keys() - allowed:
            message = say("a heading does not take {key}", key=key)
            self.notes.error("directive-attribute", at, message)
        return [block]

    # -- directives -------------------------------------------------------------

    def _directive(self, node: Node) -> list[Block]:
        at = self.notes.at(node.line)
        opening = read_opening(node.token.info, at, self.notes)
        if opening is None:
            return []
        said = opening.attributes
        blocks = self._blocks(node.children)
        title: Inlines = ()
        if opening.name in {"box", "sponsor"}:
            match blocks:
                case [Story(title=title), *rest]:
                    blocks = rest
        match opening.name:
            case "box":
                return [
                    Box(
                        at=at,
                        name=opening.argument,
                        only=said.get("only", ""),
                        title=title,
                        blocks=tuple(blocks),
                        button=said.get("button", ""),
                        href=self._target(said, at),
                    )
                ]
            case "sponsor":
                until = said.get("until")
                return [
                    Sponsor(
                        at=at,
                        by=said.get("by", ""),
                        until=read_day(until, at, self.notes) if until else None,
                        href=self._target(said, at),
                        button=said.get("button", ""),
                        rel=said.get("rel", "sponsored"),
                        title=title,
                        blocks=tuple(blocks),
                    )
                ]
            case "only":
                return [Only(at=at, audience=opening.argument, blocks=tuple(blocks))]
            case "toc":
                return [Toc(at=at, title=self._only_words(blocks, at, "toc"))]
            case _:
                self._nothing_inside(blocks, at, opening.name)
                return self._signature(opening.argument, at)

    def _signature(self, key: str, at: Source) -> list[Block]:
        if key not in self.context.authors:
            hint = did_you_mean(key, self.context.authors)
            self.notes.error(
                "author-unknown", at, say("no author {key}", key=key), hint
            )
        return [Signature(at=at, author=key)]

    def _target(self, said: Mapping[str, str], at: Source) -> str:
        """The link of a directive's button; both or neither are given."""
        if bool(said.get("href")) != bool(said.get("button")):
            missing = "button" if said.get("href") else "href"
            message = say(
                "a button needs its words and its link: {missing} is missing",
                missing=missing,
            )
            self.notes.error("directive-attribute", at, message)
        href = said.get("href", "")
        if not href:
            return ""
        return InlineReader(self.notes, 0).href(href, at.line - 1 - self.notes.offset)

    def _only_words(self, blocks: Sequence[Block], at: Source, name: str) -> Inlines:
        match blocks:
            case []:
                return ()
            case [Paragraph(content=content) | Label(name=content, content=())]:
                return content
        message = say("{name} holds one line of words at most", name=name)
        self.notes.error("directive-content", at, message)
        return ()

    def _nothing_inside(self, blocks: Sequence[Block], at: Source, name: str) -> None:
        if blocks:
            message = say("{name} holds nothing", name=name)
            self.notes.error("directive-content", at, message, say("close it at once"))

    def _html(self, node: Node, *, top: bool) -> list[Block]:
        """The members' cut is the one comment we read; everything else is refused."""
        at = self.notes.at(node.line)
        content = node.token.content.strip()
        if content != _MEMBERS:
            hint = say("Markdown says everything an edition needs")
            message = say(
                "raw HTML is refused: {content}", content=content.splitlines()[0][:40]
            )
            self.notes.error("html-raw", at, message, hint)
            return []
        if not top or not self._sections:
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
