"""The last edition with its words taken out: what stays is how it was built.

Sections keep their classes, briefs and items their count, boxes their buttons, polls
their choices; what belongs to one week alone (an advertiser, a last day, a picture)
goes. Written from the tree, so that whatever parses can be begun again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from mailer.edition.blocks import (
    Block,
    Box,
    Brief,
    Button,
    Custom,
    Figure,
    Flag,
    Greeting,
    Inlines,
    Item,
    Label,
    List,
    Only,
    Paywall,
    Poll,
    Quote,
    Rule,
    Signature,
    Sponsor,
    Story,
    Strong,
    Subhead,
    Table,
    Toc,
    plain,
)
from mailer.edition.drafts.skeleton import GAP, Pen, brief, button
from mailer.edition.model import Edition, Section
from mailer.phrases import say

_GREETING = say("a greeting")
_QUESTION = say("the question")
_ADVERTISER = say("advertiser")
_OFFER = say("the offer")
_SNIPPETS = "snippets/"


def emptied(last: Edition, pen: Pen, *, standing: Collection[str]) -> str:
    """The body of *last* without its words.

    Sections whose title is among *standing* keep it: they come back every week.
    """
    eraser = _Eraser(pen)
    parts = [eraser.blocks(last.preface)]
    for section in last.sections:
        parts += [eraser.heading(section, standing), eraser.blocks(section.blocks)]
    return "\n".join(line for part in parts for line in part)


class _Eraser:
    """Writes blocks again, each followed by an empty line."""

    def __init__(self, pen: Pen) -> None:
        self.pen = pen
        self.gap = pen.gap

    def heading(self, section: Section, standing: Collection[str]) -> list[str]:
        title = plain(section.title)
        stays = title in standing or title.startswith(GAP)
        words = ("" if stays else f"{GAP} ") + _typed(section.title)
        marks = "".join(f" .{name}" for name in section.classes).strip()
        lines = [f"# {words}" + (f" {{{marks}}}" if marks else ""), ""]
        if section.strap:
            lines += [" • ".join([self.gap(say("name"))] * 3), ""]
        if section.standfirst:
            lines += [f"*{self.gap(say('the standfirst, one sentence'))}*", ""]
        return lines

    def blocks(self, blocks: Sequence[Block]) -> list[str]:
        """Runs of one kind are written together: prose as one gap, briefs as a list."""
        lines: list[str] = []
        for kind, run in groupby(blocks, key=_kin):
            lines += self._run(kind, list(run))
        return lines

    def _run(self, kind: str, run: list[Block]) -> Iterator[str]:
        if kind.startswith(_SNIPPETS):
            yield from (f"::: snippet {_name(kind)}", ":::", "")
        elif kind == "paragraph":
            yield from (self.gap(say("text")), "")
        elif kind == "brief":
            for block in run:
                yield self._brief(block)
            yield ""
        else:
            for block in run:
                yield from self._block(block)
                yield ""

    def _brief(self, block: Block) -> str:
        if isinstance(block, Flag):
            title = f"**{block.flag}{self.pen.colon} {self.gap(say('title'))}.**"
            return f"- {title} {self.gap(say('text'))}"
        return brief(self.pen)

    def _block(self, block: Block) -> list[str]:  # noqa: C901 - one case per kind
        gap = self.gap
        match block:
            case Greeting():
                return [f"**{gap(_GREETING)}**"]
            case Story():
                emoji = ' {emoji="❔"}' if block.emoji else ""
                return [f"## {gap(say('title of the story'))}{emoji}"]
            case Subhead():
                return [f"### {gap(say('sub-head'))}"]
            case Label():
                name = _typed(block.name) if block.style else gap(say("title"))
                if not block.content:
                    return [f"**{name}**"]
                return [f"**{name}{self.pen.colon}** {gap(say('text'))}"]
            case List():
                mark = "1." if block.ordered else "-"
                return [f"{mark} {self._item(item)}" for item in block.items]
            case Table():
                return self._table(block)
            case Rule():
                return ["---"]
            case Quote():
                source = [f"> — {gap(say('who said it'))}"] if block.source else []
                return [f"> {gap(say('text'))}", *source]
            case Figure():
                return [self.pen.picture(video=block.video)]
            case Button():
                return [button(self.pen)]
            case Toc():
                return [
                    "::: toc",
                    *([_typed(block.title)] if block.title else []),
                    ":::",
                ]
            case Signature():
                return [f"::: signature {block.author}", ":::"]
            case Paywall():
                return ["<!--members-->"]
            case Poll():
                choices = [f"- {gap(say('answer'))}"] * len(block.choices)
                opening = f"::: poll {GAP.lower()}"
                return [opening, gap(_QUESTION), "", *choices, ":::"]
            case Only():
                return self._fenced(f"only {block.audience}", block.blocks)
            case Box() | Sponsor() | Custom():
                return self._directive(block)
            case _:
                return [gap(say("text"))]

    def _directive(self, block: Box | Sponsor | Custom) -> list[str]:
        name, said = self._opening(block)
        braces = " ".join(
            f"{key}={json.dumps(value, ensure_ascii=False)}"
            for key, value in said.items()
            if value
        )
        inner = self.blocks(block.blocks)
        if isinstance(block, Custom):
            inner = [_with_number(line) for line in inner]
        if block.title:
            inner = [f"## {self.gap(say('title'))}", "", *inner]
        opening = name + (f" {{{braces}}}" if braces else "")
        return self._wrapped(":::", opening, inner)

    def _opening(self, block: Box | Sponsor | Custom) -> tuple[str, dict[str, str]]:
        match block:
            case Box(name=name, only=only, button=words, href=href):
                return f"box {name}", {"only": only, "button": words, "href": href}
            case Sponsor():
                said = {"by": self.gap(_ADVERTISER)}
                if block.button:
                    said["button"] = self.gap(_OFFER)
                    said["href"] = "https://example.com/"
                return "sponsor", said
            case Custom():
                opening = f"{block.name} {block.argument}".strip()
                return opening, dict(block.attributes)

    def _fenced(self, opening: str, blocks: Sequence[Block]) -> list[str]:
        """``only``, with a fence longer than what it holds."""
        return self._wrapped("::::", opening, self.blocks(blocks))

    def _wrapped(self, fence: str, opening: str, inner: list[str]) -> list[str]:
        while inner and not inner[-1]:
            inner = inner[:-1]
        return [f"{fence} {opening}", *inner, fence]

    def _item(self, item: Item) -> str:
        text = self.gap(say("text"))
        if _has_lead(item.content):
            return f"**{self.gap(say('name'))}{self.pen.colon}** {text}"
        return text

    def _table(self, table: Table) -> list[str]:
        marks = {"left": ":--", "center": ":-:", "right": "--:"}
        row = "| " + " | ".join([self.gap(say("text"))] * len(table.head)) + " |"
        return [
            "| " + " | ".join(_typed(cell.main) for cell in table.head) + " |",
            "|" + "|".join(marks[side] for side in table.align) + "|",
            *[row] * len(table.rows),
        ]


def _kin(block: Block) -> str:
    """What is written together: what one snippet brought, prose, briefs and flags."""
    if block.at.file.startswith(_SNIPPETS):
        return block.at.file
    return "brief" if isinstance(block, Brief | Flag) else block.kind


def _name(file: str) -> str:
    return file.removeprefix(_SNIPPETS).removesuffix(".md")


def _has_lead(content: Inlines) -> bool:
    match content:
        case (Strong(words), *_):
            return plain(words).rstrip().endswith(":")
    return False


def _with_number(line: str) -> str:
    """A row of a table with a number in its last cell: bars are drawn from those."""
    if not line.startswith(f"| {GAP}"):
        return line
    return line.rpartition(f"| {GAP}")[0] + f"| {GAP} 1 |"


def _typed(words: Inlines) -> str:
    """*words* without their marks, and what could be taken for one with a backslash."""
    return re.sub(r"([\\*_`<\[\]{}|])", r"\\\1", plain(words))
