"""The words of an edition's tree, in reading order."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from mailer.edition.blocks import (
    Break,
    Code,
    Emphasis,
    Link,
    Placeholder,
    Strong,
    Text,
    plain,
)
from mailer.edition.model import Edition

_WORD = re.compile(r"[^\W_]+")  # the text part sets _emphasis_ between bars
_INLINES = (Text, Code, Break, Strong, Emphasis, Link, Placeholder)
_SPOKEN = frozenset({"alt", "button", "by"})


def words_in(text: str) -> list[str]:
    """The words of *text*, case folded."""
    return _WORD.findall(text.casefold())


def words_of(edition: Edition) -> list[str]:
    """Every word of the body: preface and sections, titles and captions included."""
    return [
        word
        for part in (edition.preface, edition.sections)
        for line in lines_of(part)
        for word in words_in(line)
    ]


def lines_of(value: object) -> Iterator[str]:
    """Every line of words below *value*, which is a block, a section or a tuple."""
    if isinstance(value, tuple):
        if value and all(isinstance(item, _INLINES) for item in value):
            yield plain(value)
            return
        for item in value:
            yield from lines_of(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, _INLINES):
        for field in dataclasses.fields(value):
            found = getattr(value, field.name)
            if field.name in _SPOKEN and isinstance(found, str):
                yield found
            elif not isinstance(found, str):
                yield from lines_of(found)
