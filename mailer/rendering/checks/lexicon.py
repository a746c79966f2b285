"""Lists of words that checks know: handed over, since the core reads no file."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SpamPhrase:
    """Something that filters hold against a mail, and what is said about it.

    ``where`` is ``subject`` or ``any``; ``lang`` is empty for every language.
    """

    pattern: re.Pattern[str]
    where: str
    lang: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Words of links and pictures that say nothing, mailbox providers, phrases of spam.

    Words are case folded.
    """

    links: frozenset[str] = frozenset()
    alts: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    spam: tuple[SpamPhrase, ...] = ()
