"""The Markdown parser's flat tokens as a tree of block nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token


@dataclass(slots=True)
class Node:
    """A block token with what stands inside it; ``line`` counts from 0."""

    token: Token
    children: list[Node] = field(default_factory=list)

    @property
    def type(self) -> str:
        """``paragraph``, ``bullet_list``, ``table``: the parser's word."""
        return self.token.type.removesuffix("_open")

    @property
    def line(self) -> int:
        """Where it begins, counted from 0."""
        if self.token.map:
            return self.token.map[0]
        return self.children[0].line if self.children else 0


def nested(tokens: Sequence[Token]) -> list[Node]:
    """The parser's flat list as a tree; inline tokens stay leaves."""
    root: list[Node] = []
    stack = [root]
    for token in tokens:
        if token.nesting == -1:
            stack.pop()
            continue
        node = Node(token)
        stack[-1].append(node)
        if token.nesting == 1:
            stack.append(node.children)
    return root


def spoken(node: Node) -> list[Token]:
    """The inline tokens of a paragraph, heading or cell."""
    return [t for child in node.children for t in child.token.children or []]
