"""The lists of words that checks know: ours, and what a workspace adds to them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mailer.errors import ConfigError
from mailer.phrases import say
from mailer.rendering.checks.lexicon import Lexicon, SpamPhrase

WORDS = Path("checks") / "words.toml"
_LISTS = frozenset({"links", "alts", "providers"})


def load_lexicon(folders: Sequence[Path]) -> Lexicon:
    """The lists of every folder together; ConfigError if one cannot be used."""
    words: dict[str, set[str]] = {name: set() for name in _LISTS}
    spam: list[SpamPhrase] = []
    for folder in folders:
        tables = _read(folder / WORDS)
        for name in _LISTS:
            for entries in tables.get(name, {}).values():
                words[name] |= {str(entry).casefold() for entry in entries}
        spam += _phrases(tables.get("spam", ()), file=str(folder / WORDS))
    return Lexicon(
        links=frozenset(words["links"]),
        alts=frozenset(words["alts"]),
        providers=frozenset(words["providers"]),
        spam=tuple(spam),
    )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = say("cannot be read: {error}", error=error)
        raise ConfigError(message, file=str(file)) from error


def _phrases(tables: Iterable[Mapping[str, Any]], *, file: str) -> Iterable[SpamPhrase]:
    for table in tables:
        try:
            yield SpamPhrase(
                pattern=re.compile(table["pattern"]),
                where=str(table.get("where", "any")),
                lang=str(table.get("lang", "")),
                said=str(table["said"]),
            )
        except (KeyError, re.error, TypeError) as error:
            message = say("a [[spam]] table cannot be used: {error}", error=error)
            hint = say('pattern = "…" (a regular expression) and said = "…"')
            raise ConfigError(message, file=file, hint=hint) from error
