"""What a check is handed: an edition, its renderings, and what it is compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailer.edition.blocks import Source
from mailer.edition.model import Edition, Publication
from mailer.errors import Severity
from mailer.rendering.checks.lexicon import Lexicon
from mailer.rendering.checks.passages import Passage, passages
from mailer.rendering.checks.spelling import Spelling
from mailer.rendering.checks.support import Support
from mailer.rendering.model import Frozen
from mailer.rendering.theme import Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``[checks]`` of the configuration: how much is too much, and for whom."""

    clients: tuple[str, ...] = ()
    warn_html_kb: int = 85
    max_html_kb: int = 102
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another edition of the same publication, as its file shows it.

    ``text`` is filled in for the one before only.
    """

    name: str
    number: int | None
    date: dt.date | None
    subject: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an edition is compared with, read by somebody who may touch disks.

    ``spelling`` is None where nobody asked for it.
    """

    limits: Limits = field(default_factory=Limits)
    lexicon: Lexicon = field(default_factory=Lexicon)
    siblings: tuple[Sibling, ...] = ()
    rules: Mapping[str, Severity] = field(default_factory=dict)
    support: Support = field(default_factory=Support)
    spelling: Spelling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Everything that a check may look at; ``today`` is the site's local date.

    ``theme`` is the publication's as it is read, before anybody changes its colours.
    """

    frozen: Frozen
    today: dt.date
    surroundings: Surroundings = field(default_factory=Surroundings)
    theme: Theme | None = None
    passages: tuple[Passage, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = tuple(passages(self.edition.sources))
        object.__setattr__(self, "passages", found)

    @property
    def edition(self) -> Edition:
        """The edition as written, before any cut."""
        return self.frozen.edition

    @property
    def publication(self) -> Publication:
        """Whose edition it is."""
        return self.frozen.publication

    @property
    def lang(self) -> str:
        """What it is written in: ``fr`` or ``en``."""
        return (self.edition.lang or self.publication.lang)[:2]

    @property
    def ignored(self) -> frozenset[str]:
        """The rules whose warnings nobody wants to hear here."""
        return self.limits.ignore | set(self.edition.ignored_checks)

    @property
    def limits(self) -> Limits:
        """How much is too much."""
        return self.surroundings.limits

    @property
    def lexicon(self) -> Lexicon:
        """Which words say nothing, and which say too much."""
        return self.surroundings.lexicon

    @property
    def at(self) -> Source:
        """The edition as a whole."""
        return Source(self.edition.at.file, 0)

    def key(self, *names: str) -> tuple[Source, int]:
        """Where the first of these keys stands in the front matter, and its column."""
        for name in names:
            for passage in self.passages:
                if passage.key == name:
                    return passage.at(0)
            for number, line in enumerate(self._head(), 1):
                if line.startswith(f"{name}:"):
                    return Source(self.edition.at.file, number), 1
        return self.edition.at, 0

    def column(self, at: Source, words: str) -> tuple[Source, int]:
        """Where *words* stand in the lines from *at* on; column 0 if they do not."""
        lines = self.edition.sources.get(at.file, "").split("\n")
        for number in range(at.line, min(at.line + 4, len(lines) + 1)):
            if words and (found := lines[number - 1].find(words)) >= 0:
                return Source(at.file, number), found + 1
        return at, 0

    def _head(self) -> list[str]:
        lines = self.edition.sources.get(self.edition.at.file, "").split("\n")
        end = next((n for n, line in enumerate(lines[1:], 1) if line == "---"), 0)
        return lines[:end]
