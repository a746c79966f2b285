"""Paragraphs, lists, quotations and tables: what plain Markdown means in an edition."""

from __future__ import annotations

import re

from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token

from mailer.edition.blocks import (
    Block,
    Break,
    Cell,
    Greeting,
    Inlines,
    Item,
    List,
    Paragraph,
    Quote,
    Source,
    Table,
)
from mailer.edition.reading.doubt import Doubt, doubt_item, doubt_marks, doubt_paragraph
from mailer.edition.reading.fences import read_braces
from mailer.edition.reading.figures import read_button, read_figure
from mailer.edition.reading.inlines import InlineReader, joined, stripped
from mailer.edition.reading.known import Known
from mailer.edition.reading.nodes import Node, spoken
from mailer.edition.reading.notes import Notes
from mailer.edition.reading.recognise import (
    as_brief,
    as_flag,
    as_greeting,
    as_label,
    split_source,
)
from mailer.phrases import say

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class Prose:
    """Reads the blocks that hold no other blocks.

    ``notes`` are those of the file it reads at the time.
    """

    def __init__(self, known: Known, notes: Notes) -> None:
        self.known = known
        self.notes = notes
        self._plain: set[Source] = set()

    def is_plain(self, at: Source) -> bool:
        """Whether what stands *at* opted out of being taken for what it looks like."""
        return at in self._plain

    def paragraph(self, node: Node, *, first: bool) -> Block:
        """What a paragraph is by its looks; *first*: of the whole edition."""
        at = self.notes.at(node.line)
        if figure := read_figure(node, self.known, self.notes):
            return figure
        if button := read_button(node, self.notes):
            return button
        content = self.inline(node)
        if self.is_plain(at):
            return Paragraph(at=at, content=content)
        if first and (words := as_greeting(content)):
            return Greeting(at=at, content=words)
        labels = self.known.publication.labels
        if label := as_label(content, at, labels):
            return label
        self.doubt(at, doubt_paragraph(content, labels=labels, first=first))
        return Paragraph(at=at, content=content)

    def doubt(self, at: Source, doubt: Doubt | None) -> None:
        """Tell what something *at* looks like, if it does."""
        if doubt:
            self.notes.warn("recognition-doubtful", at, doubt.message, doubt.hint)

    def list_(self, node: Node) -> list[Block]:
        """A list; items that are briefs or flags become blocks of their own."""
        ordered = node.type == "ordered_list"
        blocks: list[Block] = []
        items: list[Item] = []
        start = _start(node.token)

        def close() -> None:
            if items:
                blocks.append(
                    List(
                        at=items[0].at, items=tuple(items), ordered=ordered, start=start
                    )
                )
                items.clear()

        for child in node.children:
            item = self._item(child)
            brief = None
            is_plain = self.is_plain(item.at)
            if not ordered and not item.lists and not is_plain:
                brief = as_flag(
                    item.content, item.at, self.known.publication.flags
                ) or as_brief(item.content, item.at)
            if brief is None:
                if not (ordered or is_plain):
                    flags = self.known.publication.flags
                    self.doubt(item.at, doubt_item(item.content, flags))
                items.append(item)
            else:
                close()
                blocks.append(brief)
        close()
        return blocks

    def _item(self, node: Node) -> Item:
        at = self.notes.at(node.line)
        content: list[Inlines] = []
        lists: list[List] = []
        for child in node.children:
            match child.type:
                case "paragraph":
                    content.append(self.inline(child))
                case "bullet_list" | "ordered_list":
                    lists.append(self._nested(child))
                case _:
                    where = self.notes.at(child.line)
                    message = say("a list item holds words and lists only")
                    self.notes.error("list-block", where, message)
        if not any(content) and not lists:
            self.notes.error("list-empty", at, say("an item of the list is empty"))
        words = [n for part in content for n in (*part, Break(), Break())][:-2]
        return Item(at=at, content=joined(words), lists=tuple(lists))

    def _nested(self, node: Node) -> List:
        """A list inside an item: whatever its items look like, they stay items."""
        return List(
            at=self.notes.at(node.line),
            items=tuple(self._item(child) for child in node.children),
            ordered=node.type == "ordered_list",
            start=_start(node.token),
        )

    def quote(self, node: Node, *, epigraph: bool) -> Quote:
        """A quotation and the source its last line names."""
        paragraphs: list[list[Inlines]] = []
        for child in node.children:
            if child.type == "paragraph":
                paragraphs.append(self._lines(child))
            else:
                where = self.notes.at(child.line)
                message = say("a quotation holds paragraphs only")
                hint = say("its source is the last line: > — source")
                self.notes.error("quote-block", where, message, hint)
        quoted = split_source(paragraphs)
        if not quoted.paragraphs:
            at = self.notes.at(node.line)
            self.notes.error("quote-empty", at, say("the quotation is empty"))
        return Quote(
            at=self.notes.at(node.line),
            paragraphs=quoted.paragraphs,
            source=quoted.source,
            epigraph=epigraph,
        )

    def table(self, node: Node) -> Table:
        """A table, cell by cell."""
        head: list[Cell] = []
        rows: list[tuple[Cell, ...]] = []
        align: list[str] = []
        for part in node.children:
            for row in part.children:
                cells = [self._cell(cell) for cell in row.children]
                if part.type == "thead":
                    head = cells
                    align = [_alignment(cell.token) for cell in row.children]
                else:
                    self._check_row(row, len(head))
                    rows.append(tuple(cells))
        return Table(
            at=self.notes.at(node.line),
            head=tuple(head),
            rows=tuple(rows),
            align=tuple(align),
        )

    def _check_row(self, row: Node, width: int) -> None:
        """Markdown drops the cells that the head has no column for."""
        number = row.line + self.notes.offset
        line = self.notes.lines[number].strip()
        cells = escapedSplit(line)
        count = len(cells) - (not cells[0].strip()) - (not cells[-1].strip())
        if count > width:
            message = say(
                "the row has {count} cells, the head of its table {width}",
                count=count,
                width=width,
            )
            hint = say("a | that is text is written \\|")
            self.notes.error("table-row", self.notes.at(row.line), message, hint)

    def _cell(self, node: Node) -> Cell:
        """A cell; what follows its first ``<br>`` is the quieter second line."""
        parts: list[list[Token]] = [[]]
        for token in spoken(node):
            if token.type == "html_inline" and _LINE_BREAK.fullmatch(token.content):
                if token.level:
                    at = self.notes.at(node.line)
                    message = say("<br> stands outside bold, italics and links")
                    hint = "**one**<br>**two**"
                    self.notes.error("html-raw", at, message, hint)
                    continue
                parts.append([])
            else:
                parts[-1].append(token)
        reader = InlineReader(self.notes, node.line)
        main, *more = [stripped(reader.read(part)) for part in parts]
        sub = [n for part in more for n in (*part, Break())][:-1]
        return Cell(main, joined(sub))

    def inline(self, node: Node) -> Inlines:
        """The words of a paragraph, heading or cell."""
        reader = InlineReader(self.notes, node.line)
        words = stripped(reader.read(spoken(node)))
        if reader.escaped or self.braces(node).get("class") == "plain":
            self._plain.add(self.notes.at(node.line))
        else:
            self.doubt(self.notes.at(node.line), doubt_marks(words))
        return words

    def _lines(self, node: Node) -> list[Inlines]:
        """A paragraph's inlines line by line, as a quotation needs them.

        Each line keeps the break at its end; marks that span lines stay whole. A last
        line whose dash was escaped is one with the line before it: no source.
        """
        lines: list[list[Token]] = [[]]
        for token in spoken(node):
            lines[-1].append(token)
            if token.type in {"softbreak", "hardbreak"} and not token.level:
                lines.append([])
        reader = InlineReader(self.notes, node.line)
        found: list[Inlines] = []
        for line in lines:
            reader.escaped = False
            words = reader.read(line)
            if reader.escaped and found:
                words = joined((*found.pop(), *words))
            found.append(words)
        return found

    def braces(self, node: Node) -> dict[str, str]:
        """What a trailing ``{…}`` says; ``class`` holds the classes."""
        braces = str(node.token.meta.get("braces", ""))
        at = self.notes.at(node.line, braces)
        return read_braces(braces, at, self.notes) or {}


def _start(token: Token) -> int:
    """The first number of an ordered list; 0 is a number too."""
    return int(token.attrs.get("start", 1))


def _alignment(cell: Token) -> str:
    style = str(cell.attrs.get("style", ""))
    return style.removeprefix("text-align:") or "left"
