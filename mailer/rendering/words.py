"""The words of an edition's tree, in reading order."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterator, Mapping
from math import ceil

from mailer.edition.blocks import (
    SPOKEN,
    UNSPOKEN,
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

_WORDS_A_MINUTE = 230
_WORD = re.compile(r"[^\W_]+")  # the text part sets _emphasis_ between bars
# Soft hyphens, joiners, marks of order, variation selectors, combining accents.
_UNHEARD = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\ufe00-\ufe0f\ufeff\u0300-\u036f]"
)
_SET = re.compile(r"(?<=\d)[\s-](?=\d{3}(?!\d))|(?<=\b1)er\b|_")  # 38 000, 1er, _such_
_LIGATURES = (("œ", "oe"), ("Œ", "OE"), ("æ", "ae"), ("Æ", "AE"))
_INLINES = (Text, Code, Break, Strong, Emphasis, Link, Placeholder)


def words_in(text: str) -> list[str]:
    """The words of *text*, case folded."""
    return _WORD.findall(text.casefold())


def heard(text: str) -> list[str]:
    """The words of *text* as one hears them, however they were set or spelt out.

    Without case, accents, soft hyphens and marks, numbers ungrouped.
    """
    if not text.isascii():
        for one, two in _LIGATURES:
            text = text.replace(one, two)
        text = _UNHEARD.sub("", unicodedata.normalize("NFKD", text))
    return _WORD.findall(_SET.sub("", text).casefold())


def words_of(edition: Edition) -> list[str]:
    """Every word of the body: preface and sections, titles and captions included."""
    return [
        word
        for part in (edition.preface, edition.sections)
        for line in lines_of(part)
        for word in words_in(line)
    ]


def reading_minutes(edition: Edition) -> int:
    """How long *edition*, as it was cut, takes to read; begun minutes count."""
    return minutes_for(len(words_of(edition)))


def minutes_for(words: int) -> int:
    """How long so many *words* take to read."""
    return ceil(words / _WORDS_A_MINUTE)


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
            if field.name in SPOKEN and isinstance(found, str):
                yield found
            elif isinstance(found, Mapping):
                yield from spoken_values(found)
            elif not isinstance(found, str):
                yield from lines_of(found)


def spoken_values(attributes: Mapping[str, str]) -> Iterator[str]:
    """The attributes of a theme's block that are words."""
    for key, value in attributes.items():
        if key not in UNSPOKEN:
            yield value
