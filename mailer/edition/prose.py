"""Paragraphs, lists, quotations and tables: what plain Markdown means in an edition."""

from __future__ import annotations

import re
from urllib.parse import unquote

from markdown_it.token import Token

from mailer.edition.blocks import (
    Block,
    Break,
    Button,
    Cell,
    Figure,
    Greeting,
    Inlines,
    Item,
    List,
    Paragraph,
    Quote,
    Source,
    Table,
    Text,
    plain,
)
from mailer.edition.characters import on_one_line, unwritable
from mailer.edition.fences import read_braces
from mailer.edition.inlines import InlineReader, joined, stripped
from mailer.edition.known import Known
from mailer.edition.nodes import Node, spoken
from mailer.edition.notes import Notes, did_you_mean
from mailer.edition.recognise import (
    as_brief,
    as_flag,
    as_greeting,
    as_label,
    looks_like_brief,
    looks_like_flag,
    looks_like_mark,
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
        if special := self._figure(node) or self._button(node):
            return special
        content = self.inline(node)
        if self.is_plain(at):
            return Paragraph(at=at, content=content)
        if first and (words := as_greeting(content)):
            return Greeting(at=at, content=words)
        label = as_label(content, at, self.known.publication.labels)
        return label or Paragraph(at=at, content=content)

    def _figure(self, node: Node) -> Figure | None:
        """A picture alone in its paragraph, possibly inside a link."""
        children = spoken(node)
        href = ""
        if len(children) > 2 and children[0].type == "link_open":
            if children[-1].type != "link_close":
                return None
            href = str(children[0].attrs.get("href", ""))
            children = children[1:-1]
        if len(children) != 1 or children[0].type != "image":
            return None
        picture, at = children[0], self.notes.at(node.line)
        reader = InlineReader(self.notes, node.line)
        src = unquote(str(picture.attrs.get("src", "")))
        if href:
            href = reader.href(href, node.line)
        if src not in self.known.files:
            shown = src or say("(no name)")
            hint = did_you_mean(src, [f for f in self.known.files if "." in f])
            message = say("picture {src} is not in the folder", src=shown)
            self.notes.error("image-missing", at, message, hint)
        alt = plain(reader.read(picture.children or [])).strip()
        if not alt:
            hint = say("![what one sees](file.jpg)")
            self.notes.error("image-alt", at, say("picture has no alt text"), hint)
        title = on_one_line(str(picture.attrs.get("title", "")))
        if fault := unwritable(title):
            self.notes.error("encoding-c1", at, fault)
        classes = str(picture.attrs.get("class", "")).split()
        for name in classes:
            if name != "video":
                hint = did_you_mean(name, ["video"])
                self.notes.error(
                    "image-class",
                    at,
                    say("a picture takes no .{name}", name=name),
                    hint,
                )
        if "video" in classes and not href:
            hint = say("[![what one sees](file.jpg){.video}](https://…)")
            self.notes.error("video-link", at, say("the video leads nowhere"), hint)
        return Figure(
            at=at,
            src=src,
            alt=alt,
            caption=(Text(title),) if title else (),
            href=href,
            video="video" in classes,
        )

    def _button(self, node: Node) -> Button | None:
        """``[Words](href){.button}`` alone in its paragraph."""
        children = spoken(node)
        if not children or children[-1].type != "link_close":
            return None
        links = [child for child in children if child.type == "link_open"]
        if links != children[:1] or links[0].attrs.get("class") != "button":
            return None
        reader = InlineReader(self.notes, node.line)
        return Button(
            at=self.notes.at(node.line),
            words=reader.read(children[1:-1]),
            href=reader.href(str(links[0].attrs.get("href", "")), node.line),
        )

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
                    self._doubt(item)
                items.append(item)
            else:
                close()
                blocks.append(brief)
        close()
        return blocks

    def _doubt(self, item: Item) -> None:
        """An item that was meant to be a brief or a flag, perhaps."""
        if looks_like_brief(item.content):
            hint = say("a brief is - **Slug** • text, and holds no list")
            message = say("this looks like a brief, and is an item of a list")
            self.notes.warn("recognition-doubtful", item.at, message, hint)
        elif flag := looks_like_flag(item.content):
            hint = did_you_mean(flag, self.known.publication.flags)
            message = say("{flag} is no flag of this publication", flag=flag)
            self.notes.warn("recognition-doubtful", item.at, message, hint)

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
                self.notes.error("quote-block", where, message)
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
                    rows.append(tuple(cells))
        return Table(
            at=self.notes.at(node.line),
            head=tuple(head),
            rows=tuple(rows),
            align=tuple(align),
        )

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
        elif left := looks_like_mark(words):
            hint = say(
                "an address has no spaces; braces follow a link or a picture at once"
            )
            message = say("{left} was meant to be a mark, and is printed", left=left)
            at = self.notes.at(node.line)
            self.notes.warn("recognition-doubtful", at, message, hint)
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
        at = self.notes.at(node.line)
        return read_braces(braces, at, self.notes) or {}


def _start(token: Token) -> int:
    """The first number of an ordered list; 0 is a number too."""
    return int(token.attrs.get("start", 1))


def _alignment(cell: Token) -> str:
    style = str(cell.attrs.get("style", ""))
    return style.removeprefix("text-align:") or "left"
