"""Walking an edition's tree, as checks do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailer.edition.blocks import Block, Box, Link, Only, Sponsor
from mailer.edition.model import Edition


def blocks_of(edition: Edition) -> Iterator[Block]:
    """Every block of *edition*, those inside boxes and directives too."""
    yield from _flat(edition.preface)
    for section in edition.sections:
        yield from _flat(section.blocks)


def _flat(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, (Box, Only, Sponsor)):
            yield from _flat(block.blocks)


def links_of(value: object) -> Iterator[Link]:
    """Every link below *value*."""
    if isinstance(value, Link):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from links_of(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from links_of(getattr(value, name))
