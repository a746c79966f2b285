"""Walking an edition's tree, as checks do."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.edition.blocks import Link


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
