"""Blocks inside blocks, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailer.edition.blocks import Block, Box, Custom, Only, Sponsor

Container = Box | Sponsor | Only | Custom
"""Blocks that hold others."""


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Every block of *blocks*, those inside others too, in reading order."""
    for block in blocks:
        yield block
        if isinstance(block, Container):
            yield from walk(block.blocks)
