"""Where a parser writes down what it finds: all of a file, not the first fault only."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailer.edition.blocks import Source
from mailer.errors import EditionError, Finding, Severity
from mailer.phrases import Phrase, say


@dataclass(slots=True)
class Notes:
    """Findings of one file. ``offset`` is added to lines counted within a part of it."""

    file: str
    offset: int = 0
    findings: list[Finding] = field(default_factory=list)

    def at(self, line: int) -> Source:
        """The place of *line*, counted from 0 within the part."""
        return Source(self.file, line + self.offset + 1)

    def beside(self, file: str) -> Notes:
        """Notes of another *file*, written into the same list."""
        return Notes(file, findings=self.findings)

    def error(self, rule: str, at: Source, message: Phrase, hint: str = "") -> None:
        """Something that must be mended before anything is published."""
        self._add(Severity.ERROR, rule, at, message, hint)

    def warn(self, rule: str, at: Source, message: Phrase, hint: str = "") -> None:
        """Something to look at."""
        self._add(Severity.WARNING, rule, at, message, hint)

    def raise_errors(self) -> None:
        """EditionError with every error, in the order of the lines."""
        errors = [f for f in self.findings if f.severity is Severity.ERROR]
        if errors:
            raise EditionError(tuple(sorted(errors, key=lambda f: f.line)))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What did not stop the parser."""
        found = (f for f in self.findings if f.severity is Severity.WARNING)
        return tuple(sorted(found, key=lambda f: f.line))

    def _add(
        self, severity: Severity, rule: str, at: Source, message: Phrase, hint: str
    ) -> None:
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                message=message,
                file=at.file,
                line=at.line,
                hint=hint,
            )
        )


def did_you_mean(word: str, known: Iterable[str]) -> Phrase:
    """``did you mean sponsor?``, or what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, 1, cutoff=0.6)
    if close:
        return say("did you mean {word}?", word=close[0])
    return say("there are: {names}", names=", ".join(names)) if names else say("")
