"""The plain text, written from the same tree as the HTML and never from the HTML.

Lines are at most 72 characters long, addresses of the web aside; no-break spaces hold.
Links in prose are numbered and listed at the end, so that the text can be read aloud.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mailer.edition.blocks import (
    Block,
    Break,
    Cell,
    Code,
    Emphasis,
    Inlines,
    Link,
    Placeholder,
    Strong,
    Table,
    Text,
    plain,
)
from mailer.edition.model import Edition, Variant
from mailer.rendering.environment import environment, renderer, template
from mailer.rendering.inline import InlineHtml, shared_urls
from mailer.rendering.model import Scene
from mailer.rendering.personalise import HOLE, NAMES, hole, pieces

WIDTH = 72

_HELD = "\ufdd0"  # never a character: stands for the spaces that a placeholder holds


def to_text(edition: Edition, variant: Variant, scene: Scene) -> str:
    r"""The text part of *edition*, which is cut already; ``\n`` line ends."""
    writer = InlineText(scene)
    env = environment(
        edition,
        variant,
        scene,
        channel="txt",
        filters={
            "inline": writer,
            "href": InlineHtml(scene).href,
            "wrap": wrap,
            "upper": upper,
            "item": item,
            "columns": lambda table: columns(table, writer),
            "underline": underline,
            "plain": plain,
        },
    )
    render = renderer(env)

    def written(blocks: Sequence[Block]) -> str:
        """*blocks* with an empty line between each two."""
        texts = (str(render(block)).strip("\n") for block in blocks)
        return "\n\n".join(text for text in texts if text)

    env.globals["written"] = written
    env.globals["links"] = writer.links
    text = template(env, "edition.txt.j2").render()
    return _tidy(str(text))


class InlineText:
    """Writes inlines as words, and remembers the links it met, in order."""

    def __init__(self, scene: Scene) -> None:
        self._html = InlineHtml(scene)
        self._shared = shared_urls(scene)
        self.links: list[str] = []

    def __call__(self, nodes: Inlines) -> str:
        """*nodes* as words; ``[n]`` after what was a link."""
        return "".join(self._node(node) for node in nodes)

    def _node(self, node: object) -> str:
        match node:
            case Text(text) | Code(text):
                return text
            case Break():
                return "\n"
            case Strong(children):
                return self(children)
            case Emphasis(children):
                return f"_{self(children)}_" if children else ""
            case Link(href, children):
                return self._link(self._html.href(href), self(children))
            case Placeholder(name):
                return hole(name) if name in NAMES else self._shared[name]
        raise TypeError(node)

    def _link(self, href: str, words: str) -> str:
        if href.startswith("mailto:"):
            address = href.removeprefix("mailto:").partition("?")[0]
            return words if address in words else f"{words} ({address})"
        if href not in self.links:
            self.links.append(href)
        return f"{words} [{self.links.index(href) + 1}]"


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """*text* in lines of at most 72 characters; its own line breaks stay.

    A placeholder is never broken: broken, nothing would fill it.
    """
    lines: list[str] = []
    held = HOLE.sub(lambda found: found[0].replace(" ", _HELD), str(text))
    for part in held.split("\n"):
        begins = indent if first is None or lines else first
        lines += textwrap.wrap(
            part,
            WIDTH,
            initial_indent=begins,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines).replace(_HELD, " ")


def upper(text: str) -> str:
    """*text* in capitals, but for placeholders, which have only one spelling."""
    return "".join(
        hole(part) if is_hole else part.upper() for part, is_hole in pieces(str(text))
    )


def item(text: str, mark: str) -> str:
    """*text* behind *mark*, its further lines under its first word."""
    return wrap(text, indent=" " * (len(mark) + 1), first=f"{mark} ")


def underline(text: str, sign: str = "-") -> str:
    """*text* with a line of *sign* under it, as long as its longest line."""
    wrapped = wrap(text)
    longest = max((len(line) for line in wrapped.split("\n")), default=0)
    return f"{wrapped}\n{sign * longest}"


def columns(table: Table, write: InlineText) -> str:
    """*table* in aligned columns; row by row where it is too wide for that."""
    rows = [[_cell(cell, write) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.head))]
    if sum(widths) + 3 * (len(widths) - 1) + 2 > WIDTH:
        head, *body = rows
        return "\n\n".join(
            "\n".join(
                wrap(f"{name} : {cell}" if name else cell, indent="    ", first="  ")
                for name, cell in zip(head, row, strict=True)
            )
            for row in body
        )
    lines = [
        "   ".join(
            cell.rjust(width) if side == "right" else cell.ljust(width)
            for cell, width, side in zip(row, widths, table.align, strict=True)
        )
        for row in rows
    ]
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def _cell(cell: Cell, write: InlineText) -> str:
    parts = (write(cell.main), write(cell.sub))
    return ", ".join(part.replace("\n", " ") for part in parts if part)


def _tidy(text: str) -> str:
    """No space at line ends, never more than two empty lines."""
    lines = [line.rstrip(" ") for line in text.split("\n")]
    tidy: list[str] = []
    for line in lines:
        if line or len(tidy) < 2 or tidy[-1] or tidy[-2]:
            tidy.append(line)
    return "\n".join(tidy).strip("\n") + "\n"
