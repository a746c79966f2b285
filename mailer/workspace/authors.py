"""``authors.toml``: who signs editions, a table each, every fault at its line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from mailer.config.origins import lines_of, nearest
from mailer.edition.blocks import Source
from mailer.edition.characters import unwritable
from mailer.edition.model import Author
from mailer.edition.reading.parse import parse_inline
from mailer.errors import ConfigError
from mailer.phrases import Phrase, did_you_mean, say

_KEYS = frozenset({"name", "photo", "email", "invite", "bio"})


def read_authors(text: str, *, file: str) -> Mapping[str, Author]:
    """The authors of *text* by key; ConfigError, or EditionError for their sentences."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = say("cannot be read: {error}", error=error)
        raise ConfigError(message, file=file) from error
    lines = lines_of(text, tables)
    return {key: _Table(key, file, lines).author(told) for key, told in tables.items()}


class _Table:
    """The table of one author, and where its keys stand."""

    def __init__(self, key: str, file: str, lines: Mapping[str, int]) -> None:
        self.key = key
        self.file = file
        self.lines = lines

    def author(self, told: object) -> Author:
        """Who the table tells about."""
        words = self._words(told)
        if not words.get("name"):
            raise self._fault(say("[{key}] has no name", key=self.key))
        return Author(
            key=self.key,
            name=words["name"],
            email=words.get("email", ""),
            photo=words.get("photo", ""),
            invite=parse_inline(words.get("invite", ""), at=self._at("invite")),
            bio=parse_inline(words.get("bio", ""), at=self._at("bio")),
        )

    def _words(self, told: object) -> Mapping[str, str]:
        key = self.key
        if not isinstance(told, dict):
            hint = say("[{key}] with name, photo, bio …", key=key)
            raise self._fault(say("{key} is not a table", key=key), hint=hint)
        for name in told.keys() - _KEYS:
            message = say("[{key}] unknown key {name}", key=key, name=name)
            raise self._fault(message, name, did_you_mean(name, _KEYS))
        words: dict[str, str] = {}
        for name, value in told.items():
            if not isinstance(value, str):
                message = say("[{key}] {name} is not a text", key=key, name=name)
                raise self._fault(message, name, f'{name} = "…"')
            if fault := unwritable(value):
                message = say(
                    "[{key}] {name}: {fault}", key=key, name=name, fault=fault
                )
                raise self._fault(message, name)
            words[name] = value
        return words

    def _fault(self, message: Phrase, name: str = "", hint: str = "") -> ConfigError:
        line = self._at(name).line
        return ConfigError(message, file=self.file, line=line, hint=hint)

    def _at(self, name: str) -> Source:
        """Where the key *name* stands, else the table."""
        place = [self.key, name] if name else [self.key]
        return Source(self.file, nearest(place, self.lines) or 0)
