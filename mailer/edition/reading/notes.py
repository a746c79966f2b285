"""Where a parser writes down what it finds: all of a file, not the first fault only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailer.edition.blocks import Source
from mailer.edition.finding import error, warning
from mailer.errors import EditionError, Finding, Severity
from mailer.phrases import Phrase


@dataclass(slots=True)
class Notes:
    """Findings of one file. ``offset`` is added to lines counted within a part of it.

    ``lines`` are those of the whole file, so that a word can be found in them.
    """

    file: str
    offset: int = 0
    findings: list[Finding] = field(default_factory=list)
    lines: Sequence[str] = ()

    def at(self, line: int, word: str = "") -> Source:
        """The place of *line*, counted from 0 within the part, and of *word* in it."""
        number = line + self.offset
        column = 0
        if word and 0 <= number < len(self.lines):
            column = self.lines[number].find(word) + 1
        return Source(self.file, number + 1, column)

    def word(self, at: Source, word: str) -> Source:
        """*at* with the column of *word*, where it begins a word of that line."""
        for lead in (" ", "{", ":"):
            found = self.at(at.line - 1 - self.offset, lead + word)
            if word and found.column:
                return Source(found.file, found.line, found.column + 1)
        return at

    def beside(self, file: str, text: str) -> Notes:
        """Notes of another *file*, written into the same list."""
        return Notes(file, findings=self.findings, lines=text.split("\n"))

    def error(self, rule: str, at: Source, message: Phrase, hint: str = "") -> None:
        """Something that must be mended before anything is published."""
        self.findings.append(error(rule, at, message, hint))

    def warn(self, rule: str, at: Source, message: Phrase, hint: str = "") -> None:
        """Something to look at."""
        self.findings.append(warning(rule, at, message, hint))

    def raise_errors(self) -> None:
        """EditionError with every error, file by file, in the order of the lines."""
        errors = self._ordered(Severity.ERROR)
        if errors:
            raise EditionError(errors)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What did not stop the parser."""
        return self._ordered(Severity.WARNING)

    def _ordered(self, severity: Severity) -> tuple[Finding, ...]:
        files = list(dict.fromkeys(f.file for f in self.findings))
        found = [f for f in self.findings if f.severity is severity]
        found.sort(key=lambda f: (files.index(f.file), f.line, f.column))
        return tuple(found)
